//! The screens of services with a terminal, what clients see of them, and the input of all services.
//!
//! A [`Console`] is that of one service, over all its runs. The log path feeds its screen, and never waits for
//! anybody: a client that is attached gets what has changed on the screen since it was last sent something,
//! whenever it has taken that.

mod answers;
mod attachment;
mod console;
mod input;
mod redraw;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

pub use attachment::{Attachment, Drawing};
pub use console::{Console, NoTerminal};
pub use input::{InputRefused, MAX_INPUT};

pub use crate::process::Size;

/// The consoles of all services, by index. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Consoles(Arc<Mutex<Vec<Arc<Console>>>>);

impl Consoles {
    /// That of a service.
    pub fn of(&self, service: usize) -> Arc<Console> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() <= service {
            all.resize_with(service + 1, Arc::default);
        }
        Arc::clone(&all[service])
    }
}
