//! Until when a command waits.

use std::fmt;
use std::future::pending;

use tokio::time::{Instant, sleep_until};

use crate::cli::Patience;

/// Where a `--timeout` ends. Shown it is how long that is: "within 5 s".
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    patience: Patience,
}

impl Deadline {
    /// So much from now on; none when no limit was given.
    pub(crate) fn from_now(patience: Option<Patience>) -> Option<Self> {
        let at = |patience: Patience| Instant::now() + patience.duration();
        patience.map(|patience| Self {
            at: at(patience),
            patience,
        })
    }

    /// Waits until it has passed, and says which it was; for ever without one.
    pub(crate) async fn passed(deadline: Option<Self>) -> Self {
        match deadline {
            Some(deadline) => {
                sleep_until(deadline.at).await;
                deadline
            }
            None => pending().await,
        }
    }
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.patience.fmt(f)
    }
}

/// Waits for a moment; for ever without one.
pub(crate) async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}
