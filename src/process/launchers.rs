//! Several starts at a time. Whoever starts a process waits until it has become the program, most of which
//! is work of the kernel that other processors can do meanwhile, and on a busy machine waiting for a turn.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, available_parallelism, scope};

use super::image::{Failure, Image};
use super::os::Launcher;

/// More threads than this gain nothing that could be measured.
const MOST: usize = 4;
/// As many starts as are worth a thread of their own.
const WORTH: usize = 4;

/// The launchers there are; more are made when they are needed.
pub(super) struct Launchers {
    all: Vec<Launcher>,
    processors: usize,
}

impl Launchers {
    pub(super) fn new() -> Self {
        Self {
            all: vec![Launcher::new()],
            processors: available_parallelism().map_or(1, NonZeroUsize::get),
        }
    }

    /// Starts all of them; answers in their order.
    pub(super) fn launch(&mut self, images: Vec<&mut Image>) -> Vec<Result<u32, Failure>> {
        let wanted = images.len().div_ceil(WORTH).min(self.processors).min(MOST);
        while self.all.len() < wanted {
            self.all.push(Launcher::new());
        }
        let queue = Mutex::new(images.into_iter().enumerate());
        let launched = Mutex::new(Vec::new());
        let work = |launcher: &mut Launcher| {
            loop {
                let next = lock(&queue).next();
                let Some((at, image)) = next else { return };
                let result = launcher.launch(image);
                lock(&launched).push((at, result));
            }
        };
        let count = wanted.max(1);
        let (first, helpers) = self.all.split_at_mut(1);
        scope(|scope| {
            for helper in helpers.iter_mut().take(count - 1) {
                // Without help it takes longer.
                let _ = Builder::new().spawn_scoped(scope, || work(helper));
            }
            first.iter_mut().for_each(work);
        });
        let mut launched = launched
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        launched.sort_by_key(|&(at, _)| at);
        launched.into_iter().map(|(_, result)| result).collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Taking the next and adding a result leave nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
