//! The schedule of a probe (docs/lifecycle.md, Probes): first attempt at once, the next 200 ms after
//! the last one started, never two at a time, each under its limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flowlayer_probes::{Attempt, Context};
use regex::Regex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

use super::listening::Listening;
use super::probe_command::ProbeCommands;
use super::strangers::Strangers;
use crate::config::Ready;
use crate::facts::{Holder, limit};
use crate::logs::LineWatch;
use crate::sanitize;

/// From the start of one attempt to the start of the next.
const INTERVAL: Duration = Duration::from_millis(200);

/// An attempt that takes longer than this is reported while it is in progress.
const SLOW: Duration = Duration::from_secs(1);

/// What is known of an attempt that has not made the service ready.
pub(super) enum Progress {
    /// It has had no answer for this long, and goes on.
    Pending(Duration),
    Failed {
        error: String,
        /// The ports on which the service listens instead, if that was looked up.
        elsewhere: Option<Vec<u16>>,
    },
    /// It passed, but it was this stranger who answered.
    Stranger(Holder),
}

/// Attempts until one passes that no stranger answers; `report` hears of each attempt before.
pub(super) async fn probe(
    ready: &Ready,
    watched: Option<&Watched>,
    commands: &ProbeCommands,
    mut strangers: Strangers,
    mut listening: Listening,
    report: impl Fn(Progress),
) {
    loop {
        let started = Instant::now();
        let cx = Context {
            line_matched: watched.is_some_and(Watched::has_matched),
            commands,
        };
        // Dropped at its limit, before anything waits for the end of its command.
        let result = {
            let attempt = timeout(ready.attempt_timeout, ready.probe.attempt(&cx));
            tokio::pin!(attempt);
            if let Ok(result) = timeout(SLOW, &mut attempt).await {
                result
            } else {
                report(Progress::Pending(started.elapsed()));
                attempt.await
            }
        };
        let failed = match result {
            Ok(Attempt::Passed) => match strangers.answering().await {
                None => return,
                Some(holder) => Err(holder),
            },
            Ok(Attempt::Failed(error)) => Ok(error),
            Err(_) => {
                let ms = u64::try_from(ready.attempt_timeout.as_millis()).unwrap_or(u64::MAX);
                Ok(format!("no answer within {}", limit(ms)))
            }
        };
        let last_line = commands.ended().await;
        report(match failed {
            Err(holder) => Progress::Stranger(holder),
            Ok(error) => Progress::Failed {
                error: match last_line {
                    Some(line) => format!("{error}: {line}"),
                    None => error,
                },
                elsewhere: listening.elsewhere().await,
            },
        });
        match watched {
            // The line itself says when to look again.
            Some(watched) => watched.matched().await,
            None => sleep_until(started + INTERVAL).await,
        }
    }
}

/// Whether a line of a life has matched the pattern of its probe.
#[derive(Debug)]
pub(super) struct Watched {
    pattern: Regex,
    seen: AtomicBool,
    news: Notify,
}

impl Watched {
    pub(super) fn new(pattern: &Regex) -> Arc<Self> {
        Arc::new(Self {
            pattern: pattern.clone(),
            seen: AtomicBool::new(false),
            news: Notify::new(),
        })
    }

    /// Whether it watches for the same.
    pub(super) fn is_for(&self, pattern: &Regex) -> bool {
        self.pattern.as_str() == pattern.as_str()
    }

    fn has_matched(&self) -> bool {
        self.seen.load(Ordering::Acquire)
    }

    async fn matched(&self) {
        let news = self.news.notified();
        if !self.has_matched() {
            news.await;
        }
    }
}

impl LineWatch for Watched {
    fn line(&self, line: &str) -> bool {
        // People write patterns for what they see: colour codes do not count, nor does what was overwritten.
        if self.pattern.is_match(&sanitize::text(line)) {
            self.seen.store(true, Ordering::Release);
            self.news.notify_waiters();
        }
        !self.has_matched()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_what_is_seen_and_then_is_done() {
        let watched = Watched::new(&Regex::new("listening on :[0-9]+").unwrap());
        assert!(watched.line("starting"));
        assert!(!watched.has_matched());
        assert!(!watched.line("\u{1b}[32mlistening\u{1b}[0m on :8080"));
        assert!(watched.has_matched());
        assert!(!watched.line("anything"));
    }

    #[test]
    fn what_was_overwritten_does_not_count() {
        let ready = || Watched::new(&Regex::new("^ready$").unwrap());
        for line in [
            "progress 10%\rready",
            "ready\r",
            "|\u{8}/\u{8}ready",
            "10%\r\u{1b}[Kready",
        ] {
            assert!(!ready().line(line), "{line:?} matches");
        }
        for line in ["ready\rbuilding", "ready\u{8}\u{8}!", "ready 10%"] {
            assert!(ready().line(line), "{line:?} does not match");
        }
    }
}
