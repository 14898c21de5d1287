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

/// Columns for what stands behind a name: at least, and at most.
const LEAST_BESIDE: u16 = 8;
const MOST_BESIDE: u16 = 48;

/// Rows of a column above its services.
const HEADING: u16 = 2;

/// A wave on the screen.
struct Column<'a> {
    area: Rect,
    /// Columns of one service; where there is more width than that, services go on beside those that fill the height.
    lane: u16,
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
    let row = usize::from((place.y - column.area.y).checked_sub(HEADING)?);
    let lane = usize::from((place.x - column.area.x) / column.lane.max(1));
    let index = column.first + lane * column.rows() + row;
    Some(Arc::clone(&column.services.get(index)?.name))
}

impl Column<'_> {
    /// Rows for services.
    fn rows(&self) -> usize {
        usize::from(self.area.height.saturating_sub(HEADING))
    }

    fn lanes(&self) -> usize {
        usize::from(self.area.width / self.lane.max(1)).max(1)
    }
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
    let rows = usize::from(board.height.saturating_sub(HEADING)).max(1);
    let widths: Vec<u16> = waves.iter().map(|wave| width(wave)).collect();
    let lanes = lanes(&waves, &widths, rows, board.width);
    let count: u16 = lanes.iter().sum();
    let taken: u16 = lanes
        .iter()
        .zip(&widths)
        .map(|(lanes, width)| lanes * width)
        .sum();
    // What is left over is for durations and reasons.
    let more = (board.width.saturating_sub(taken) / count.max(1)).min(MOST_BESIDE);
    let more = if more < LEAST_BESIDE { 0 } else { more };
    let widths: Vec<u16> = widths.iter().map(|width| width + more).collect();
    let all: Vec<u16> = lanes
        .iter()
        .zip(&widths)
        .map(|(lanes, width)| lanes * width)
        .collect();
    let at = waves.iter().position(|wave| wave.iter().any(is_selected));
    let first = first_column(&all, at.unwrap_or(0), board.width);
    let last = waves.len().saturating_sub(1);
    let mut x = board.x;
    let mut columns = Vec::new();
    for (index, services) in waves.into_iter().enumerate().skip(first) {
        let left = board.right().saturating_sub(x);
        // A count that was cut would be another count.
        if left == 0 || x > board.x && left < heading_width(&services) {
            break;
        }
        let area = Rect {
            x,
            width: all[index].min(board.right() - x),
            ..board
        };
        let place = services.iter().position(is_selected);
        let shown = rows * usize::from(lanes[index]);
        columns.push(Column {
            area,
            lane: widths[index],
            first: place.map_or(0, |place| (place + 1).saturating_sub(shown)),
            services,
            has_next: index < last,
        });
        x = x.saturating_add(all[index]);
    }
    columns
}

/// How many services of each wave stand beside each other: one, and more where the height is too small for all of them
/// and the width is not.
fn lanes(waves: &[Vec<&ServiceModel>], widths: &[u16], rows: usize, room: u16) -> Vec<u16> {
    let all: u32 = widths.iter().map(|width| u32::from(*width)).sum();
    let mut left = u32::from(room).saturating_sub(all);
    let lanes = waves.iter().zip(widths).map(|(wave, width)| {
        let width = u32::from(*width).max(1);
        let wanted = wave.len().div_ceil(rows).saturating_sub(1);
        let more = u32::try_from(wanted).unwrap_or(u32::MAX).min(left / width);
        left -= more * width;
        u16::try_from(1 + more).unwrap_or(1)
    });
    lanes.collect()
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
    let widths = wave.iter().map(|service| service.name.width() + 7);
    u16::try_from(widths.max().unwrap_or(0))
        .unwrap_or(WIDEST)
        .clamp(NARROWEST, WIDEST)
        .max(heading_width(wave) + 4)
}

/// Columns of the heading of a wave, a blank before it included.
fn heading_width(wave: &[&ServiceModel]) -> u16 {
    let (number, count) = heading(wave);
    u16::try_from(number.width() + count.width() + 2).unwrap_or(u16::MAX / 2)
}

/// The number of a wave, and how many of it are up.
fn heading(wave: &[&ServiceModel]) -> (String, String) {
    let up = wave.iter().filter(|service| service.is_up()).count();
    let number = wave.first().and_then(|service| service.details.wave);
    let number = number.map_or_else(|| "?".to_owned(), |wave| wave.to_string());
    (format!("wave {number}"), format!("{up}/{}", wave.len()))
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
    let (number, count) = heading(wave);
    let style = if wave.iter().all(|service| service.is_up()) {
        theme.good()
    } else {
        theme.dim()
    };
    let bold = theme.text().add_modifier(Modifier::BOLD);
    let mut writer = RowWriter::new(buffer, area, 0);
    writer
        .skip(1)
        .write(&number, bold)
        .skip(1)
        .write(&count, style);
    if column.has_next && area.width > heading_width(wave) + 2 {
        let arrow = Rect {
            x: area.right().saturating_sub(2),
            width: 1,
            ..area
        };
        RowWriter::new(buffer, arrow, 0).write("→", style);
    }
    let rule = "─".repeat(usize::from(area.width.saturating_sub(3)));
    RowWriter::new(buffer, area, 1)
        .skip(1)
        .write(&rule, theme.dim());
    let shown = column.rows() * column.lanes();
    for (index, service) in wave.iter().skip(column.first).take(shown).enumerate() {
        let lane = u16::try_from(index / column.rows().max(1)).unwrap_or(0);
        let y = u16::try_from(index % column.rows().max(1)).unwrap_or(0);
        let left = Rect {
            x: area.x + lane * column.lane,
            width: column.lane.saturating_sub(1),
            ..area
        };
        draw_service(
            model,
            service,
            (left.intersection(area), HEADING + y),
            buffer,
        );
    }
    let left_out = wave.len().saturating_sub(column.first + shown);
    if left_out > 0 && shown > 0 {
        let lane = u16::try_from(column.lanes() - 1).unwrap_or(0);
        let last = Rect {
            x: area.x + lane * column.lane,
            width: column.lane.saturating_sub(1),
            ..area
        };
        let last = last.intersection(area);
        let text = format!(" … {} more", left_out + 1);
        let width = usize::from(last.width);
        let row = format!("{text:width$}");
        RowWriter::new(buffer, last, area.height - 1).write(&row, theme.dim());
    }
}

/// A service with its state, and behind it, where there is space, how long its start took, or why it is not up.
fn draw_service(
    model: &Model,
    service: &ServiceModel,
    (area, y): (Rect, u16),
    buffer: &mut Buffer,
) {
    let theme = model.theme;
    let selected = model.services.current();
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
    let mut writer = RowWriter::new(buffer, area, y);
    writer
        .write(relation, theme.accent())
        .column(state.symbol(), 2, theme.state(state))
        .write(&plain(&service.name), name_style);
    let beside = match (service.is_up(), service.took) {
        (true, took) => took.map(crate::tui::format::duration),
        (false, _) => reasons::of(service),
    };
    if let Some(beside) = beside
        && writer.left() >= LEAST_BESIDE
    {
        writer.skip(1).write(&beside, theme.dim());
    }
}
