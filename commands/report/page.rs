//! The report as Markdown, section by section, within its bound.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use flowlayer_core::facts::{Definition, Origin};
use flowlayer_core::history::{Happened, Listed, Run, Timeline};
use flowlayer_core::why::Overview;

use crate::recorded::Line;
use crate::terminal::moment::local;
use crate::terminal::sanitize;
use crate::terminal::wrap::truncate;
use crate::timeline::text;

/// Bytes of the whole.
const MOST: usize = 64_000;

/// Bytes of the sections before the log.
const BEFORE_LOG: usize = 44_000;

/// Columns of the bars and of a line of the log.
const COLUMNS: usize = 100;
const LINE: usize = 300;

/// A fence that no line of a service is likely to close.
const FENCE: &str = "`````";

/// A report that grows.
pub(super) struct Page {
    text: String,
}

impl Page {
    /// The heading: what ran, and when.
    pub(super) fn new(run: &Run, listed: &Listed, number: usize) -> Self {
        let mut text = "# FlowLayer report\n\n".to_owned();
        let system = std::env::consts::OS;
        let machine = std::env::consts::ARCH;
        let _ = writeln!(
            text,
            "- run {number}, session {}, started {}\n- flowlayer {}, {system} {machine}",
            listed.session,
            local(listed.started),
            run.version()
        );
        Self { text }
    }

    /// A section, cut where it would go beyond `most` bytes of the report.
    fn section(&mut self, title: &str, fence: &str, content: &str, most: usize) {
        let room = most.saturating_sub(self.text.len() + 128);
        let (mut content, mut cut) = (content, "");
        if content.len() > room {
            let before = &content.as_bytes()[..room];
            let end = before.iter().rposition(|byte| *byte == b'\n');
            content = &content[..end.map_or(0, |end| end + 1)];
            cut = "… (cut)\n";
        }
        let end = if fence.is_empty() { "" } else { "\n" };
        let _ = write!(
            self.text,
            "\n## {title}\n\n{fence}{end}{content}{cut}{fence}{end}"
        );
    }

    /// What is not up, and why.
    pub(super) fn overview(&mut self, overview: &Overview) {
        let mut text = format!(
            "{} of {} services are up.\n",
            overview.services_up, overview.services
        );
        for affecting in &overview.causes {
            let cause = &affecting.cause;
            let _ = writeln!(
                text,
                "- **{}**: {}",
                cause.service,
                sanitize::text(&cause.text)
            );
            if !affecting.affects.is_empty() {
                let _ = writeln!(text, "  - keeps down: {}", affecting.affects.join(", "));
            }
            if let Some(help) = &cause.help {
                let _ = writeln!(text, "  - {}", sanitize::text(help));
            }
        }
        self.section("What is not up", "", &text, BEFORE_LOG / 3);
    }

    /// The boot.
    pub(super) fn timeline(&mut self, boot: Option<&Timeline>) {
        let text = text::boot(boot, Some(COLUMNS), false);
        self.section("The boot", FENCE, &text, BEFORE_LOG * 2 / 3);
    }

    /// What happened after the boot.
    pub(super) fn since(&mut self, since: &[Happened]) {
        if !since.is_empty() {
            self.section("Since then", FENCE, &text::since(since), BEFORE_LOG * 5 / 6);
        }
    }

    /// How these services are defined, and all that they depend on.
    pub(super) fn definitions(&mut self, all: &BTreeMap<Arc<str>, Definition>, about: &[&str]) {
        let mut open: Vec<&str> = about.to_vec();
        let mut wanted = BTreeSet::new();
        while let Some(name) = open.pop() {
            if let Some(definition) = all.get(name)
                && wanted.insert(name)
            {
                open.extend(definition.depends_on.iter().map(|it| &**it));
            }
        }
        let mut text = String::new();
        for name in wanted {
            let Definition {
                kind,
                depends_on,
                spec,
                ..
            } = &all[name];
            let spec = serde_json::to_string(spec).unwrap_or_default();
            let depends_on = depends_on.join(", ");
            let _ = writeln!(
                text,
                "{name}: {}, depends on [{depends_on}]\n  {}",
                kind.as_str(),
                sanitize::text(&spec)
            );
        }
        if !text.is_empty() {
            self.section("Definitions", FENCE, &text, BEFORE_LOG);
        }
    }

    /// The lines around what failed, of all services.
    pub(super) fn lines(&mut self, lines: &[Line]) {
        let mut text = String::new();
        // The newest are those that matter: what is cut is cut in front.
        let room = MOST.saturating_sub(self.text.len() + 256);
        let mut shown = Vec::new();
        let mut bytes = 0;
        for Line { service, line } in lines.iter().rev() {
            let own = if line.origin == Origin::Service {
                ""
            } else {
                "* "
            };
            let message = sanitize::text(&line.message);
            let said = truncate(&message, LINE);
            let said = format!("{} {service} | {own}{said}\n", line.seq);
            bytes += said.len();
            if bytes > room {
                break;
            }
            shown.push(said);
        }
        text.extend(shown.into_iter().rev());
        if !text.is_empty() {
            self.section("The log around it", FENCE, &text, MOST);
        }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}
