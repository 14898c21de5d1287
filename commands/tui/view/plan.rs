//! The plan: one column a wave, with the states as they are.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

use super::layout::Areas;
use super::pen::{Pen, panel};
use crate::tui::ansi::plain;
use crate::tui::model::Model;
use crate::tui::service::Service;
use crate::tui::theme::Look;

/// Columns of a wave: at least, and at most.
const NARROWEST: u16 = 14;
const WIDEST: u16 = 34;

pub(super) fn draw(model: &Model, areas: &Areas, buffer: &mut Buffer) {
    let theme = model.theme;
    let title = [Span::styled(" plan ", theme.accent())];
    let waves = waves(model.services.all());
    let count = format!(
        " {}, {} ",
        crate::tui::words::count(model.services.all().len(), "service"),
        crate::tui::words::count(waves.len(), "wave")
    );
    panel(
        buffer,
        areas.main,
        areas.has_edges,
        theme.edge(true),
        &title,
        &[Span::styled(count, theme.dim())],
    );
    let inside = areas.inside(areas.main);
    if inside.is_empty() {
        return;
    }
    let selected = model.services.current();
    // The last rows say why, of the service that is selected.
    let reason = selected.and_then(Service::reason);
    let below = if inside.height > 6 { 2 } else { 0 };
    let board = Rect {
        height: inside.height - below,
        ..inside
    };
    let widths: Vec<u16> = waves.iter().map(|wave| width(wave)).collect();
    let at = waves
        .iter()
        .position(|wave| {
            selected
                .is_some_and(|selected| wave.iter().any(|service| service.name == selected.name))
        })
        .unwrap_or(0);
    let first = first_column(&widths, at, board.width);
    let mut x = board.x;
    for (index, (wave, width)) in waves.iter().zip(&widths).enumerate().skip(first) {
        if x >= board.right() {
            break;
        }
        let column = Rect {
            x,
            width: (*width).min(board.right() - x),
            ..board
        };
        draw_wave(model, index, wave, column, index + 1 < waves.len(), buffer);
        x += *width;
    }
    if below > 0 {
        let y = inside.height - 1;
        let mut pen = Pen::new(buffer, inside, y);
        pen.skip(1);
        match selected {
            Some(service) => {
                let look = Look::of(service);
                pen.write(
                    &plain(&service.name),
                    theme.text().add_modifier(Modifier::BOLD),
                );
                pen.skip(1).write(look.word(), theme.look(look));
                if let Some(reason) = reason {
                    pen.write(" · ", theme.dim()).write(&reason, theme.text());
                }
            }
            None => {
                pen.write(
                    "each wave starts when the one before it has resolved; ↑↓←→ select",
                    theme.dim(),
                );
            }
        }
    }
}

fn waves(services: &[Service]) -> Vec<Vec<&Service>> {
    let mut waves: Vec<Vec<&Service>> = Vec::new();
    for service in services {
        match waves.last_mut() {
            Some(wave) if wave[0].details.wave == service.details.wave => wave.push(service),
            _ => waves.push(vec![service]),
        }
    }
    waves
}

fn width(wave: &[&Service]) -> u16 {
    let widest = wave
        .iter()
        .map(|service| service.name.width())
        .max()
        .unwrap_or(0);
    u16::try_from(widest)
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

fn draw_wave(
    model: &Model,
    index: usize,
    wave: &[&Service],
    area: Rect,
    has_next: bool,
    buffer: &mut Buffer,
) {
    let theme = model.theme;
    let up = wave.iter().filter(|service| service.is_up()).count();
    let is_up = up == wave.len();
    let number = wave[0]
        .details
        .wave
        .map_or_else(|| "?".to_owned(), |wave| wave.to_string());
    let mut pen = Pen::new(buffer, area, 0);
    pen.skip(1).write(
        &format!("wave {number}"),
        theme.text().add_modifier(Modifier::BOLD),
    );
    pen.skip(1).write(
        &format!("{up}/{}", wave.len()),
        if is_up { theme.good() } else { theme.dim() },
    );
    if has_next && area.width > NARROWEST - 1 {
        let arrow = Rect {
            x: area.right().saturating_sub(2),
            width: 1,
            ..area
        };
        Pen::new(buffer, arrow, 0).write("→", if is_up { theme.good() } else { theme.dim() });
    }
    let line = "─".repeat(usize::from(area.width.saturating_sub(3)));
    Pen::new(buffer, area, 1).skip(1).write(&line, theme.dim());
    let _ = index;
    let selected = model.services.current();
    let related = selected.and_then(|selected| model.facts.get(&*selected.name));
    let place = wave
        .iter()
        .position(|service| selected.is_some_and(|selected| selected.name == service.name));
    let room = usize::from(area.height.saturating_sub(2));
    let first = place.map_or(0, |place| (place + 1).saturating_sub(room));
    for (y, service) in (2..area.height).zip(wave.iter().skip(first)) {
        let look = Look::of(service);
        let is_selected = selected.is_some_and(|selected| selected.name == service.name);
        let name_style = if is_selected {
            theme.selected(true)
        } else {
            theme.text()
        };
        let relation = related.map_or(" ", |facts| {
            let is_in = |names: &[String]| names.iter().any(|name| **name == *service.name);
            match (is_in(&facts.depends_on), is_in(&facts.dependents)) {
                (true, _) => "‹",
                (_, true) => "›",
                _ => " ",
            }
        });
        let inner = Rect {
            width: area.width.saturating_sub(1),
            ..area
        };
        let mut pen = Pen::new(buffer, inner, y);
        pen.write(relation, theme.accent())
            .column(look.sign(), 2, theme.look(look));
        pen.write(&plain(&service.name), name_style);
    }
    let left_out = wave.len().saturating_sub(first + room);
    if left_out > 0 && area.height > 2 {
        let text = format!("… {} more", left_out + 1);
        let row = Rect {
            width: area.width.saturating_sub(1),
            ..area
        };
        let blank = " ".repeat(usize::from(row.width));
        Pen::new(buffer, row, area.height - 1).write(&blank, theme.dim());
        Pen::new(buffer, row, area.height - 1)
            .skip(1)
            .write(&text, theme.dim());
    }
}
