//! Everything that is known of one service: what the server says, and what the configuration says
//! where it can be read.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use flowlayer_core::facts::Kind;

use super::layout::Areas;
use super::row_writer::{RowWriter, panel};
use crate::terminal::status::State;
use crate::terminal::wrap::wrapped;
use crate::tui::causes;
use crate::tui::cells::plain;
use crate::tui::model::{Model, Panel};
use crate::tui::service::Service;
use crate::tui::words;
use crate::tui::words::Clock;

/// Columns of the labels.
const LABEL: u16 = 13;

struct Row {
    label: &'static str,
    text: String,
    style: Style,
}

pub(super) fn draw(model: &Model, areas: &Areas, buffer: &mut Buffer) {
    let theme = model.theme;
    let has_focus = model.has_focus(Panel::Logs);
    let style = if has_focus {
        theme.accent()
    } else {
        theme.text()
    };
    let service = model.services.current();
    let name = service.map_or_else(|| "all logs".to_owned(), |service| plain(&service.name));
    let title = [
        Span::styled(format!(" {name} "), style),
        Span::styled("details ", theme.dim()),
    ];
    panel(
        buffer,
        areas.main,
        areas.has_edges,
        theme.edge(has_focus),
        &title,
        &[],
    );
    let inside = areas.inside(areas.main);
    let Some(service) = service else {
        RowWriter::new(buffer, inside, 0)
            .skip(1)
            .write("select a service in the list", theme.dim());
        return;
    };
    let lines = lines(model, service, inside);
    let last = lines.len().saturating_sub(usize::from(inside.height));
    for (y, (label, line, style)) in
        (0..inside.height).zip(lines.iter().skip(model.detail_scroll.min(last)))
    {
        RowWriter::new(buffer, inside, y)
            .skip(1)
            .column(label, LABEL, theme.dim())
            .write(line, *style);
    }
}

/// The furthest it can be scrolled.
pub(super) fn last_row(model: &Model) -> usize {
    let areas = super::layout::areas(model);
    let inside = areas.inside(areas.main);
    let service = model.services.current();
    let lines = service.map_or(0, |service| lines(model, service, inside).len());
    lines.saturating_sub(usize::from(inside.height))
}

/// The rows as they are drawn here: labels, and what is not wider than what is beside them.
fn lines(model: &Model, service: &Service, inside: Rect) -> Vec<(&'static str, String, Style)> {
    let columns = usize::from(inside.width.saturating_sub(LABEL + 2)).max(10);
    let mut lines = Vec::new();
    for row in rows(model, service) {
        let labels = std::iter::once(row.label).chain(std::iter::repeat(""));
        // A command may be a script of several lines.
        let broken = row.text.split('\n').flat_map(|line| wrapped(line, columns));
        lines.extend(
            labels
                .zip(broken)
                .map(|(label, line)| (label, line, row.style)),
        );
    }
    lines
}

fn rows(model: &Model, service: &Service) -> Vec<Row> {
    let theme = model.theme;
    let details = &service.details;
    let state = service.state();
    let mut rows = Vec::new();
    let mut add = |label, text: Option<String>, style| {
        if let Some(text) = text {
            rows.push(Row { label, text, style });
        }
    };
    let text = theme.text();
    let dim = theme.dim();
    let meant = format!("{} {} – {}", state.symbol(), state.word(), state.meaning());
    add("state", Some(meant), theme.state(state));
    let reason_style = if state == State::Failed {
        theme.bad()
    } else {
        text
    };
    add("why", model.reason(service), reason_style);
    let since = details.since.map(|since| {
        let at = since.as_millisecond();
        let ago = words::duration(model.now - at);
        format!("{}, {ago} ago", words::time(at, Clock::Full, &model.zone))
    });
    add("since", since, text);
    let took = service.took.map(words::duration);
    add("came up in", took, text);
    add(
        "blocked by",
        names(model, &details.blocked_by),
        theme.state(State::Blocked),
    );
    let mut label = "because of";
    for cause in causes::of(model, service) {
        add(std::mem::take(&mut label), Some(cause), text);
    }
    add("pid", details.pid.map(|pid| pid.to_string()), text);
    let last_end = match (details.exit_code, &details.signal) {
        (Some(code), _) => Some(format!("exit code {code}")),
        (None, Some(signal)) => Some(format!("ended by {signal}")),
        (None, None) => None,
    };
    add("last end", last_end, text);
    let kind = details.kind.map(|kind| match kind {
        Kind::Daemon => "daemon: stays alive for the whole session",
        Kind::Oneshot => "oneshot: runs to completion",
    });
    add("kind", kind.map(str::to_owned), text);
    add("wave", details.wave.map(|wave| wave.to_string()), text);
    add("", Some(String::new()), text);
    let Some(facts) = model.facts.get(&*service.name) else {
        add("", Some("Command, port, probe and dependencies are in the configuration, which is not known here or cannot be read.".to_owned()), dim);
        return rows;
    };
    add("command", Some(script(&facts.command)), text);
    add(
        "stop command",
        facts.stop_command.as_deref().map(script),
        text,
    );
    let directory = facts.directory.as_deref().map(plain);
    let usual = || "where the server was started".to_owned();
    add("directory", Some(directory.unwrap_or_else(usual)), text);
    add("env file", list(&facts.env_files), text);
    add("env", list(&facts.variables), text);
    add("port", facts.port.map(|port| port.to_string()), text);
    add(
        "probe",
        Some(facts.probe.clone().unwrap_or_else(|| "none".to_owned())),
        text,
    );
    add("its limits", facts.patience.clone(), text);
    let none = || Some("nothing".to_owned());
    add(
        "depends on",
        names(model, &facts.depends_on).or_else(none),
        text,
    );
    add(
        "needed by",
        names(model, &facts.dependents).or_else(none),
        text,
    );
    for manner in &facts.manners {
        add("note", Some(manner.clone()), text);
    }
    rows
}

/// A command line whose line breaks stay: they are between quotes, and mean something there.
fn script(command: &str) -> String {
    let lines: Vec<String> = command.split('\n').map(plain).collect();
    lines.join("\n")
}

/// One after the other; `None` when there are none.
fn list(items: &[String]) -> Option<String> {
    (!items.is_empty()).then(|| plain(&items.join("  ")))
}

/// Names with the symbols of their states; `None` when there are none.
fn names(model: &Model, names: &[String]) -> Option<String> {
    let one = |name: &String| {
        let symbol = model
            .services
            .get(name)
            .map_or("?", |service| service.state().symbol());
        format!("{symbol}\u{a0}{}", plain(name))
    };
    (!names.is_empty()).then(|| names.iter().map(one).collect::<Vec<_>>().join("  "))
}
