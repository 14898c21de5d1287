//! A line of the log in full.

use std::mem;

use super::select;
use crate::tui::log::{Place, whole};
use crate::tui::model::{Modal, Model};

/// Opens the line that is selected or was found, else the last one on the screen.
pub(super) fn open(model: &mut Model) {
    let logs = &model.logs;
    let selected = logs.selection.map(|selection| selection.cursor);
    let search = logs.search.as_ref();
    let found = search.and_then(|search| search.current).or(logs.found_here);
    let is_shown = |place: &Place| select::is_on_screen(model, *place);
    let place = selected.or(found.filter(is_shown));
    let place = place.or_else(|| select::last_on_screen(model));
    if let Some(text) = place.and_then(|place| whole::text(&logs.window, place)) {
        let (rows, scroll) = (rows(model, &text), 0);
        model.modal = Some(Modal::Line { text, rows, scroll });
    }
}

/// Breaks it again, to the width of the screen.
pub(super) fn refit(model: &mut Model) {
    if let Some(Modal::Line { text, .. }) = &mut model.modal {
        let text = mem::take(text);
        let (rows, scroll) = (rows(model, &text), 0);
        model.modal = Some(Modal::Line { text, rows, scroll });
    }
}

/// What fits beside the edges of the window.
fn rows(model: &Model, text: &str) -> Vec<String> {
    whole::rows(text, usize::from(model.columns.saturating_sub(4)))
}
