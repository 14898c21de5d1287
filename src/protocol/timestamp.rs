//! Moments on the wire: RFC 3339 in UTC with millisecond precision and `Z`
//! (docs/protocol.md, Events).

use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// A moment, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// Milliseconds since 1970, UTC; negative before.
    pub fn as_millisecond(self) -> i64 {
        self.0.as_millisecond()
    }
}

impl From<SystemTime> for Timestamp {
    /// A moment outside the years that can be written becomes 1970: a clock that far off has
    /// nothing better to say.
    fn from(moment: SystemTime) -> Self {
        let exact = jiff::Timestamp::try_from(moment).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        Self(jiff::Timestamp::from_millisecond(exact.as_millisecond()).unwrap_or(exact))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Timestamp;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 timestamp")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Timestamp, E> {
                text.parse().map(Timestamp).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn three_digits_and_z_always() {
        let write = |ms| Timestamp::from(UNIX_EPOCH + Duration::from_millis(ms)).to_string();
        assert_eq!(write(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(write(1_776_508_200_007), "2026-04-18T10:30:00.007Z");
        let finer = UNIX_EPOCH + Duration::from_nanos(1_999_999_999);
        assert_eq!(
            Timestamp::from(finer).to_string(),
            "1970-01-01T00:00:01.999Z"
        );
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
