//! Points in time as people type them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

/// A time (RFC 3339; without a zone, local time) or how long ago (`5m`, `1h30m`, `2d`).
pub(super) fn parse(text: &str) -> Result<Timestamp, String> {
    moment(text.trim(), Timestamp::now(), &TimeZone::system())
}

fn moment(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    if let Ok(local) = text.parse::<DateTime>() {
        return zone.to_timestamp(local).map_err(|error| error.to_string());
    }
    match ago(text) {
        Some(ago) => now
            .checked_sub(ago)
            .map_err(|_| "that is before all clocks".to_owned()),
        None => Err(
            "it is neither a time such as 2026-04-18T10:30:00Z nor a duration such as 90s, 5m or 1h30m"
                .to_owned(),
        ),
    }
}

fn ago(text: &str) -> Option<SignedDuration> {
    // A number alone could be anything.
    if !text.ends_with(|last: char| last.is_ascii_alphabetic())
        || !text.starts_with(|first: char| first.is_ascii_digit())
    {
        return None;
    }
    let span: Span = text.parse().ok()?;
    let days = SpanRelativeTo::days_are_24_hours();
    span.to_duration(days).ok().filter(|ago| !ago.is_negative())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(text: &str, wanted: &str) {
        let now: Timestamp = "2026-04-18T10:30:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let moment = moment(text, now, &zone).unwrap();
        assert_eq!(moment, wanted.parse().unwrap(), "{text}");
    }

    #[test]
    fn times_and_durations_are_understood() {
        is("2026-04-18T09:00:00Z", "2026-04-18T09:00:00Z");
        is("2026-04-18T09:00:00.5+02:00", "2026-04-18T07:00:00.5Z");
        is("2026-04-18T09:00", "2026-04-18T07:00:00Z");
        is("2026-04-18 09:00:30", "2026-04-18T07:00:30Z");
        is("2026-04-18", "2026-04-17T22:00:00Z");
        is("90s", "2026-04-18T10:28:30Z");
        is("5m", "2026-04-18T10:25:00Z");
        is("1h30m", "2026-04-18T09:00:00Z");
        is("2d", "2026-04-16T10:30:00Z");
        is("1w", "2026-04-11T10:30:00Z");
        is("250ms", "2026-04-18T10:29:59.75Z");
    }

    #[test]
    fn what_could_be_anything_is_refused() {
        for text in [
            "",
            "5",
            "m",
            "-5m",
            "5 apples",
            "yesterday",
            "1y",
            "3mo",
            "2026-13-01",
        ] {
            let now = Timestamp::UNIX_EPOCH;
            assert!(moment(text, now, &TimeZone::UTC).is_err(), "{text}");
        }
    }
}
