//! The fields of a log entry besides its text.

use std::time::{SystemTime, UNIX_EPOCH};

/// The status of a service when a line was read, as the word that is published
/// (docs/logs.md, An entry).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Phase(pub &'static str);

impl Phase {
    /// What every service starts with: planned, not started yet.
    pub const UNKNOWN: Self = Self("unknown");
}

/// Which pipe a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error; also what we ourselves have to say about a service.
    Stderr,
}

impl Stream {
    /// The word on the wire and in the files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// Who wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The service.
    Service,
    /// FlowLayer, about the service.
    FlowLayer,
    /// FlowLayer, on why the service failed. Its status says the same.
    Failure,
}

/// A point in time as log entries carry it: milliseconds since 1970 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The system clock now. Clocks step: two entries in order may carry times that are not.
    pub fn now() -> Self {
        Self::from(SystemTime::now())
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

impl std::fmt::Display for Timestamp {
    /// RFC 3339 in UTC, milliseconds, `Z` (docs/logs.md, An entry). Times beyond the year 9999 show
    /// as its end.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let time = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "{time:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_have_three_digits_and_a_z() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            Timestamp(1_735_689_599_007).to_string(),
            "2024-12-31T23:59:59.007Z"
        );
        assert_eq!(
            Timestamp(1_735_689_600_120).to_string(),
            "2025-01-01T00:00:00.120Z"
        );
    }

    #[test]
    fn times_out_of_range_do_not_panic() {
        assert_eq!(&Timestamp(i64::MAX).to_string()[..4], "9999");
    }
}
