//! The list of services: wave, symbol, name, state, and why it is not up.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::layout::Areas;
use super::list_rows::{INDENT, ListRow, list_rows};
use super::row_writer::{RowWriter, panel};
use crate::terminal::status::State;
use crate::tui::cells::plain;
use crate::tui::format;
use crate::tui::model::{Model, Panel};
use crate::tui::prompt::Purpose;
use crate::tui::service::ServiceModel;

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
    let mut title = vec![Span::styled(" services ", title_style)];
    if model.services.is_filtered() || model.is_typing(Purpose::FilterServices) {
        title.push(Span::styled(
            format!("/{} ", model.services_filter),
            theme.warning(),
        ));
    }
    let shown = model.services.shown().len();
    let all = model.services.all().len();
    let count = if shown == all {
        format!(" {all} ")
    } else {
        format!(" {shown} of {all} ")
    };
    let edge = theme.edge(has_focus);
    panel(
        buffer,
        areas.list,
        areas.has_edges,
        edge,
        &title,
        &[Span::styled(count, theme.dim())],
    );

    let inside = areas.inside(areas.list);
    let rows = list_rows(model, inside);
    let selected = model.services.row();
    let mut previous_wave = None;
    for (y, row) in (0..inside.height).zip(&rows) {
        let is_selected = selected == Some(row.row());
        if is_selected {
            let place = Rect {
                y: inside.y + y,
                height: 1,
                ..inside
            };
            buffer.set_style(place, theme.selected(has_focus));
        }
        match row {
            ListRow::Main(0) => all_logs(model, inside, y, is_selected, buffer),
            ListRow::Main(row) => {
                if let Some(service) = model.services.shown().nth(row - 1) {
                    let wave = service.details.wave;
                    let is_first = previous_wave != Some(wave);
                    previous_wave = Some(wave);
                    main(model, service, (inside, y), (is_first, is_selected), buffer);
                }
            }
            ListRow::Reason {
                row,
                text,
                is_first,
            } => {
                let service = row.checked_sub(1);
                let service = service.and_then(|index| model.services.shown().nth(index));
                let style = match service.map(ServiceModel::state) {
                    _ if is_selected => theme.selected(has_focus),
                    Some(State::Failed) => theme.bad(),
                    _ => theme.dim(),
                };
                RowWriter::new(buffer, inside, y)
                    .skip(INDENT - 2)
                    .write(if *is_first { "└ " } else { "  " }, style)
                    .write(text, style);
            }
        }
    }
    more(model, inside, &rows, buffer);
}

/// Marks that the list continues above or below.
fn more(model: &Model, inside: Rect, rows: &[ListRow], buffer: &mut Buffer) {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        return;
    };
    let column = Rect {
        x: inside.right().saturating_sub(1),
        width: inside.width.min(1),
        ..inside
    };
    if first.row() > 0 {
        RowWriter::new(buffer, column, 0).write("↑", model.theme.dim());
    }
    if last.row() + 1 < model.services.rows() {
        RowWriter::new(buffer, column, inside.height.saturating_sub(1))
            .write("↓", model.theme.dim());
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
    writer.skip(1).write("all logs", style);
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
        if is_selected && theme.colored {
            selected
        } else {
            style
        }
    };
    let state = service.state();
    let wave = match service.details.wave {
        Some(wave) if is_first_of_wave => wave.to_string(),
        _ => String::new(),
    };
    let mut writer = RowWriter::new(buffer, inside, y);
    writer.column(&wave, 3, style(theme.dim()));
    let symbol = if is_selected && theme.colored {
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
        writer.column(&format!("{age:>4}"), 4, style(theme.dim()));
    }
}
