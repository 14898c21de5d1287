//! Moments and durations for people.

use flowlayer_core::facts::Timestamp;

/// The date and time of day here: `2026-04-18 10:30:01`.
pub(crate) fn local(moment: Timestamp) -> String {
    formatted(moment, "%Y-%m-%d %H:%M:%S")
}

/// The time of day here: `10:30:01`.
pub(crate) fn time_of_day(moment: Timestamp) -> String {
    formatted(moment, "%H:%M:%S")
}

fn formatted(moment: Timestamp, format: &str) -> String {
    let moment = jiff::Timestamp::from_millisecond(moment.0).unwrap_or(jiff::Timestamp::MAX);
    let zoned = moment.to_zoned(jiff::tz::TimeZone::system());
    zoned.strftime(format).to_string()
}

/// `0.3 s`, `12.3 s`, `3 min 20 s`, `2 h 5 min`, `4 d 2 h`.
pub(crate) fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..60 => format!("{}.{} s", seconds, ms % 1000 / 100),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_the_unit_that_matters() {
        for (ms, text) in [
            (0, "0.0 s"),
            (349, "0.3 s"),
            (12_300, "12.3 s"),
            (200_000, "3 min 20 s"),
            (7_500_000, "2 h 5 min"),
            (352_800_000, "4 d 2 h"),
        ] {
            assert_eq!(duration(ms), text);
        }
    }
}
