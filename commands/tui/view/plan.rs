//! The plan: one column a wave, with the states as they are.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

use super::layout::Areas;
use super::row_writer::{RowWriter, panel};
use crate::tui::cells::plain;
use crate::tui::model::Model;
use crate::tui::reasons;
use crate::tui::service::ServiceModel;

/// Columns of a wave: at least, and at most.
const NARROWEST: u16 = 14;
const WIDEST: u16 = 34;

/// Rows of a column above its services.
const HEADING: u16 = 2;

/// A wave on the screen.
struct Column<'a> {
    area: Rect,
    services: Vec<&'a ServiceModel>,
    /// The first of its services that is drawn, so that the selected one is on the screen.
    first: usize,
    has_next: bool,
}

pub(super) fn draw(model: &Model, areas: &Areas, buffer: &mut Buffer) {
    let theme = model.theme;
    let title = [Span::styled(" plan ", theme.accent())];
    let services = model.services.all();
    let count = format!(
        " {}, {} ",
        crate::tui::format::count(services.len() as u64, "service"),
        crate::tui::format::count(waves(services).len() as u64, "wave")
    );
    panel(
        buffer,
        areas.main,
        areas.edges,
        theme.edge(true),
        &title,
        &[Span::styled(count, theme.dim())],
    );
    let inside = areas.inside(areas.main);
    if inside.is_empty() {
        return;
    }
    for column in columns(model, inside) {
        draw_wave(model, &column, buffer);
    }
    if rows_below(inside) > 0 {
        let bold = theme.text().add_modifier(Modifier::BOLD);
        let mut writer = RowWriter::new(buffer, inside, inside.height - 1);
        writer.skip(1);
        if let Some(service) = model.services.current() {
            let state = service.state();
            writer.write(&plain(&service.name), bold);
            writer.skip(1).write(state.word(), theme.state(state));
            if let Some(reason) = reasons::of(service) {
                writer.write(" · ", theme.dim());
                writer.write(&reason, theme.text());
            }
        } else {
            let help = "each wave starts when the one before it has resolved; ↑↓←→ select";
            writer.write(help, theme.dim());
        }
    }
}

/// The service whose name is at this position of the screen.
pub(crate) fn service_at(model: &Model, areas: &Areas, place: Position) -> Option<Arc<str>> {
    let columns = columns(model, areas.inside(areas.main));
    let column = columns.iter().find(|column| column.area.contains(place))?;
    let row = (place.y - column.area.y).checked_sub(HEADING)?;
    let service = column.services.get(column.first + usize::from(row))?;
    Some(Arc::clone(&service.name))
}

/// The last rows say why, of the service that is selected, when there is space.
const fn rows_below(inside: Rect) -> u16 {
    if inside.height > 6 { 2 } else { 0 }
}

/// The waves that are on the screen, the one with the selection among them.
fn columns(model: &Model, inside: Rect) -> Vec<Column<'_>> {
    let board = Rect {
        height: inside.height - rows_below(inside),
        ..inside
    };
    let selected = model.services.current();
    let is_selected =
        |service: &&ServiceModel| selected.is_some_and(|selected| selected.name == service.name);
    let waves = waves(model.services.all());
    let widths: Vec<u16> = waves.iter().map(|wave| width(wave)).collect();
    let at = waves.iter().position(|wave| wave.iter().any(is_selected));
    let first = first_column(&widths, at.unwrap_or(0), board.width);
    let last = waves.len().saturating_sub(1);
    let room = usize::from(board.height.saturating_sub(HEADING));
    let mut x = board.x;
    let mut columns = Vec::new();
    for (index, (services, width)) in waves.into_iter().zip(widths).enumerate().skip(first) {
        if x >= board.right() {
            break;
        }
        let area = Rect {
            x,
            width: width.min(board.right() - x),
            ..board
        };
        let place = services.iter().position(is_selected);
        columns.push(Column {
            area,
            first: place.map_or(0, |place| (place + 1).saturating_sub(room)),
            services,
            has_next: index < last,
        });
        x += width;
    }
    columns
}

fn waves(services: &[ServiceModel]) -> Vec<Vec<&ServiceModel>> {
    let mut waves: Vec<Vec<&ServiceModel>> = Vec::new();
    for service in services {
        match waves.last_mut() {
            Some(wave) if wave[0].details.wave == service.details.wave => wave.push(service),
            _ => waves.push(vec![service]),
        }
    }
    waves
}

fn width(wave: &[&ServiceModel]) -> u16 {
    let widths = wave.iter().map(|service| service.name.width());
    u16::try_from(widths.max().unwrap_or(0))
        .unwrap_or(WIDEST)
        .saturating_add(7)
        .clamp(NARROWEST, WIDEST)
}

/// The first column that is drawn, so that the one with the selection is on the screen.
fn first_column(widths: &[u16], selected: usize, room: u16) -> usize {
    let mut left = usize::from(room);
    for index in (0..=selected.min(widths.len().saturating_sub(1))).rev() {
        let width = widths.get(index).map_or(0, |width| usize::from(*width));
        if width > left {
            return (index + 1).min(selected);
        }
        left -= width;
    }
    0
}

fn draw_wave(model: &Model, column: &Column<'_>, buffer: &mut Buffer) {
    let theme = model.theme;
    let (area, wave) = (column.area, &column.services);
    let up = wave.iter().filter(|service| service.is_up()).count();
    let number = wave[0].details.wave;
    let number = number.map_or_else(|| "?".to_owned(), |wave| wave.to_string());
    let style = if up == wave.len() {
        theme.good()
    } else {
        theme.dim()
    };
    let bold = theme.text().add_modifier(Modifier::BOLD);
    let mut writer = RowWriter::new(buffer, area, 0);
    writer.skip(1).write(&format!("wave {number}"), bold);
    writer.skip(1).write(&format!("{up}/{}", wave.len()), style);
    if column.has_next && area.width > NARROWEST - 1 {
        let arrow = Rect {
            x: area.right().saturating_sub(2),
            width: 1,
            ..area
        };
        RowWriter::new(buffer, arrow, 0).write("→", style);
    }
    let line = "─".repeat(usize::from(area.width.saturating_sub(3)));
    RowWriter::new(buffer, area, 1)
        .skip(1)
        .write(&line, theme.dim());
    let selected = model.services.current();
    let inner = Rect {
        width: area.width.saturating_sub(1),
        ..area
    };
    for (y, service) in (HEADING..area.height).zip(wave.iter().skip(column.first)) {
        let state = service.state();
        let is_selected = selected.is_some_and(|selected| selected.name == service.name);
        let name_style = if is_selected {
            theme.selected(true)
        } else {
            theme.text()
        };
        let relation = selected.map_or(" ", |selected| {
            match (selected.depends_on(service), service.depends_on(selected)) {
                (true, _) => "‹",
                (_, true) => "›",
                _ => " ",
            }
        });
        RowWriter::new(buffer, inner, y)
            .write(relation, theme.accent())
            .column(state.symbol(), 2, theme.state(state))
            .write(&plain(&service.name), name_style);
    }
    let room = usize::from(area.height.saturating_sub(HEADING));
    let left_out = wave.len().saturating_sub(column.first + room);
    if left_out > 0 && room > 0 {
        let text = format!(" … {} more", left_out + 1);
        let width = usize::from(inner.width);
        let row = format!("{text:width$}");
        RowWriter::new(buffer, inner, area.height - 1).write(&row, theme.dim());
    }
}
