//! Which of the runtime's updates become a line of the server's terminal
//! (docs/cli.md, What it prints).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use flowlayer_core::facts::{ConfigChanged, Reason, Status};
use flowlayer_core::runtime::{StatusView, Update};
use tokio::time::Instant;

use super::messages::{Change, Wording, blocked_by};
use crate::session::watch::{Holder, held_wave};
use crate::terminal::lines::count;
use crate::timeout;

/// Renders each change of a service as one line, worded by [`Wording`]. Pure: one
/// update in, at most one line out.
#[derive(Debug)]
pub(crate) struct StatusLines {
    wording: Wording,
    /// The last published services, by index.
    known: BTreeMap<usize, Arc<StatusView>>,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Lines carry the wave.
    Boot,
    Active,
    Teardown,
}

impl StatusLines {
    /// For a session that is about to boot.
    pub(crate) fn new(wording: Wording) -> Self {
        Self {
            wording,
            known: BTreeMap::new(),
            phase: Phase::Boot,
        }
    }

    /// The line for this update, if it is worth one.
    pub(crate) fn line_for(&mut self, update: &Update) -> Option<String> {
        match update {
            Update::Snapshot { services, .. } => {
                let is_reload = !self.known.is_empty();
                let services = services.iter();
                self.known = services
                    .map(|view| (view.service, Arc::clone(view)))
                    .collect();
                is_reload.then(|| self.wording.runtime("the configuration was reloaded"))
            }
            Update::Status { view, .. } => self.status(view),
            Update::BootEnded(end) => {
                let was_booting = self.phase == Phase::Boot;
                if was_booting {
                    self.phase = Phase::Active;
                }
                // After a signal there is no summary of the boot.
                (was_booting).then(|| self.wording.summary(end))
            }
            Update::ConfigChanged(changed) => self.config_changed(changed),
            Update::ShuttingDown => {
                let is_repeated = self.phase == Phase::Teardown;
                self.phase = Phase::Teardown;
                (!is_repeated).then(|| self.wording.shutting_down())
            }
            Update::Detail { view, .. } => {
                if let Some(known) = self.known.get_mut(&view.service) {
                    *known = Arc::clone(view);
                }
                None
            }
            Update::Ack { .. } | Update::Result { .. } => None,
        }
    }

    fn config_changed(&self, changed: &ConfigChanged) -> Option<String> {
        let errors = changed.problems.iter().filter(|it| it.severity == "error");
        let text = match errors.count() as u64 {
            _ if !changed.stale => return None,
            0 => "the configuration was edited: flowlayer reload".to_owned(),
            errors => format!(
                "the configuration was edited and has {}: flowlayer validate",
                count(errors, "error")
            ),
        };
        Some(self.wording.runtime(&text))
    }

    pub(crate) fn is_booting(&self) -> bool {
        self.phase == Phase::Boot
    }

    /// When it can be said how a boot that has just ended went: a daemon without a probe is up when it is
    /// spawned, so it is checked again.
    pub(crate) fn settled_at(&self) -> Instant {
        let unproven = self
            .known
            .values()
            .filter(|view| view.up && view.status == Status::Running);
        let ages = unproven.filter_map(|view| view.since.elapsed().ok());
        timeout::settled_at(ages).unwrap_or_else(Instant::now)
    }

    /// Whether a service has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.known
            .values()
            .any(|view| view.status == Status::Failed)
    }

    /// Who holds which wave of the boot, and why.
    pub(crate) fn waits(&self) -> Option<String> {
        let holders = self.known.values().map(|view| Holder {
            wave: view.wave,
            name: &view.name,
            status: view.status,
            is_up: view.up,
            why: view
                .reason
                .as_ref()
                .and_then(Reason::detail)
                .map(Cow::Owned),
        });
        held_wave(holders).map(|held| self.wording.waits(&held))
    }

    fn status(&mut self, view: &Arc<StatusView>) -> Option<String> {
        let known = self.known.get_mut(&view.service)?;
        let before = std::mem::replace(known, Arc::clone(view));
        // Statuses are repeated for clients that join; here only a change is news.
        if before.status == view.status && blocked_by(&before) == blocked_by(view) {
            return None;
        }
        let change = Change {
            view,
            ready_label: view.ready_label.as_deref(),
        };
        let is_boot_step = match view.status {
            // Not up yet: its probe has not passed.
            Status::Running if self.phase == Phase::Boot && !view.up => return None,
            Status::Starting | Status::Running | Status::Ready | Status::Failed => true,
            Status::Stopped => !blocked_by(view).is_empty(),
            Status::Unknown | Status::Stopping => false,
        };
        Some(if is_boot_step && self.phase == Phase::Boot {
            self.wording.boot_status(&change)
        } else {
            self.wording.status(&change)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use flowlayer_core::facts::BootEnd;
    use flowlayer_core::facts::{
        BlockedBy, Code, End, Exit, Kind, Probe, ProbeAttempts, Reason, StartProblem,
    };

    use super::*;

    const PLAIN: Wording = Wording { colored: false };

    fn view(service: usize, name: &str, wave: usize) -> StatusView {
        StatusView {
            service,
            name: name.into(),
            status: Status::Unknown,
            up: false,
            reason: None,
            pid: None,
            end: None,
            wanted: true,
            depends_on: Arc::default(),
            wave,
            kind: Kind::Daemon,
            since: SystemTime::UNIX_EPOCH,
            spec: Arc::default(),
            ready_label: None,
        }
    }

    fn blocked(by: &[(&str, Code)]) -> Reason {
        let by = by.iter().map(|&(service, code)| BlockedBy {
            service: service.into(),
            code,
        });
        Reason::Blocked { by: by.collect() }
    }

    /// Three services, `billing` with a probe, and the lines printed for them.
    struct Fixture {
        status_lines: StatusLines,
        lines: Vec<String>,
    }

    impl Fixture {
        fn start() -> Self {
            let mut fixture = Self {
                status_lines: StatusLines::new(PLAIN),
                lines: Vec::new(),
            };
            let services = [
                StatusView {
                    ready_label: Some("http :3002/healthz".into()),
                    ..view(0, "billing", 0)
                },
                view(1, "ping", 0),
                view(2, "users", 1),
            ];
            fixture.update(&Update::Snapshot {
                request: None,
                services: services.map(Arc::new).into_iter().collect(),
                config: Arc::default(),
            });
            fixture
        }

        fn update(&mut self, update: &Update) {
            self.lines.extend(self.status_lines.line_for(update));
        }

        fn status(&mut self, service: usize, status: Status, set: impl FnOnce(&mut StatusView)) {
            let mut view = (*self.status_lines.known[&service]).clone();
            view.status = status;
            set(&mut view);
            self.update(&Update::Status {
                view: Arc::new(view),
                at: SystemTime::UNIX_EPOCH,
                after: 0,
            });
        }

        fn boot_ended(&mut self, up: usize, failed: usize, blocked: usize) {
            self.update(&Update::BootEnded(BootEnd {
                up,
                failed,
                blocked,
                cancelled: false,
            }));
        }

        #[track_caller]
        fn are(&self, lines: &[&str]) {
            assert_eq!(self.lines, lines);
        }
    }

    #[test]
    fn the_plural_is_part_of_the_form() {
        assert_eq!(
            PLAIN.plan(1, 1),
            "[flowlayer] boot: DAG computed — 1 nodes, 1 waves"
        );
    }

    #[test]
    fn who_holds_a_wave_is_said_with_the_reason() {
        let mut fixture = Fixture::start();
        assert_eq!(fixture.status_lines.waits(), None, "nothing is under way");
        let waiting = |view: &mut StatusView| {
            view.reason = Some(Reason::Probing(ProbeAttempts {
                probe: Probe {
                    r#type: "tcp".to_owned(),
                    target: ":5432".to_owned(),
                    port: Some(5432),
                },
                attempts: 44,
                elapsed_ms: 10_000,
                pending_ms: None,
                last: Some("connection refused".to_owned()),
                listens_on: Vec::new(),
            }));
        };
        fixture.status(0, Status::Running, waiting);
        assert_eq!(
            fixture.status_lines.waits().as_deref(),
            Some(
                "[flowlayer] boot: wave 0 │ billing holds it, waiting for tcp :5432: \
                 connection refused (44 attempts, 10.0 s)"
            )
        );
        fixture.status(1, Status::Starting, |_| {});
        let both = fixture.status_lines.waits().unwrap();
        assert!(both.ends_with("10.0 s); so does ping"), "{both}");
    }

    #[test]
    fn after_the_boot_lines_are_short() {
        let mut fixture = Fixture::start();
        fixture.boot_ended(0, 0, 0);
        fixture.lines.clear();
        fixture.status(0, Status::Running, |_| {});
        fixture.status(0, Status::Ready, |view| view.up = true);
        fixture.status(0, Status::Failed, |view| {
            view.reason = Some(Reason::Exited(Exit::new(End::Code(1), false)));
        });
        fixture.status(1, Status::Failed, |view| {
            view.reason = Some(Reason::Exited(Exit::new(End::Signal(9), false)));
        });
        fixture.status(1, Status::Stopping, |_| {});
        fixture.status(1, Status::Stopped, |_| {});
        fixture.status(2, Status::Stopped, |view| {
            view.reason = Some(blocked(&[
                ("billing", Code::Exited),
                ("ping", Code::Stopped),
            ]));
        });
        fixture.are(&[
            "[flowlayer] billing → running",
            "[flowlayer] billing → ready (http :3002/healthz)",
            "[flowlayer] billing → failed (exit code 1)",
            "[flowlayer] ping → failed (killed by SIGKILL)",
            "[flowlayer] ping → stopping",
            "[flowlayer] ping → stopped",
            "[flowlayer] users → blocked (billing failed; ping stopped)",
        ]);
    }

    #[test]
    fn a_signal_in_the_middle_of_a_boot_ends_its_lines() {
        let mut fixture = Fixture::start();
        fixture.status(0, Status::Starting, |_| {});
        fixture.update(&Update::ShuttingDown);
        fixture.update(&Update::ShuttingDown);
        fixture.status(0, Status::Stopping, |_| {});
        fixture.boot_ended(0, 0, 0);
        fixture.are(&[
            "[flowlayer] boot: wave 0 │ billing → starting",
            "[flowlayer] shutting down, dependents first; a second signal kills everything at once",
            "[flowlayer] billing → stopping",
        ]);
    }

    #[test]
    fn a_boot_ended_by_a_stop_is_cancelled_and_zero_counts_are_left_out() {
        let end = |up, failed, blocked, cancelled| BootEnd {
            up,
            failed,
            blocked,
            cancelled,
        };
        assert_eq!(PLAIN.summary(&end(1, 0, 0, true)), "STARTUP CANCELLED");
        assert_eq!(
            PLAIN.summary(&end(0, 2, 0, false)),
            "STARTUP INCOMPLETE — 0 up, 2 failed; runtime active"
        );
        assert_eq!(
            PLAIN.summary(&end(2, 0, 1, false)),
            "STARTUP INCOMPLETE — 2 up, 1 blocked; runtime active"
        );
    }

    #[test]
    fn names_and_reasons_cannot_steer_the_terminal() {
        let mut fixture = Fixture::start();
        let named = Arc::new(view(0, "a\u{1b}]0;x\u{7}b", 0));
        fixture.status_lines.known.insert(0, named);
        fixture.status(0, Status::Failed, |view| {
            let error = "\u{1b}[2Jgone".to_owned();
            view.reason = Some(Reason::CannotStart(StartProblem::System { error }));
        });
        fixture.are(&["[flowlayer] boot: wave 0 │ ab → failed (gone)"]);
    }

    #[test]
    fn color_marks_the_tag_and_the_status() {
        let wording = Wording { colored: true };
        let view = StatusView {
            status: Status::Failed,
            ..view(0, "api", 0)
        };
        let change = Change {
            view: &view,
            ready_label: None,
        };
        assert_eq!(
            wording.status(&change),
            "\u{1b}[2m[flowlayer]\u{1b}[0m api → \u{1b}[31mfailed\u{1b}[0m"
        );
    }
}
