//! The mouse: the wheel scrolls the panel under it, a click selects, dragging selects lines.

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};

use ratatui::layout::Position;

use super::navigate;
use crate::tui::log::Place;
use crate::tui::log::selection::Selection;
use crate::tui::message::UiEffect;
use crate::tui::model::{Body, Model, Panel};
use crate::tui::services::Selected;
use crate::tui::view;
use crate::tui::view::layout::{self, Areas};
use crate::tui::view::list_rows::list_rows;
use crate::tui::view::{footer, header, hints};

/// Between the clicks of a double click, in milliseconds.
const DOUBLE_CLICK_MS: i64 = 400;

/// Rows a step of the wheel scrolls.
const STEP: isize = 3;

/// The mouse did something.
pub(super) fn mouse(model: &mut Model, event: MouseEvent, effects: &mut Vec<UiEffect>) {
    if event.kind == MouseEventKind::Down(MouseButton::Left)
        && let Some(key) = hint_at(model, Position::new(event.column, event.row))
    {
        return super::key::key(model, key, effects);
    }
    if model.modal.is_some() {
        return match event.kind {
            MouseEventKind::ScrollUp => navigate::scroll_modal(model, -STEP),
            MouseEventKind::ScrollDown => navigate::scroll_modal(model, STEP),
            _ => {}
        };
    }
    let areas = layout::areas(model);
    let panel = areas.panel_at(event.column, event.row);
    let is_log = panel == Some(Panel::Logs) && model.body == Body::Log;
    match event.kind {
        MouseEventKind::ScrollUp => wheel(model, panel, -STEP),
        MouseEventKind::ScrollDown => wheel(model, panel, STEP),
        MouseEventKind::ScrollLeft if is_log => navigate::sideways(model, true),
        MouseEventKind::ScrollRight if is_log => navigate::sideways(model, false),
        MouseEventKind::Down(MouseButton::Left) => {
            if model.body == Body::Plan {
                let place = Position::new(event.column, event.row);
                if let Some(name) = view::plan::service_at(model, &areas, place) {
                    model.services.selected = Selected::Service(name);
                }
                return;
            }
            if let Some(panel) = panel {
                model.focus = panel;
            }
            model.logs.selection = None;
            model.pressed = is_log.then(|| place_at(model, &areas, event.row)).flatten();
            let place = Position::new(event.column, event.row);
            let again = model.clicked.replace((place, model.now));
            if panel == Some(Panel::Services) {
                select_service(model, &areas, event.row);
                let is_double = again.is_some_and(|(before, at)| {
                    before == place && model.now - at <= DOUBLE_CLICK_MS
                });
                if is_double && model.services.current().is_some() && model.body == Body::Log {
                    super::key::open_detail(model);
                }
            }
        }
        MouseEventKind::Drag(MouseButton::Left) if model.body == Body::Log => {
            drag(model, &areas, event.row, is_log);
        }
        _ => {}
    }
}

/// The key whose hint in the header or the footer is there.
fn hint_at(model: &Model, place: Position) -> Option<KeyEvent> {
    let areas = layout::areas(model);
    let (start, hints) = if areas.footer.contains(place) {
        if model.notice.is_some() || model.prompt.is_some() || model.saving.is_some() {
            return None;
        }
        let hints = footer::hints(model, areas.footer.width);
        (areas.footer.x + footer::START, hints)
    } else if areas.header.contains(place) && model.modal.is_none() && model.prompt.is_none() {
        header::actions(model, areas.header)
    } else {
        return None;
    };
    hints::at(&hints, start, place.x)?.binding.event()
}

fn wheel(model: &mut Model, panel: Option<Panel>, rows: isize) {
    model.logs.renew_patience();
    match (panel, model.body) {
        (Some(Panel::Services), _) => model.services.step(rows.signum()),
        (Some(Panel::Logs), Body::Log) => {
            let geometry = layout::geometry(model);
            model.logs.scroll(rows, geometry);
        }
        (Some(Panel::Logs), Body::Detail | Body::Boot) => navigate::scroll_detail(model, rows),
        _ => {}
    }
}

fn select_service(model: &mut Model, areas: &Areas, row: u16) {
    let inside = areas.inside(areas.list);
    let rows = list_rows(model, inside);
    let clicked = row
        .checked_sub(inside.y)
        .and_then(|row| rows.at(usize::from(row)));
    if let Some(clicked) = clicked {
        model.services.selected = model.services.at(clicked);
    }
}

/// Extends the selection to the mouse. Above and below the lines the log scrolls.
fn drag(model: &mut Model, areas: &Areas, row: u16, is_log: bool) {
    if !is_log && model.logs.selection.is_none() {
        return;
    }
    let rows = areas.log_rows();
    let last = rows.bottom().saturating_sub(1);
    if model.logs.selection.is_some() && (row < rows.y || row > last) {
        let (up_or_down, geometry) = (if row < rows.y { -1 } else { 1 }, layout::geometry(model));
        model.logs.scroll(up_or_down, geometry);
    }
    let Some(place) = place_at(model, areas, row.clamp(rows.y, last.max(rows.y))) else {
        return;
    };
    let pressed = model.pressed.unwrap_or(place);
    let anchor = model.logs.selection.map_or(pressed, |it| it.anchor);
    model.logs.selection = Some(Selection {
        anchor,
        cursor: place,
    });
}

/// The item that is drawn in this row of the screen.
fn place_at(model: &Model, areas: &Areas, row: u16) -> Option<Place> {
    let geometry = layout::geometry(model);
    let rows = areas.log_rows();
    let start = model.logs.position.start(&model.logs.window, geometry);
    let mut left = usize::from(row.checked_sub(rows.y)?) + start.skip;
    for item in model.logs.window.items().iter().skip(start.index) {
        let rows = geometry.rows(item);
        if left < rows {
            return Some(item.place);
        }
        left -= rows;
    }
    None
}
