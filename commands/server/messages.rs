//! The text of the server's own lines (docs/cli.md, What it prints): from facts to strings.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use flowlayer_core::facts::{BlockedBy, BootEnd, End, Reason, Status};
use flowlayer_core::history::Timeline;
use flowlayer_core::runtime::StatusView;

use super::options::TokenSource;
use crate::terminal::color::paint;
use crate::terminal::moment::duration;
use crate::terminal::sanitize;

const TAG: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const WAITING: Style = AnsiColor::Yellow.on_default();

/// Writes the server's own lines, with or without colour. Lines come without their end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wording {
    pub(crate) colored: bool,
}

impl Wording {
    /// The first line of every `serve`.
    pub(crate) fn validating(self) -> String {
        self.boot("validating config and graph…")
    }

    pub(crate) fn api(self, address: &str) -> String {
        self.boot(&format!(
            "session API: {} (/ws, /health)",
            sanitize::text(address)
        ))
    }

    /// The token that clients need: `generated` if it may be shown, which only a generated one ever is.
    pub(super) fn token(self, source: TokenSource, generated: Option<&str>) -> String {
        let token = match source {
            TokenSource::Generated => {
                generated.unwrap_or("(generated; clients on this machine find it)")
            }
            TokenSource::Config => "(from config)",
            TokenSource::Flag => "(from -token)",
            TokenSource::Environment => "(from FLOWLAYER_TOKEN)",
        };
        self.boot(&format!("session token: {token}"))
    }

    /// Other machines can reach the session.
    pub(crate) fn exposed(self, address: &str) -> String {
        let word = paint(WAITING, "warning:", self.colored);
        let address = sanitize::text(address);
        self.boot(&format!(
            "{word} the session API on {address} can be reached from other machines"
        ))
    }

    /// The size of the plan; the plural is part of the form.
    pub(crate) fn plan(self, nodes: usize, waves: usize) -> String {
        self.boot(&format!("DAG computed — {nodes} nodes, {waves} waves"))
    }

    pub(crate) fn summary(self, end: &BootEnd) -> String {
        let (style, text) = if end.cancelled {
            (WAITING, "STARTUP CANCELLED".to_owned())
        } else if end.failed + end.blocked == 0 {
            (GOOD, "STARTUP COMPLETE — runtime active".to_owned())
        } else {
            let mut counts = format!("{} up", end.up);
            for (count, word) in [(end.failed, "failed"), (end.blocked, "blocked")] {
                if count > 0 {
                    // Writing to a `String` does not fail.
                    let _ = write!(counts, ", {count} {word}");
                }
            }
            (
                WAITING,
                format!("STARTUP INCOMPLETE — {counts}; runtime active"),
            )
        };
        paint(style.bold(), &text, self.colored)
    }

    /// How long a boot took, and which service took longest.
    pub(super) fn boot_time(self, boot: &Timeline) -> String {
        let total = duration(boot.total_ms);
        let mut started = boot.services.iter().filter(|it| it.started_ms.is_some());
        let took = if started.all(|step| step.up) {
            format!("up in {total}")
        } else {
            format!("the boot took {total}")
        };
        let longest = boot.longest();
        self.boot(
            &match longest.and_then(|step| Some((step, step.own_ms()?))) {
                Some((step, own)) => format!(
                    "{took}; longest: {} {} (flowlayer timeline)",
                    sanitize::text(&step.service),
                    duration(own)
                ),
                None => took,
            },
        )
    }

    pub(crate) fn shutting_down(self) -> String {
        self.runtime("shutting down, dependents first; a second signal kills everything at once")
    }

    /// A service's new status during the boot.
    pub(crate) fn boot_status(self, change: &Change) -> String {
        let wave = change.view.wave;
        self.boot(&format!("wave {wave} │ {}", self.change(change, true)))
    }

    /// The services that hold up a wave of the boot, and why.
    pub(crate) fn waits(self, held_wave: &str) -> String {
        self.boot(&sanitize::text(held_wave))
    }

    pub(crate) fn status(self, change: &Change) -> String {
        self.runtime(&self.change(change, false))
    }

    /// Any other line of the server.
    pub(crate) fn runtime(self, text: &str) -> String {
        format!("{} {text}", paint(TAG, "[flowlayer]", self.colored))
    }

    pub(super) fn boot(self, text: &str) -> String {
        self.runtime(&format!("boot: {text}"))
    }

    fn change(self, change: &Change, in_boot: bool) -> String {
        let view = change.view;
        let name = sanitize::text(&view.name);
        let blocked_by = blocked_by(view);
        let is_blocked = view.status == Status::Stopped && !blocked_by.is_empty();
        let (style, word) = match view.status {
            Status::Stopped if is_blocked => (WAITING, "blocked"),
            Status::Ready | Status::Running => (GOOD, view.status.as_str()),
            Status::Failed => (BAD, view.status.as_str()),
            _ => (Style::new(), view.status.as_str()),
        };
        let why = match view.status {
            Status::Failed => failure(view, in_boot),
            Status::Stopped if is_blocked => Some(blockers(blocked_by)),
            Status::Ready => change.ready_label.map(str::to_owned),
            _ => None,
        };
        let why = why.map_or_else(String::new, |why| format!(" ({})", sanitize::text(&why)));
        format!("{name} → {}{why}", paint(style, word, self.colored))
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'a> {
    pub(crate) view: &'a StatusView,
    /// What made it ready: `http :3002/healthz`.
    pub(crate) ready_label: Option<&'a str>,
}

/// The services that block one.
pub(super) fn blocked_by(view: &StatusView) -> &[BlockedBy] {
    view.reason
        .as_ref()
        .map(Reason::blocked_by)
        .unwrap_or_default()
}

/// `ping failed`, `cache, db failed; queue stopped`.
fn blockers(causes: &[BlockedBy]) -> String {
    let group = |failed: bool, word: &str| {
        let names = causes.iter().filter(|cause| cause.has_failed() == failed);
        let names: Vec<&str> = names.map(|cause| &*cause.service).collect();
        (!names.is_empty()).then(|| format!("{} {word}", names.join(", ")))
    };
    let groups = [group(true, "failed"), group(false, "stopped")];
    groups.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Why a service failed. While booting, an exit before the probe passed is worded as the documents
/// have it.
fn failure(view: &StatusView, in_boot: bool) -> Option<String> {
    match view.reason.as_ref()? {
        Reason::Exited(exit)
            if in_boot && exit.before_ready && exit.left == 0 && exit.end != End::Code(0) =>
        {
            Some(format!("process exited before ready: {}", exit.end))
        }
        reason => reason.detail(),
    }
}
