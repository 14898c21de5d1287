//! Everything that the server says of one service.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use flowlayer_core::facts::{
    EnvFile, Kind, OutputMode, ProbeLimits, ServiceSpec, Stdio, StopScope,
};
use flowlayer_core::shell::command_line;

use super::layout::Areas;
use super::row_writer::{RowWriter, panel};
use crate::terminal::status::State;
use crate::terminal::wrap::wrapped;
use crate::tui::causes;
use crate::tui::cells::plain;
use crate::tui::format::{self, Clock};
use crate::tui::model::{Model, Panel};
use crate::tui::reasons;
use crate::tui::service::ServiceModel;

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
    let service = model.services.current();
    let name = service.map_or_else(|| "all logs".to_owned(), |service| plain(&service.name));
    let title = [
        Span::styled(format!(" {name} "), theme.title(has_focus)),
        Span::styled("details ", theme.dim()),
    ];
    panel(
        buffer,
        areas.main,
        areas.edges,
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
pub(crate) fn last_row(model: &Model) -> usize {
    let areas = super::layout::areas(model);
    let inside = areas.inside(areas.main);
    let service = model.services.current();
    let lines = service.map_or(0, |service| lines(model, service, inside).len());
    lines.saturating_sub(usize::from(inside.height))
}

/// The rows as they are drawn here: labels, and what is not wider than what is beside them.
fn lines(
    model: &Model,
    service: &ServiceModel,
    inside: Rect,
) -> Vec<(&'static str, String, Style)> {
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

fn rows(model: &Model, service: &ServiceModel) -> Vec<Row> {
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
    add("why", reasons::of(service), theme.reason(state));
    let since = details.since.map(|since| {
        let at = since.0;
        let ago = format::duration(model.now - at);
        format!("{}, {ago} ago", format::time(at, Clock::Full, &model.zone))
    });
    add("since", since, text);
    let took = service.took.map(format::duration);
    add("came up in", took, text);
    add(
        "blocked by",
        names(model, &details.blocked_by),
        theme.state(State::Blocked),
    );
    for (label, fact) in causes::of(model, service) {
        add(label, Some(fact), text);
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
    match &details.spec {
        Some(spec) => add_spec(&mut add, spec, text),
        None => add(
            "",
            Some("The server does not say what it runs for this service.".to_owned()),
            dim,
        ),
    }
    let none = || details.spec.as_ref().map(|_| "nothing".to_owned());
    let depends_on = names(model, &details.depends_on);
    add("depends on", depends_on.or_else(none), text);
    let all = model.services.all().iter();
    let dependents = all.filter(|other| other.depends_on(service));
    let dependents: Vec<String> = dependents.map(|other| other.name.to_string()).collect();
    add("needed by", names(model, &dependents).or_else(none), text);
    rows
}

/// What the session runs.
fn add_spec(
    add: &mut impl FnMut(&'static str, Option<String>, Style),
    spec: &ServiceSpec,
    style: Style,
) {
    let mut add = |label, text| add(label, text, style);
    let command = |argv: &[String]| script(&command_line(argv));
    add("command", Some(command(&spec.argv)));
    add("stop command", spec.stop_argv.as_deref().map(command));
    add("directory", Some(plain(&spec.cwd.display().to_string())));
    let env_files: Vec<String> = spec.env_files.iter().map(env_file).collect();
    add("env file", list(&env_files));
    add("env", list(&spec.env));
    add("groups", list(&spec.groups));
    add("url", spec.url.as_deref().map(plain));
    add("port", spec.port.map(|port| port.to_string()));
    let probe = spec.probe.as_ref();
    let probe = probe.map(|probe| plain(&format!("{} {}", probe.r#type, probe.target)));
    add("probe", Some(probe.unwrap_or_else(|| "none".to_owned())));
    add("its limits", spec.probe_limits.map(patience));
    let first = match spec.stop_scope {
        StopScope::Group => "",
        StopScope::Leader => ", the leader first",
    };
    let (grace, signal) = (span(spec.grace_ms), spec.stop_signal);
    let grace = format!("{grace} from {signal} to SIGKILL{first}");
    add("grace", Some(grace));
    let has_terminal = spec.stdio == Stdio::Terminal;
    add("terminal", has_terminal.then(|| "its own".to_owned()));
    let quiet = "quiet: not on the terminal of `serve`, and in `all logs` after Q";
    let is_quiet = spec.output == OutputMode::Quiet;
    add("output", is_quiet.then(|| quiet.to_owned()));
    let by_hand = "not started at boot: by hand, or because something needs it";
    add("note", (!spec.auto_start).then(|| by_hand.to_owned()));
}

fn env_file(file: &EnvFile) -> String {
    let optional = if file.required { "" } else { " (optional)" };
    format!("{}{optional}", file.path.display())
}

fn span(ms: u64) -> String {
    format::duration(i64::try_from(ms).unwrap_or(i64::MAX))
}

/// How long a probe is given.
fn patience(limits: ProbeLimits) -> String {
    match (limits.attempt_ms.map(span), limits.total_ms.map(span)) {
        (Some(attempt), Some(total)) => format!("{attempt} an attempt, {total} in all"),
        (Some(attempt), None) => format!("{attempt} an attempt, as many as it takes"),
        // A probe that waits for a line of the log makes no attempts.
        (None, Some(total)) => format!("{total} for the line to come"),
        (None, None) => "none: it waits for the line as long as it takes".to_owned(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use flowlayer_core::facts::StopSignal;

    use crate::tui::fixture;

    #[test]
    fn what_the_session_runs_is_told_as_the_server_has_it() {
        let spec = ServiceSpec {
            env: vec!["PASSWORD".to_owned()],
            env_files: vec![EnvFile {
                path: "/srv/.env".into(),
                required: false,
            }],
            probe_limits: Some(ProbeLimits {
                attempt_ms: Some(200),
                total_ms: None,
            }),
            auto_start: false,
            grace_ms: 1_500,
            stop_signal: StopSignal::Sigint,
            stop_scope: StopScope::Leader,
            output: OutputMode::Quiet,
            groups: vec!["backend".to_owned(), "data".to_owned()],
            url: Some("http://localhost:3000".to_owned()),
            ..fixture::spec(&["sh", "-c", "echo 'all:  well' >&2"])
        };
        let mut rows = Vec::new();
        let mut add = |label: &'static str, text: Option<String>, _| {
            rows.extend(text.map(|text| (label, text)));
        };
        add_spec(&mut add, &spec, Style::new());
        for row in [
            ("command", r"sh -c 'echo '\''all:  well'\'' >&2'"),
            ("env file", "/srv/.env (optional)"),
            ("env", "PASSWORD"),
            ("groups", "backend  data"),
            ("url", "http://localhost:3000"),
            ("its limits", "200 ms an attempt, as many as it takes"),
            ("grace", "1.5 s from SIGINT to SIGKILL, the leader first"),
            (
                "output",
                "quiet: not on the terminal of `serve`, and in `all logs` after Q",
            ),
            (
                "note",
                "not started at boot: by hand, or because something needs it",
            ),
        ] {
            let is_it = |(label, text): &(&str, String)| (*label, &**text) == row;
            assert!(rows.iter().any(is_it), "{row:?} is not in {rows:?}");
        }
    }

    #[test]
    fn a_probe_that_waits_for_a_line_makes_no_attempts() {
        let limits = ProbeLimits {
            attempt_ms: None,
            total_ms: Some(3_000),
        };
        assert_eq!(patience(limits), "3.0 s for the line to come");
    }
}
