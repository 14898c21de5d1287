//! Watches the files of a configuration, so that an edit is noticed (docs/lifecycle.md, Reload).
//!
//! Directories are watched, not files: editors replace a file by renaming another one over it. Nothing wakes up
//! while nobody writes there.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

/// The files that are watched.
pub(super) struct Watch {
    watcher: RecommendedWatcher,
    directories: BTreeSet<PathBuf>,
    files: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl Watch {
    /// `touched` is called from another thread when one of the files may have changed. `None` where the system
    /// does not allow it: then only commands compare.
    pub(super) fn new(touched: impl Fn() + Send + 'static) -> Option<Self> {
        let files: Arc<Mutex<BTreeSet<PathBuf>>> = Arc::default();
        let counted = Arc::clone(&files);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let is_ours = match &event {
                Ok(event) if event.need_rescan() => true,
                Ok(event) => {
                    let files = lock(&counted);
                    has_written(event.kind) && event.paths.iter().any(|path| files.contains(path))
                }
                Err(_) => false,
            };
            if is_ours {
                touched();
            }
        });
        match watcher {
            Ok(watcher) => Some(Self {
                watcher,
                directories: BTreeSet::new(),
                files,
            }),
            Err(error) => {
                tracing::debug!(target: "flowlayer::config", %error, "edits are not watched for");
                None
            }
        }
    }

    /// From here on these count.
    pub(super) fn set(&mut self, files: impl IntoIterator<Item = PathBuf>) {
        let mut watched = BTreeSet::new();
        for file in files {
            // A link, and what it leads to.
            watched.extend(file.canonicalize());
            watched.insert(file);
        }
        let directories = watched.iter().filter_map(|file| file.parent());
        let directories: BTreeSet<PathBuf> = directories.map(Into::into).collect();
        *lock(&self.files) = watched;
        for gone in self.directories.difference(&directories) {
            let _ = self.watcher.unwatch(gone);
        }
        for new in directories.difference(&self.directories) {
            if let Err(error) = self.watcher.watch(new, RecursiveMode::NonRecursive) {
                tracing::debug!(target: "flowlayer::config", directory = %new.display(), %error, "not watched");
            }
        }
        self.directories = directories;
    }
}

fn lock(files: &Mutex<BTreeSet<PathBuf>>) -> MutexGuard<'_, BTreeSet<PathBuf>> {
    // Nothing panics while it is held.
    files.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a file has other contents now, or is another one. Reading it is an event too; and on Linux so is each
/// part of a write, before the file is closed.
fn has_written(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Create(_)
        | EventKind::Remove(_)
        | EventKind::Modify(ModifyKind::Name(_)) => true,
        EventKind::Modify(ModifyKind::Data(_)) => !cfg!(target_os = "linux"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    use super::*;

    fn watch(files: &[PathBuf]) -> (Watch, Receiver<()>) {
        let (touched, news) = channel();
        let mut watch = Watch::new(move || {
            let _ = touched.send(());
        })
        .unwrap();
        watch.set(files.to_vec());
        (watch, news)
    }

    #[track_caller]
    fn is_noticed(news: &Receiver<()>) {
        news.recv_timeout(Duration::from_secs(20)).expect("noticed");
        while news.try_recv().is_ok() {}
    }

    /// What comes after this can have been caused by nothing before it.
    fn settle(file: &Path, news: &Receiver<()>) {
        fs::write(file, "settled").unwrap();
        is_noticed(news);
    }

    #[test]
    fn every_way_of_saving_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("flowlayer.jsonc");
        fs::write(&file, "1").unwrap();
        let (_watch, news) = watch(std::slice::from_ref(&file));
        fs::write(&file, "2").unwrap();
        is_noticed(&news);
        let other = directory.path().join("flowlayer.jsonc~");
        fs::write(&other, "3").unwrap();
        fs::rename(&other, &file).unwrap();
        is_noticed(&news);
        fs::remove_file(&file).unwrap();
        is_noticed(&news);
        fs::create_dir(&file).unwrap();
        is_noticed(&news);
    }

    #[test]
    fn reading_it_and_writing_others_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let (file, other) = (directory.path().join("a"), directory.path().join("b"));
        fs::write(&file, "1").unwrap();
        let (mut watch, news) = watch(std::slice::from_ref(&file));
        settle(&file, &news);
        fs::read(&file).unwrap();
        fs::write(&other, "2").unwrap();
        // The next thing that is noticed is this, and nothing before it.
        watch.set([file.clone(), other.clone()]);
        assert!(news.try_recv().is_err());
        fs::write(&other, "3").unwrap();
        is_noticed(&news);
    }

    #[test]
    fn what_a_link_leads_to_counts() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (link, file) = (here.path().join("link"), there.path().join("file"));
        fs::write(&file, "1").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let (_watch, news) = watch(&[link]);
        fs::write(&file, "2").unwrap();
        is_noticed(&news);
    }
}
