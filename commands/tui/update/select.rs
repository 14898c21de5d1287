//! Selecting lines, and copying or writing them.

use super::notice::notify;
use crate::tui::cells::plain;
use crate::tui::format;
use crate::tui::log::export::Export;
use crate::tui::log::selection::Selection;
use crate::tui::log::viewport::Position;
use crate::tui::log::{Item, Place, Scope, Tone};
use crate::tui::message::UiEffect;
use crate::tui::model::{Model, Saving};
use crate::tui::view::{self, layout};

/// The item in the last row of the screen.
pub(super) fn last_on_screen(model: &Model) -> Option<Place> {
    let logs = &model.logs;
    let end = logs.position.end(&logs.window, layout::geometry(model));
    Some(logs.window.items().get(end.checked_sub(1)?)?.place)
}

/// Whether some of the item is on the screen.
pub(super) fn is_on_screen(model: &Model, place: Place) -> bool {
    let (logs, geometry) = (&model.logs, layout::geometry(model));
    let start = logs.position.start(&logs.window, geometry).index;
    let end = logs.position.end(&logs.window, geometry);
    let index = logs.window.find(place);
    index.is_some_and(|index| (start..end).contains(&index))
}

pub(super) fn toggle_selection(model: &mut Model) {
    if model.logs.selection.take().is_some() {
        return;
    }
    let start = last_on_screen(model);
    model.logs.selection = start.map(|place| Selection {
        anchor: place,
        cursor: place,
    });
}

/// Moves the end of the selection by items and keeps it on the screen.
pub(super) fn extend_selection(model: &mut Model, rows: isize) {
    let geometry = layout::geometry(model);
    let logs = &mut model.logs;
    let (Some(selection), items) = (&mut logs.selection, logs.window.items()) else {
        return;
    };
    let last = items.len().saturating_sub(1);
    let index = logs
        .window
        .index_of(selection.cursor)
        .saturating_add_signed(rows)
        .min(last);
    let Some(item) = items.get(index) else {
        return;
    };
    selection.cursor = item.place;
    let start = logs.position.start(&logs.window, geometry);
    let shown: usize = items
        .range(start.index.min(index)..index)
        .map(|item| geometry.rows(item))
        .sum();
    if index < start.index {
        logs.position = Position::At {
            top: item.place,
            skip: 0,
        };
    } else if shown + geometry.rows(item) > geometry.height + start.skip {
        let down = shown + geometry.rows(item) - geometry.height - start.skip;
        logs.scroll(isize::try_from(down).unwrap_or(0), geometry);
    }
}

/// The lines of the selection, or of the screen when there is none.
fn chosen_text(model: &mut Model) -> Option<(String, usize)> {
    if model.logs.selection.is_none() {
        let geometry = layout::geometry(model);
        let start = model.logs.position.start(&model.logs.window, geometry);
        let anchor = model.logs.window.items().get(start.index)?.place;
        let cursor = last_on_screen(model)?;
        model.logs.selection = Some(Selection { anchor, cursor });
    }
    let selection = model.logs.selection.take()?;
    let clock = layout::clock(model, layout::areas(model).log_rows().width);
    let has_names = !matches!(model.logs.filter.scope, Scope::Service(_));
    // Of several services, whose line it is and when; of one, the line as it was written.
    let before = |item: &Item| {
        if !has_names {
            return String::new();
        }
        let time = view::shown_time(model, item, clock);
        let name = item.service.as_deref().unwrap_or_default();
        let blank = if time.is_empty() { "" } else { " " };
        plain(&format!("{time}{blank}{name} │ "))
    };
    let (text, lines) = selection.text(&model.logs.window, before);
    (lines > 0).then_some((text, lines))
}

pub(super) fn copy(model: &mut Model, effects: &mut Vec<UiEffect>) {
    let Some((text, lines)) = chosen_text(model) else {
        return notify(model, Tone::Plain, "there is no line to copy");
    };
    effects.push(UiEffect::Copy(text));
    let lines = format::count(lines as u64, "line");
    notify(
        model,
        Tone::Good,
        format!("{lines} sent to the terminal's clipboard"),
    );
}

/// Writes the selection, or without one the whole log as it is filtered.
pub(super) fn save(model: &mut Model, effects: &mut Vec<UiEffect>) {
    if model.logs.selection.is_some() {
        if let Some((text, _)) = chosen_text(model) {
            effects.push(UiEffect::Save(text));
        }
        return;
    }
    let shown = model.logs.window.items().back();
    let shown = shown.map_or(0, |item| item.place.seq);
    let until = model.logs.recent.last_seq().max(shown);
    model.saving = Some(Saving {
        until,
        ..Saving::default()
    });
    effects.push(UiEffect::Export(Box::new(Export {
        filter: model.logs.filter.clone(),
        until,
        zone: model.zone.clone(),
    })));
}

/// Stops writing a log.
pub(super) fn stop_saving(model: &mut Model, effects: &mut Vec<UiEffect>) {
    if let Some(saving) = model.saving.take() {
        let lines = format::count(saving.lines, "line");
        notify(model, Tone::Plain, format!("stopped after {lines}"));
        effects.push(UiEffect::StopSaving);
    }
}

/// A file is written, or is not.
pub(super) fn saved(model: &mut Model, result: Result<String, String>) {
    let saving = model.saving.take();
    match result {
        Ok(path) => {
            let lines = saving.map(|saving| format::count(saving.lines, "line"));
            let lines = lines.map_or_else(String::new, |lines| format!("{lines} "));
            notify(model, Tone::Good, format!("{lines}written to {path}"));
        }
        Err(why) => notify(model, Tone::Bad, format!("not written: {why}")),
    }
}
