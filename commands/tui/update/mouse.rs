//! The mouse: the wheel scrolls what is under it, a click selects, dragging selects lines.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::layout::{self, Areas};
use crate::tui::log::Place;
use crate::tui::log::pane::Selection;
use crate::tui::model::{Body, Modal, Model, Panel};

/// Rows a step of the wheel scrolls.
const STEP: isize = 3;

/// The mouse did something.
pub(super) fn mouse(model: &mut Model, event: MouseEvent) {
    if let Some(modal) = &mut model.modal {
        let Modal::Help { scroll } = modal else {
            return;
        };
        let down = match event.kind {
            MouseEventKind::ScrollUp => -STEP,
            MouseEventKind::ScrollDown => STEP,
            _ => return,
        };
        let wanted = scroll.saturating_add_signed(down);
        let room = usize::from(model.rows.saturating_sub(2));
        let scroll = wanted.min(super::super::view::help_rows(model).saturating_sub(room));
        model.modal = Some(Modal::Help { scroll });
        return;
    }
    let areas = layout::areas(model);
    let panel = areas.panel_at(event.column, event.row);
    let is_log = panel == Some(Panel::Logs) && model.body == Body::Log;
    match event.kind {
        MouseEventKind::ScrollUp => wheel(model, panel, -STEP),
        MouseEventKind::ScrollDown => wheel(model, panel, STEP),
        MouseEventKind::Down(MouseButton::Left) => {
            if let (Some(panel), true) = (panel, model.body != Body::Plan) {
                model.focus = panel;
            }
            model.logs.selection = None;
            if panel == Some(Panel::Services) {
                select_service(model, &areas, event.row);
            }
        }
        MouseEventKind::Drag(MouseButton::Left) if is_log => drag(model, &areas, event.row),
        _ => {}
    }
}

fn wheel(model: &mut Model, panel: Option<Panel>, rows: isize) {
    model.logs.renew_patience();
    match (panel, model.body) {
        (Some(Panel::Services), _) => model.services.step(rows.signum()),
        (Some(Panel::Logs), Body::Log) => {
            let geometry = layout::geometry(model);
            model.logs.scroll(rows, geometry);
        }
        (Some(Panel::Logs), Body::Detail) => {
            model.detail_scroll = model.detail_scroll.saturating_add_signed(rows).min(1_000);
        }
        _ => {}
    }
}

fn select_service(model: &mut Model, areas: &Areas, row: u16) {
    let inside = areas.inside(areas.list);
    let rows = layout::list_rows(model, usize::from(inside.height));
    let clicked = row
        .checked_sub(inside.y)
        .and_then(|row| rows.get(usize::from(row)));
    if let Some(clicked) = clicked {
        model.services.selected = model.services.at(clicked.row());
    }
}

fn drag(model: &mut Model, areas: &Areas, row: u16) {
    let Some(place) = place_at(model, areas, row) else {
        return;
    };
    let anchor = model
        .logs
        .selection
        .map_or(place, |selection| selection.anchor);
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
