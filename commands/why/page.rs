//! Explanations for people: the cause in one line, with its facts below.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use flowlayer_core::facts::{Holder, Status, Stream};
use flowlayer_core::protocol::ProbeState;
use flowlayer_core::why::{Affecting, Cause, CauseKind, Explanation, Overview};

use crate::terminal::color::paint;
use crate::terminal::{age, sanitize};

/// Services named in one line; more are counted.
const NAMED: usize = 8;

/// Columns of the labels.
const LABEL: usize = 9;

/// A text that grows.
#[derive(Debug)]
pub(crate) struct Page {
    text: String,
    colored: bool,
}

impl Page {
    pub(crate) fn new(colored: bool) -> Self {
        Self {
            text: String::new(),
            colored,
        }
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// The answer for one service.
    pub(crate) fn explanation(&mut self, why: &Explanation) {
        let style = if why.up {
            AnsiColor::Green.on_default()
        } else {
            Style::new().bold()
        };
        let since = why
            .since
            .filter(|_| why.up)
            .map(|since| format!(", since {}", age::age_of(since)))
            .unwrap_or_default();
        self.line("", &format!("{}{since}", why.summary), style);
        for cause in &why.causes {
            self.text.push('\n');
            self.cause(cause);
        }
    }

    /// The answer for all of them.
    pub(crate) fn overview(&mut self, overview: &Overview) {
        let (up, all) = (overview.services_up, overview.services);
        let noun = if all == 1 {
            "service is"
        } else {
            "services are"
        };
        let left_out = match overview.left_out {
            0 => String::new(),
            count => format!(" ({count} left out)"),
        };
        if overview.up {
            let text = format!("all is well: {up} of {all} {noun} up{left_out}");
            self.line("", &text, AnsiColor::Green.on_default());
            return;
        }
        self.line(
            "",
            &format!("{up} of {all} {noun} up{left_out}"),
            Style::new().bold(),
        );
        for Affecting { cause, affects } in &overview.causes {
            self.text.push('\n');
            self.cause(cause);
            if !affects.is_empty() {
                let mut names = affects[..affects.len().min(NAMED)].join(", ");
                if affects.len() > NAMED {
                    // Writing to a `String` does not fail.
                    let _ = write!(names, " and {} more", affects.len() - NAMED);
                }
                self.field("affects", &names);
            }
        }
    }

    fn cause(&mut self, cause: &Cause) {
        let style = match cause.status {
            Status::Failed => AnsiColor::Red.on_default(),
            _ => AnsiColor::Yellow.on_default(),
        };
        let since =
            cause
                .since
                .map_or_else(String::new, |since| match age::age_of(since).as_str() {
                    "now" => " just now".to_owned(),
                    age => format!(" {age} ago"),
                });
        let state = match cause.kind {
            CauseKind::Probing | CauseKind::Stranger | CauseKind::Working => {
                format!("running, since {}", since.trim_end_matches(" ago").trim())
            }
            _ => format!("{}{since}", cause.status.as_str()),
        };
        let line = format!("{}: {state}: {}", cause.service, cause.text);
        self.line("", &line, style);
        if cause.path.len() > 1 {
            self.field("path", &cause.path.join(" → "));
        }
        // Of a probe that is the reason itself everything has been said.
        if let Some(probe) = cause.probe.as_ref().filter(|_| {
            use CauseKind::{NotReadyInTime, Probing, Stranger};
            !matches!(cause.kind, Probing | Stranger | NotReadyInTime)
        }) {
            self.field("probe", &probe_text(probe));
        }
        if let Some(port) = &cause.port_conflict {
            let holder = Holder {
                pid: port.pid,
                name: port.process.clone(),
            };
            self.field("port", &format!("{}, held by {holder}", port.port));
        }
        let mut label = match cause.log.first().map(|line| line.stream) {
            Some(Stream::Stderr) => "stderr",
            Some(Stream::Stdout) => "stdout",
            None => "",
        };
        for line in &cause.log {
            self.field(label, &line.message);
            label = "";
        }
        if let Some(help) = &cause.help {
            self.field("help", help);
        }
    }

    fn field(&mut self, label: &str, text: &str) {
        let label = paint(
            Style::new().dimmed(),
            &format!("{label:LABEL$}"),
            self.colored && !label.is_empty(),
        );
        self.line(&format!("  {label}"), text, Style::new());
    }

    fn line(&mut self, before: &str, text: &str, style: Style) {
        self.text.push_str(before);
        if style == Style::new() {
            sanitize::append_safe(&mut self.text, text, self.colored);
        } else {
            let painted = paint(style, &sanitize::text(text), self.colored);
            self.text.push_str(&painted);
        }
        self.text.push('\n');
    }
}

fn probe_text(probe: &ProbeState) -> String {
    let attempts = if probe.attempts == 1 {
        "attempt"
    } else {
        "attempts"
    };
    let error = probe
        .last_error
        .as_deref()
        .unwrap_or("no attempt had ended");
    format!(
        "{}: {error} ({} {attempts}, {}.{} s)",
        probe.target,
        probe.attempts,
        probe.waited_ms / 1000,
        probe.waited_ms % 1000 / 100,
    )
}

#[cfg(test)]
mod tests {
    use flowlayer_core::facts::Origin;
    use flowlayer_core::protocol::{Details, ServiceState};
    use flowlayer_core::why::{Explainer, LogLine};

    use super::*;

    fn state(name: &str, status: Status, details: Details) -> ServiceState {
        ServiceState {
            name: name.to_owned(),
            status,
            details,
        }
    }

    fn services() -> Vec<ServiceState> {
        vec![
            state(
                "api",
                Status::Stopped,
                Details {
                    up: Some(false),
                    blocked_by: vec!["db".to_owned()],
                    depends_on: vec!["db".to_owned()],
                    wave: Some(1),
                    ..Details::default()
                },
            ),
            state(
                "db",
                Status::Failed,
                Details {
                    up: Some(false),
                    exit_code: Some(1),
                    detail: Some("exit code 1 before ready".to_owned()),
                    probe: Some(Box::new(ProbeState {
                        target: "tcp :5432".to_owned(),
                        attempts: 4,
                        waited_ms: 709,
                        pending_ms: None,
                        last_error: Some("connection refused".to_owned()),
                        listens_on: Vec::new(),
                    })),
                    wave: Some(0),
                    ..Details::default()
                },
            ),
        ]
    }

    #[test]
    fn everything_that_belongs_to_a_cause_is_below_it() {
        let services = services();
        let mut why = Explainer::new(&services).explain("api").unwrap();
        let line = |message: &str| LogLine {
            seq: 1,
            stream: Stream::Stderr,
            message: message.to_owned(),
            timestamp: std::time::UNIX_EPOCH.into(),
            origin: Origin::Service,
        };
        why.causes[0].log = vec![line("FATAL: \u{1b}]0;x\u{7}no space"), line("bye")];
        let mut page = Page::new(false);
        page.explanation(&why);
        assert_eq!(
            page.into_text(),
            "\
api is not up because of db: exit code 1 before ready

db: failed: exit code 1 before ready
  path     api → db
  probe    tcp :5432: connection refused (4 attempts, 0.7 s)
  stderr   FATAL: no space
           bye
  help     when it is mended: flowlayer start db
"
        );
    }

    #[test]
    fn an_overview_names_whom_a_cause_keeps_down() {
        let services = services();
        let mut page = Page::new(false);
        page.overview(&Explainer::new(&services).overview());
        let text = page.into_text();
        assert!(
            text.starts_with("0 of 2 services are up\n\ndb: failed: "),
            "{text}"
        );
        assert!(text.ends_with("  affects  api\n"), "{text}");
    }
}
