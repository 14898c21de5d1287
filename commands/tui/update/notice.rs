//! The line in the footer that says what has just happened.

use crate::tui::log::Tone;
use crate::tui::model::{Model, Notice};

/// How long a notice stays, in milliseconds.
const NOTICE_MS: i64 = 5_000;
/// How long bad news stays.
const BAD_NOTICE_MS: i64 = 15_000;

/// Shows a line in the footer for a while.
pub(super) fn notify(model: &mut Model, tone: Tone, text: impl Into<String>) {
    let duration = if tone == Tone::Bad {
        BAD_NOTICE_MS
    } else {
        NOTICE_MS
    };
    model.notice = Some(Notice {
        text: text.into(),
        tone,
        since: model.now,
        until: model.now + duration,
    });
}
