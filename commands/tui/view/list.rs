//! The list of services: wave, symbol, name, state, and why it is not up.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::layout::Areas;
use super::list_rows::{ListRows, list_rows};
use super::row_writer::{RowWriter, panel};
use crate::terminal::status::State;
use crate::tui::cells::plain;
use crate::tui::format;
use crate::tui::model::{Model, Panel};
use crate::tui::prompt::Purpose;
use crate::tui::service::ServiceModel;
use crate::tui::services::Order;

/// Columns of the state at the right: `stopping 59s`.
const STATE: u16 = 12;

pub(super) fn draw(model: &Model, areas: &Areas, buffer: &mut Buffer) {
    let theme = model.theme;
    let has_focus = model.has_focus(Panel::Services);
    let title_style = if has_focus {
        theme.accent()
    } else {
        theme.dim()
    };
    let services = &model.services;
    let mut title = vec![Span::styled(" services ", title_style)];
    if services.order() != Order::default() {
        let order = format!("{} ", services.order().label());
        title.push(Span::styled(order, theme.dim()));
    }
    if services.is_only_down() {
        title.push(Span::styled("not up ", theme.warning()));
    }
    if !model.services_filter.is_empty() || model.is_typing(Purpose::FilterServices) {
        title.push(Span::styled(
            format!("/{} ", model.services_filter),
            theme.warning(),
        ));
    }
    let (shown, all) = (services.shown().len(), services.all().len());
    let count = match (services.marks().0, shown) {
        (0, shown) if shown == all => format!(" {all} "),
        (0, shown) => format!(" {shown} of {all} "),
        (marked, _) => format!(" {marked} marked "),
    };
    let edge = theme.edge(has_focus);
    panel(
        buffer,
        areas.list,
        areas.edges,
        edge,
        &title,
        &[Span::styled(count, theme.dim())],
    );

    let inside = areas.inside(areas.list);
    let rows = list_rows(model, inside);
    let selected = model.services.row();
    let mut previous_wave = None;
    for (y, row) in (0..inside.height).zip(rows.shown.clone()) {
        let is_selected = selected == Some(row);
        if is_selected {
            let place = Rect {
                y: inside.y + y,
                height: 1,
                ..inside
            };
            buffer.set_style(place, theme.selected(has_focus));
        }
        match model.services.in_row(row) {
            None => all_logs(model, inside, y, is_selected, buffer),
            Some(service) => {
                let wave = service.details.wave;
                let is_first = previous_wave != Some(wave);
                previous_wave = Some(wave);
                main(model, service, (inside, y), (is_first, is_selected), buffer);
            }
        }
    }
    more(model, inside, &rows, buffer);
    reasons(model, inside, &rows, buffer);
    if !model.is_connected() {
        // What it shows is how things were.
        buffer.set_style(inside, theme.dim());
    }
}

/// Why services are not up, below all of them.
fn reasons(model: &Model, inside: Rect, rows: &ListRows, buffer: &mut Buffer) {
    let theme = model.theme;
    let row_of = |y: usize| u16::try_from(y).unwrap_or(u16::MAX);
    if let Some(rule) = rows.rule {
        let title = match rows.more {
            0 => "─ why ".to_owned(),
            more => format!("─ why, and {more} more "),
        };
        let mut writer = RowWriter::new(buffer, inside, row_of(rule));
        writer.write(&title, theme.dim());
        let line = "─".repeat(usize::from(writer.left()));
        writer.write(&line, theme.dim());
    }
    for (y, reason) in (rows.start..).zip(&rows.reasons) {
        let Some(service) = model.services.in_row(reason.row) else {
            continue;
        };
        let state = service.state();
        let style = match state {
            State::Failed => theme.bad(),
            _ => theme.dim(),
        };
        let symbol = if reason.name.is_empty() {
            ""
        } else {
            state.symbol()
        };
        RowWriter::new(buffer, inside, row_of(y))
            .skip(1)
            .column(symbol, 2, theme.state(state))
            .write(&reason.name, theme.text())
            .write(&reason.text, style);
    }
}

/// Marks that the list continues above or below.
fn more(model: &Model, inside: Rect, rows: &ListRows, buffer: &mut Buffer) {
    let column = Rect {
        x: inside.right().saturating_sub(1),
        width: inside.width.min(1),
        ..inside
    };
    let Some(last) = rows.shown.len().checked_sub(1) else {
        return;
    };
    if rows.shown.start > 0 {
        RowWriter::new(buffer, column, 0).write("↑", model.theme.dim());
    }
    if rows.shown.end < model.services.rows() {
        let y = u16::try_from(last).unwrap_or(u16::MAX);
        RowWriter::new(buffer, column, y).write("↓", model.theme.dim());
    }
}

fn all_logs(model: &Model, inside: Rect, y: u16, is_selected: bool, buffer: &mut Buffer) {
    let theme = model.theme;
    let style = if is_selected {
        theme.selected(model.has_focus(Panel::Services))
    } else {
        theme.text()
    };
    let mut writer = RowWriter::new(buffer, inside, y);
    writer
        .skip(3)
        .write("≡", if is_selected { style } else { theme.accent() });
    let name = match (model.services.is_filtered(), model.services.shown().len()) {
        (false, _) => "all logs".to_owned(),
        (true, 0) if model.services.is_only_down() => "everything is up".to_owned(),
        (true, 0) => "no service matches".to_owned(),
        (true, 1) => "the one shown".to_owned(),
        (true, shown) => format!("the {shown} shown"),
    };
    writer.skip(1).write(&name, style);
    let mut tally = super::header::tally(model);
    if is_selected {
        for span in &mut tally {
            span.style = style;
        }
    }
    tally.truncate(1);
    tally.push(Span::raw(" "));
    writer.right(&tally);
}

fn main(
    model: &Model,
    service: &ServiceModel,
    (inside, y): (Rect, u16),
    (is_first_of_wave, is_selected): (bool, bool),
    buffer: &mut Buffer,
) {
    let theme = model.theme;
    let selected = theme.selected(model.has_focus(Panel::Services));
    let style = |style| {
        if is_selected && theme.has_ground() {
            selected
        } else {
            style
        }
    };
    let state = service.state();
    let is_marked = model.services.is_marked(&service.name);
    let wave = match service.details.wave {
        _ if is_marked => " *".to_owned(),
        Some(wave) if is_first_of_wave => wave.to_string(),
        _ => String::new(),
    };
    let mut writer = RowWriter::new(buffer, inside, y);
    let wave_style = if is_marked {
        theme.accent()
    } else {
        theme.dim()
    };
    writer.column(&wave, 3, style(wave_style));
    let symbol = if is_selected && theme.has_ground() {
        // The symbol keeps its colour on the selection's ground.
        theme.state(state).bg(selected.bg.unwrap_or_default())
    } else {
        theme.state(state)
    };
    writer.column(state.symbol(), 2, symbol);
    let state_width = if writer.left() > STATE + 8 { STATE } else { 0 };
    // The last column is for the arrows that mark a list that continues.
    let name_width = writer.left() - state_width - u16::from(state_width > 0);
    writer
        .column(
            &plain(&service.name),
            name_width.saturating_sub(1),
            style(theme.text()),
        )
        .skip(1);
    if state_width > 0 {
        let since = service
            .details
            .since
            .map(|since| format::age(model.now - since.0));
        writer.column(state.word(), 8, style(theme.state(state)));
        let age = since.unwrap_or_default();
        let (last, last_style) = match model.logs.errors.unread(&service.name) {
            0 => (age, theme.dim()),
            // Errors that nobody has seen are worth more than an age.
            errors @ 1..1_000 => (format!("E{errors}"), theme.bad()),
            _ => ("E1k+".to_owned(), theme.bad()),
        };
        writer.column(&format!("{last:>4}"), 4, style(last_style));
    }
}
