//! Durations, counts and times as text.

use jiff::tz::TimeZone;

pub(crate) use crate::terminal::age::age;
pub(crate) use crate::terminal::lines::count;
pub(crate) use crate::terminal::wrap::truncate;

/// How times are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Clock {
    /// Not at all.
    Off,
    /// `09:21:14`.
    #[default]
    Time,
    /// `11-21 09:21:14.123`.
    Full,
    /// `   12.3s`, since the service was started.
    SinceStart,
}

impl Clock {
    /// Columns it takes, the blank after it included.
    pub(crate) const fn width(self) -> u16 {
        match self {
            Self::Off => 0,
            Self::Time | Self::SinceStart => 9,
            Self::Full => 19,
        }
    }
}

/// `850 ms`, `2.4 s`, `3m 20s`, `2h 5m`, `4d 3h`; negative counts as nothing.
pub(crate) fn duration(milliseconds: i64) -> String {
    let ms = milliseconds.max(0);
    let seconds = ms / 1_000;
    match seconds {
        0 => format!("{ms} ms"),
        1..10 => format!("{seconds}.{} s", ms % 1_000 / 100),
        10..60 => format!("{seconds} s"),
        60..3_600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// The time since the start of a service, 8 columns wide; empty for what was before.
pub(crate) fn since_start(ms: i64) -> String {
    let text = match ms {
        ..0 => String::new(),
        0..600_000 => format!("{}.{:03}s", ms / 1_000, ms % 1_000),
        _ => age(ms),
    };
    format!("{text:>8}")
}

/// The time of a log line.
pub(crate) fn time(at: i64, clock: Clock, zone: &TimeZone) -> String {
    let format = match clock {
        Clock::Off | Clock::SinceStart => return String::new(),
        Clock::Time => "%H:%M:%S",
        Clock::Full => "%m-%d %H:%M:%S%.3f",
    };
    jiff::Timestamp::from_millisecond(at)
        .map(|moment| moment.to_zoned(zone.clone()).strftime(format).to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_parts_at_most() {
        for (ms, long, short) in [
            (-5, "0 ms", "now"),
            (850, "850 ms", "now"),
            (2_470, "2.4 s", "2s"),
            (59_999, "59 s", "59s"),
            (200_000, "3m 20s", "3m"),
            (7_500_000, "2h 5m", "2h"),
            (356_400_000, "4d 3h", "4d"),
        ] {
            assert_eq!((duration(ms).as_str(), age(ms).as_str()), (long, short));
        }
    }

    #[test]
    fn times_since_a_start_fit_their_column() {
        for (ms, text) in [
            (-1, "        "),
            (0, "  0.000s"),
            (599_999, "599.999s"),
            (600_000, "     10m"),
            (i64::MAX, "106751991167d"),
        ] {
            assert_eq!(since_start(ms), text);
        }
    }

    #[test]
    fn times_are_local_and_as_wide_as_said() {
        let at = 1_776_508_200_007;
        for clock in [Clock::Off, Clock::Time, Clock::Full] {
            let written = time(at, clock, &TimeZone::UTC);
            assert_eq!(written.len(), usize::from(clock.width()).saturating_sub(1));
        }
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        assert_eq!(time(at, Clock::Time, &zone), "12:30:00");
        assert_eq!(time(i64::MAX, Clock::Time, &zone), "");
    }
}
