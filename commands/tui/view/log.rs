//! The log panel.

use std::ops::ControlFlow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use flowlayer_core::facts::Stream;

use super::blank;
use super::layout::{self, Areas};
use super::log_heading;
use super::row_writer::{RowWriter, panel, title_room};
use crate::terminal::sanitize;
use crate::tui::cells::{self, Piece, Wrap, plain};
use crate::tui::format::{self, Clock};
use crate::tui::log::viewport::Start;
use crate::tui::log::window::Newer;
use crate::tui::log::{Content, Geometry, Item};
use crate::tui::model::{Model, Panel};
use crate::tui::service::ServiceModel;

pub(super) fn draw(model: &Model, areas: &Areas, buffer: &mut Buffer) {
    let theme = model.theme;
    let has_focus = model.has_focus(Panel::Logs);
    let room = title_room(areas.main, areas.edges);
    let (title, right) = log_heading::titles(model, has_focus, room);
    panel(
        buffer,
        areas.main,
        areas.edges,
        theme.edge(has_focus),
        &title,
        &right,
    );
    let inside = areas.inside(areas.main);
    let rows = areas.log_rows();
    if model.is_blank() {
        return blank::draw(model, inside, buffer);
    }
    if rows.y > inside.y {
        log_heading::strip(model, inside, buffer);
    }
    if model.logs.window.items().is_empty() {
        blank::draw(model, rows, buffer);
    } else {
        items(model, rows, buffer);
    }
}

fn items(model: &Model, rows: Rect, buffer: &mut Buffer) {
    let columns = Columns {
        clock: layout::clock(model, rows.width),
        number: layout::number_width(model),
        name: layout::name_width(model, rows.width),
        gutter: layout::gutter(model, rows.width),
        geometry: layout::geometry(model),
    };
    let geometry = columns.geometry;
    let logs = &model.logs;
    let Start { index, mut skip } = logs.position.start(&logs.window, geometry);
    let mut y = 0;
    let mut previous = index
        .checked_sub(1)
        .and_then(|index| logs.window.items().get(index));
    for item in logs.window.items().iter().skip(index) {
        if y >= rows.height {
            break;
        }
        let is_after_gap = previous.is_some_and(|previous| {
            logs.filter.is_everything() && item.place.seq > previous.place.seq + 1
        });
        let area = Rect {
            y: rows.y + y,
            height: rows.height - y,
            ..rows
        };
        let height = geometry.rows(item) - skip;
        draw_item(model, item, &columns, (area, skip), is_after_gap, buffer);
        let height = u16::try_from(height).unwrap_or(u16::MAX).min(area.height);
        if logs
            .selection
            .is_some_and(|selection| selection.contains(item.place))
        {
            buffer.set_style(Rect { height, ..area }, model.theme.selected(true));
        }
        y += height;
        skip = 0;
        previous = Some(item);
    }
}

/// The width of the prefix before the text; the same for all rows of a frame.
struct Columns {
    clock: Clock,
    number: u16,
    name: u16,
    gutter: u16,
    geometry: Geometry,
}

fn draw_item(
    model: &Model,
    item: &Item,
    columns: &Columns,
    (area, skip): (Rect, usize),
    is_after_gap: bool,
    buffer: &mut Buffer,
) {
    let theme = model.theme;
    if let Content::Mark(number) = item.content {
        let time = format::time(item.at, Clock::Time, &model.zone);
        let since = lines_since(model, item);
        let logs = &model.logs;
        let errors = logs.errors.since(number, |name| logs.filter.has(name));
        let errors = match errors {
            0 => String::new(),
            errors => format!(", {}", format::count(errors, "error")),
        };
        let text = format!("──── mark {number} · {time} · {since}{errors} since ");
        let mut writer = RowWriter::new(buffer, area, 0);
        writer.write(&text, theme.warning());
        let line = "─".repeat(usize::from(writer.left()));
        writer.write(&line, theme.warning());
        return;
    }
    let (gutter, name_width, clock) = (columns.gutter, columns.name, columns.clock);
    if skip == 0 {
        let before = Rect {
            width: gutter,
            ..area
        };
        let time = shown_time(model, item, clock);
        let mut writer = RowWriter::new(buffer, before, 0);
        writer.skip(1).column(&time, clock.width(), theme.dim());
        if columns.number > 0 {
            let number = if item.is_line() {
                item.place.seq.to_string()
            } else {
                String::new()
            };
            let width = usize::from(columns.number - 1);
            let number = format!("{number:>width$}");
            writer.column(&number, columns.number, theme.dim());
        }
        if name_width > 0 {
            let name = item.service.as_deref().unwrap_or("");
            let style = model
                .services
                .get(name)
                .map_or(theme.dim(), |service| theme.service(service.rank));
            writer.column(&plain(name), name_width, style).skip(1);
        }
    }
    edge(model, item, (area, skip), columns, buffer);
    let text_area = Rect {
        x: area.x + gutter,
        width: area.width - gutter,
        ..area
    };
    let height = columns.geometry.rows(item) - skip;
    let separator = match &item.content {
        _ if is_after_gap && skip == 0 => ("┊", theme.warning()),
        Content::Line {
            stream: Stream::Stderr,
            ..
        } => ("┃", theme.bad()),
        Content::Event { .. } => ("◆", theme.accent()),
        _ => ("│", theme.dim()),
    };
    for y in 0..u16::try_from(height).unwrap_or(u16::MAX).min(area.height) {
        let edge = Rect {
            x: (area.x + gutter).saturating_sub(2).max(area.x),
            width: 2,
            ..area
        };
        let edge = edge.intersection(area);
        let is_first_row = skip == 0 && y == 0;
        let symbol = match &item.content {
            // It happened once.
            Content::Event { .. } if !is_first_row => " ",
            _ => separator.0,
        };
        RowWriter::new(buffer, edge, y).write(symbol, separator.1);
    }
    let base = match &item.content {
        Content::Line { .. } => theme.text(),
        Content::Event { tone, .. } => theme.tone(*tone).add_modifier(Modifier::ITALIC),
        Content::Mark(_) => return,
    };
    let text = columns.geometry.text(item);
    paint(model, item, (&text, base), text_area, skip, buffer);
}

/// What stands before everything else in the rows of an item: how serious it is, or that it was found.
fn edge(
    model: &Model,
    item: &Item,
    (area, skip): (Rect, usize),
    columns: &Columns,
    buffer: &mut Buffer,
) {
    let logs = &model.logs;
    let current = logs.search.as_ref().and_then(|search| search.current);
    let level = item.level().and_then(|level| model.theme.level(level));
    let edge = Rect {
        width: columns.gutter.min(1),
        ..area
    };
    let height = columns.geometry.rows(item) - skip;
    for y in 0..u16::try_from(height).unwrap_or(u16::MAX).min(area.height) {
        let is_first_row = skip == 0 && y == 0;
        let mut writer = RowWriter::new(buffer, edge, y);
        if is_first_row && [logs.found_here, current].contains(&Some(item.place)) {
            // What the filter has shown among what is around it, or the search among what else matches.
            writer.write("▸", model.theme.accent());
        } else if let Some((symbol, style)) = level {
            writer.write(symbol, style);
        }
    }
}

/// How many lines of what is shown have come since.
fn lines_since(model: &Model, mark: &Item) -> String {
    let logs = &model.logs;
    if logs.filter.is_everything() {
        let count = logs.recent.last_seq().saturating_sub(mark.place.seq);
        return format::count(count, "line");
    }
    let items = logs.window.items();
    let after = items.range(logs.window.index_of(mark.place)..);
    let count = after.filter(|item| item.is_line()).count();
    let more = if logs.window.newer == Newer::Live {
        ""
    } else {
        "+"
    };
    format!("{}{more}", format::count(count as u64, "line"))
}

/// When it was, as the user wants it.
pub(crate) fn shown_time(model: &Model, item: &Item, clock: Clock) -> String {
    if clock != Clock::SinceStart {
        return format::time(item.at, clock, &model.zone);
    }
    let service = item.service.as_deref();
    let service = service.and_then(|name| model.services.get(name));
    let start = service.and_then(ServiceModel::started);
    start.map_or_else(String::new, |start| format::since_start(item.at - start))
}

/// Draws a cell that is known to fit: what [`Buffer::set_stringn`] does, without finding out again
/// where its graphemes are and how wide.
fn put(buffer: &mut Buffer, (x, y): (u16, u16), cell: &cells::Cell<'_>, style: Style) {
    let is_tab = cell.symbol.starts_with(' ');
    for (offset, x) in (0..cell.width).zip(x..) {
        let Some(target) = buffer.cell_mut((x, y)) else {
            return;
        };
        match (offset, is_tab) {
            (0, false) => target.set_symbol(cell.symbol),
            // The second half of a wide character is empty.
            (_, false) => {
                target.reset();
                continue;
            }
            (_, true) => target.set_symbol(" "),
        };
        target.set_style(style);
    }
}

/// Puts the cells of a line where they belong.
fn paint(
    model: &Model,
    item: &Item,
    (text, base): (&str, Style),
    area: Rect,
    skip: usize,
    buffer: &mut Buffer,
) {
    if area.is_empty() {
        return;
    }
    let search = model.logs.search.as_ref();
    let is_current = search.is_some_and(|search| search.current == Some(item.place));
    let hits = search.map(|search| search.sought.ranges(&sanitize::text(text)));
    let mut hits = hits.unwrap_or_default().into_iter().peekable();
    let columns = usize::from(area.width);
    let is_wrapped = model.logs.wrap;
    let shift = if is_wrapped { 0 } else { model.logs.shift };
    let mut wrap = Wrap::new(if is_wrapped { columns } else { usize::MAX });
    let mut is_cut = false;
    let mut one = |wrap: &mut Wrap, cell: cells::Cell<'_>| {
        let (row, column) = wrap.place(cell.width);
        if row < skip || column < shift {
            return ControlFlow::Continue(());
        }
        let (row, column) = (row - skip, column - shift);
        if row >= usize::from(area.height) {
            return ControlFlow::Break(());
        }
        if column + cell.width > columns {
            is_cut = true;
            return if is_wrapped {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            };
        }
        while hits.next_if(|hit| hit.end <= cell.offset).is_some() {}
        let mut style = base.patch(cell.style);
        if hits.peek().is_some_and(|hit| hit.contains(&cell.offset)) {
            style = style.patch(model.theme.hit(is_current));
        }
        // Both are inside the area, whose edges are 16 bits wide.
        #[expect(clippy::cast_possible_truncation, reason = "see above")]
        let (x, y) = (area.x + column as u16, area.y + row as u16);
        put(buffer, (x, y), &cell, style);
        ControlFlow::Continue(())
    };
    cells::pieces(text, model.theme.colored, |piece| {
        let left = shift.saturating_sub(wrap.column());
        if matches!(piece, Piece::Run(_)) {
            wrap.run(left.min(piece.width()));
        }
        piece.cells(left).try_for_each(|cell| one(&mut wrap, cell))
    });
    let edge = Rect { height: 1, ..area };
    if is_cut && !is_wrapped {
        let last = Rect {
            x: edge.right() - 1,
            width: 1,
            ..edge
        };
        // What is wide is not drawn by half.
        let before = buffer.cell_mut((last.x.wrapping_sub(1), last.y));
        if let Some(cell) = before.filter(|cell| last.x > area.x && cell.symbol().width() > 1) {
            cell.set_symbol(" ");
        }
        RowWriter::new(buffer, last, 0).write("›", model.theme.dim());
    }
    if shift > 0 && !text.is_empty() {
        RowWriter::new(buffer, edge, 0).write("‹", model.theme.dim());
    }
}
