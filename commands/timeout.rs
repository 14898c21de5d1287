//! `--timeout`, and the deadline that it sets.

use std::fmt;
use std::future::pending;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;
use tokio::time::{Instant, sleep_until};

/// How long after its spawn a daemon without a probe is looked at once more, before a command says that all is
/// up.
const SETTLE: Duration = Duration::from_millis(500);

/// When daemons without a probe, spawned so long ago, can be counted as up; `None` when all can now.
pub(crate) fn settled_at(ages: impl IntoIterator<Item = Duration>) -> Option<Instant> {
    let left = SETTLE.saturating_sub(ages.into_iter().min()?);
    (!left.is_zero()).then(|| Instant::now() + left)
}

/// How long to wait.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct TimeoutArgs {
    /// Give up after this many seconds; also 500ms, 5m, 1h
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    pub(crate) timeout: Option<Timeout>,
}

/// A limit of time: more than nothing, and short enough to be added to any clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Timeout(Duration);

/// Why a text is no limit of time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no time to wait: give seconds above 0, like 30, 2.5 or 5m (ms, s, m, h)")]
pub(crate) struct TimeoutError(String);

/// Longer than anybody waits.
const LONGEST: f64 = 10.0 * 365.0 * 86_400.0;

impl Timeout {
    /// The limit.
    pub(crate) const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Timeout {
    type Err = TimeoutError;

    fn from_str(text: &str) -> Result<Self, TimeoutError> {
        let wrong = || TimeoutError(text.to_owned());
        let end = text
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let scale = match unit {
            "ms" => 0.001,
            "" | "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            _ => return Err(wrong()),
        };
        let seconds = number.parse::<f64>().map_err(|_| wrong())? * scale;
        if !(seconds > 0.0 && seconds <= LONGEST) {
            return Err(wrong());
        }
        match Duration::try_from_secs_f64(seconds) {
            Ok(duration) if !duration.is_zero() => Ok(Self(duration)),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_secs_f64())
    }
}

/// Where a `--timeout` ends. Shown it is how long that is: "within 5 s".
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    timeout: Timeout,
}

impl Deadline {
    /// So much from now on; none when no limit was given.
    pub(crate) fn from_now(timeout: Option<Timeout>) -> Option<Self> {
        let at = |timeout: Timeout| Instant::now() + timeout.duration();
        timeout.map(|timeout| Self {
            at: at(timeout),
            timeout,
        })
    }

    /// The same, but not before so much time from now on, for a last question after it has passed.
    pub(crate) fn not_within(self, least: Duration) -> Self {
        Self {
            at: self.at.max(Instant::now() + least),
            ..self
        }
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
        self.timeout.fmt(f)
    }
}

/// When to print again what is waited for: after 10 s without a line, then after twice as long.
#[derive(Debug)]
pub(crate) struct Reminder {
    at: Instant,
    pause: Duration,
}

impl Reminder {
    pub(crate) fn new() -> Self {
        let pause = Duration::from_secs(10);
        let at = Instant::now() + pause;
        Self { at, pause }
    }

    /// Returns when it is time, and sets the next time. Cancel-safe.
    pub(crate) async fn due(&mut self) {
        sleep_until(self.at).await;
        self.pause *= 2;
        self.at = Instant::now() + self.pause;
    }
}

/// Waits for a moment; for ever without one.
pub(crate) async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_or_a_number_with_its_unit() {
        let read = |text: &str| text.parse::<Timeout>().map(Timeout::duration);
        for (text, milliseconds) in [
            ("30", 30_000),
            ("2.5", 2_500),
            (".5", 500),
            ("30s", 30_000),
            ("250ms", 250),
            ("5m", 300_000),
            ("1.5h", 5_400_000),
        ] {
            assert_eq!(
                read(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
        for text in [
            "",
            "0",
            "0.0",
            "-1",
            "s",
            "1 s",
            "1d",
            "5 m",
            "1e3",
            "inf",
            "NaN",
            "1.2.3",
            ".",
            "99999999999999999999h",
            "1ms1",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert_eq!("90s".parse::<Timeout>().unwrap().to_string(), "90 s");
    }
}
