//! Ages for narrow columns.

use flowlayer_core::facts::Timestamp;

/// For a column of a few characters: `now`, `12s`, `3m`, `2h`, `4d`.
pub(crate) fn age(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / 1_000;
    match seconds {
        0 => "now".to_owned(),
        1..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// How long ago a moment was.
pub(crate) fn age_of(moment: Timestamp) -> String {
    let now = Timestamp::from(std::time::SystemTime::now());
    age(now.0 - moment.0)
}
