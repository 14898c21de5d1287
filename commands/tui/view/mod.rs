//! Draws the model. Only visible items are visited, so that a frame costs the same however much
//! is held.

mod blank;
pub(crate) mod boot;
mod detail;
pub(crate) mod footer;
pub(crate) mod header;
pub(crate) mod hints;
pub(crate) mod layout;
mod list;
pub(crate) mod list_rows;
mod log;
mod log_heading;
mod modal;
pub(crate) mod plan;
mod row_writer;

#[cfg(test)]
mod picture;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod tests;

pub(crate) use detail::last_row as last_detail_row;
pub(crate) use log::shown_time;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::fallback;
use super::model::{Body, Model};

/// Draws the screen; returns the place of the cursor while the user types.
pub(crate) fn draw(model: &Model, buffer: &mut Buffer) -> Option<Position> {
    let screen = buffer
        .area
        .intersection(Rect::new(0, 0, model.columns, model.rows));
    let areas = layout::areas(model);
    // A resize may be known to the terminal before it is known to the model, or after.
    if screen.is_empty() || screen != Rect::new(0, 0, model.columns, model.rows) {
        return None;
    }
    header::draw(model, areas.header, buffer);
    if !areas.list.is_empty() {
        list::draw(model, &areas, buffer);
    }
    if !areas.main.is_empty() {
        match model.body {
            Body::Log => log::draw(model, &areas, buffer),
            Body::Detail => detail::draw(model, &areas, buffer),
            Body::Boot => boot::draw(model, &areas, buffer),
            Body::Plan => plan::draw(model, &areas, buffer),
        }
    }
    let cursor = footer::draw(model, areas.footer, buffer);
    if model.modal.is_some() {
        modal::draw(model, layout::window(model), buffer);
    }
    fallback::apply(buffer, model.theme);
    cursor
}

/// How many rows of the window that is open are seen at once, and the furthest it can be scrolled.
pub(crate) fn modal_page(model: &Model) -> (usize, usize) {
    let page = usize::from(layout::window(model).height.saturating_sub(2));
    (page, modal::rows(model).saturating_sub(page))
}

/// The rows of the screen, blanks at their ends left out.
#[cfg(test)]
pub(crate) fn screen(model: &Model) -> String {
    use unicode_width::UnicodeWidthStr;
    let mut buffer = Buffer::empty(Rect::new(0, 0, model.columns, model.rows));
    draw(model, &mut buffer);
    let mut text = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut row = String::new();
        let mut covered = 0;
        for x in buffer.area.left()..buffer.area.right() {
            if covered > 0 {
                covered -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            covered = symbol.width().saturating_sub(1);
            row.push_str(symbol);
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}
