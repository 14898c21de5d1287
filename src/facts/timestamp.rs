//! Moments: RFC 3339 in UTC with millisecond precision and `Z` (docs/protocol.md, Events).

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::de::Error as _;
use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970 in UTC, negative before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The system clock now. Clocks step: of two moments in order the later may be the smaller.
    pub fn now() -> Self {
        Self::from(SystemTime::now())
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let ms = |span: std::time::Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Self(match time.duration_since(UNIX_EPOCH) {
            Ok(since) => ms(since),
            Err(before) => -ms(before.duration()),
        })
    }
}

impl fmt::Display for Timestamp {
    /// Times beyond the year 9999 show as its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::MAX);
        write!(f, "{time:.3}")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time: jiff::Timestamp = text.parse().map_err(D::Error::custom)?;
        Ok(Self(time.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn three_digits_and_z_always() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            Timestamp(1_776_508_200_007).to_string(),
            "2026-04-18T10:30:00.007Z"
        );
        let finer = UNIX_EPOCH + Duration::from_nanos(1_999_999_999);
        assert_eq!(
            Timestamp::from(finer).to_string(),
            "1970-01-01T00:00:01.999Z"
        );
        let before = UNIX_EPOCH - Duration::from_millis(1);
        assert_eq!(
            Timestamp::from(before).to_string(),
            "1969-12-31T23:59:59.999Z"
        );
    }

    #[test]
    fn times_out_of_range_do_not_panic() {
        assert_eq!(&Timestamp(i64::MAX).to_string()[..4], "9999");
    }

    #[test]
    fn reads_what_it_writes_and_what_others_write() {
        let read = |text: &str| serde_json::from_str::<Timestamp>(&format!("\"{text}\"")).unwrap();
        assert_eq!(
            read("2026-04-18T10:30:00Z").to_string(),
            "2026-04-18T10:30:00.000Z"
        );
        assert_eq!(
            read("2026-04-18T12:30:00.5+02:00").to_string(),
            "2026-04-18T10:30:00.500Z"
        );
        assert!(serde_json::from_str::<Timestamp>("\"yesterday\"").is_err());
    }
}
