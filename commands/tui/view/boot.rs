//! The boot: a bar for each service, from its start until it was up, and what those that are not up wait for.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::layout::{self, Areas};
use super::row_writer::{RowWriter, panel};
use crate::terminal::status::State;
use crate::tui::cells::plain;
use crate::tui::format;
use crate::tui::model::{Model, Panel};
use crate::tui::reasons;
use crate::tui::service::ServiceModel;

/// Columns of the longest name that is not cut.
const WIDEST_NAME: usize = 24;
/// Columns of the time behind a bar.
const TOOK: u16 = 8;

/// The time that the bars cover, in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
struct Scale {
    first: i64,
    last: i64,
    columns: usize,
}

impl Scale {
    fn new(model: &Model, columns: usize) -> Self {
        let spans = || {
            model
                .services
                .all()
                .iter()
                .filter_map(|it| span(it, model.now))
        };
        let first = spans().map(|(from, _)| from).min().unwrap_or(model.now);
        let last = spans().map(|(_, to)| to).max().unwrap_or(model.now);
        let last = last.max(first + 1);
        Self {
            first,
            last,
            columns,
        }
    }

    fn column(&self, at: i64) -> usize {
        let all = u128::try_from(self.last - self.first).unwrap_or(1).max(1);
        let part = u128::try_from(at.saturating_sub(self.first)).unwrap_or(0);
        usize::try_from(part * self.columns as u128 / all)
            .unwrap_or(usize::MAX)
            .min(self.columns)
    }

    /// Blanks, and the bar after them, which is one column wide at least.
    fn bar(&self, (from, to): (i64, i64)) -> (usize, usize) {
        let start = self.column(from).min(self.columns.saturating_sub(1));
        (start, self.column(to).saturating_sub(start).max(1))
    }
}

/// From when until when a service was starting, as far as it was seen.
fn span(service: &ServiceModel, now: i64) -> Option<(i64, i64)> {
    let is_under_way = matches!(service.state(), State::Starting | State::Running);
    let since = service.details.since.map(|since| since.0);
    // A start that had begun before anybody looked is at least as old as its last step.
    let began = service.began.or(since.filter(|_| is_under_way))?;
    let ended = match service.took {
        Some(took) => began + took,
        // A failure ended the start.
        None if !service.has_process() => service.details.since?.0,
        None => now,
    };
    Some((began, ended.max(began)))
}

pub(super) fn draw(model: &Model, areas: &Areas, buffer: &mut Buffer) {
    let theme = model.theme;
    let has_focus = model.has_focus(Panel::Logs);
    let services = model.services.all();
    let up = services.iter().filter(|it| it.is_up()).count();
    let title = [
        Span::styled(" boot ", theme.title(has_focus)),
        Span::styled(format!("{up}/{} up ", services.len()), theme.dim()),
    ];
    let inside = areas.inside(areas.main);
    let columns = bar_columns(model, inside);
    let scale = Scale::new(model, columns);
    let whole = format!(" {} ", format::duration(scale.last - scale.first));
    let right = [Span::styled(whole, theme.dim())];
    let edge = theme.edge(has_focus);
    panel(buffer, areas.main, areas.edges, edge, &title, &right);
    let scroll = model.detail_scroll.min(last_row(model));
    let rows = (0..inside.height).zip(services.iter().enumerate().skip(scroll));
    for (y, (index, service)) in rows {
        let before = index.checked_sub(1).and_then(|before| services.get(before));
        let wave = service.details.wave;
        let is_first = y == 0 || before.is_none_or(|before| before.details.wave != wave);
        let wave = wave.filter(|_| is_first).map(|wave| wave.to_string());
        row(
            model,
            service,
            &wave.unwrap_or_default(),
            scale,
            (inside, y),
            buffer,
        );
    }
}

/// The furthest it can be scrolled.
pub(crate) fn last_row(model: &Model) -> usize {
    let areas = layout::areas(model);
    let height = usize::from(areas.inside(areas.main).height);
    model.services.all().len().saturating_sub(height)
}

fn name_columns(model: &Model) -> usize {
    usize::from(model.services.widest_name()).min(WIDEST_NAME)
}

/// Columns of the bars: half of what is there, the other half is for reasons.
fn bar_columns(model: &Model, inside: Rect) -> usize {
    let room = usize::from(inside.width).saturating_sub(7 + name_columns(model));
    (room / 2).max(4).min(room)
}

fn row(
    model: &Model,
    service: &ServiceModel,
    wave: &str,
    scale: Scale,
    (inside, y): (Rect, u16),
    buffer: &mut Buffer,
) {
    let theme = model.theme;
    let state = service.state();
    let names = u16::try_from(name_columns(model)).unwrap_or(0);
    let mut writer = RowWriter::new(buffer, inside, y);
    writer
        .column(wave, 3, theme.dim())
        .column(state.symbol(), 2, theme.state(state))
        .column(&plain(&service.name), names, theme.text())
        .skip(1);
    let Some(span) = span(service, model.now) else {
        let text = match reasons::of(service) {
            Some(reason) => reason,
            None if service.is_up() => match service.details.since {
                Some(since) => format!("up for {}", format::duration(model.now - since.0)),
                None => "up".to_owned(),
            },
            None => state.word().to_owned(),
        };
        writer.write(&text, theme.dim());
        return;
    };
    let (blank, bar) = scale.bar(span);
    let fill = if service.took.is_some() { "█" } else { "▒" };
    let columns = u16::try_from(scale.columns).unwrap_or(0);
    let bar = format!("{}{}", " ".repeat(blank), fill.repeat(bar));
    writer.column(&bar, columns, theme.state(state)).skip(1);
    let took = format::duration(span.1 - span.0);
    writer.column(&took, TOOK, theme.text());
    if !service.is_up()
        && let Some(reason) = reasons::of(service)
    {
        writer.write(&reason, theme.reason(state));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stay_inside_their_columns() {
        let scale = Scale {
            first: 1_000,
            last: 11_000,
            columns: 20,
        };
        for (span, expected) in [
            ((1_000, 11_000), (0, 20)),
            ((1_000, 1_000), (0, 1)),
            ((6_000, 8_500), (10, 5)),
            ((11_000, 11_000), (19, 1)),
            ((0, i64::MAX), (0, 20)),
        ] {
            assert_eq!(scale.bar(span), expected, "{span:?}");
        }
    }
}
