//! What happens, made into records in one place (docs/history.md): the actor says what, this says how.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hasher;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::handle::{Action, Decision, Outcome, SubscriberId};
use super::orchestrator::Ticket;
use super::setup::{FileContents, ServiceSetup};
use super::status::StatusView;
use crate::facts::{
    Change, Definition, FORMAT, Reason, Record, State, StatusRecord, Timestamp, What,
};
use crate::logs::Logs;

/// What makes records of a session.
pub(super) struct Recorder {
    logs: Logs,
    key: [u8; 16],
    /// By subscriber: what it calls itself.
    clients: HashMap<SubscriberId, Arc<str>>,
    /// Commands without their result: the numbers of their records.
    commands: BTreeMap<Ticket, u64>,
    /// By service: what was recorded last.
    services: Vec<Recorded>,
}

#[derive(Default)]
struct Recorded {
    definition: Option<Definition>,
    marks: BTreeMap<String, String>,
    /// The wait for its probe, once an attempt has failed.
    wait: Option<Wait>,
}

struct Wait {
    attempts: u64,
    last: (SystemTime, String),
}

impl Recorder {
    pub(super) fn new(logs: Logs) -> Self {
        Self {
            key: logs.key(),
            logs,
            clients: HashMap::new(),
            commands: BTreeMap::new(),
            services: Vec::new(),
        }
    }

    pub(super) fn write(&self, what: What) -> u64 {
        self.write_at(SystemTime::now(), self.logs.last_seq(), what)
    }

    fn write_at(&self, at: SystemTime, seq: u64, what: What) -> u64 {
        let private = matches!(what, What::Variables { .. });
        let mut record = Record {
            number: 0,
            private,
            timestamp: at.into(),
            seq,
            what,
        };
        self.logs.record(private, |number| {
            record.number = number;
            serde_json::to_string(&record)
                .expect("plain structs with text keys and finite numbers always serialise")
        })
    }

    pub(super) fn session_started(&self, session: &str, config: &Path, services: usize) {
        self.write(What::SessionStarted {
            format: FORMAT,
            session: session.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config: config.display().to_string(),
            first_seq: self.logs.first_seq(),
            services,
        });
    }

    /// A service as it is defined now, unless that is recorded already; its state, where it is new.
    pub(super) fn defined(&mut self, view: &StatusView, setup: &ServiceSetup) {
        let (index, is_new) = (view.service, view.service >= self.services.len());
        if is_new {
            self.services.push(Recorded::default());
        }
        let definition = Definition {
            service: Arc::clone(&view.name),
            kind: view.kind,
            wave: view.wave,
            depends_on: Arc::clone(&view.depends_on),
            spec: Arc::clone(&view.spec),
            state: None,
        };
        if self.services[index].definition.as_ref() != Some(&definition) {
            let state = is_new.then(|| state(view));
            let written = Definition {
                state,
                ..definition.clone()
            };
            self.write(What::Defined(Box::new(written)));
            self.services[index].definition = Some(definition);
        }
        self.variables(index, setup);
    }

    /// What stands for the values of the variables of a service, unless that is recorded already.
    pub(super) fn variables(&mut self, index: usize, setup: &ServiceSetup) {
        let own = setup.env.iter();
        let own = own.map(|(name, value)| (name.clone(), self.mark(value.as_bytes())));
        let files = setup.env_files.iter().zip(&setup.env_contents);
        let files = files.filter_map(|(file, contents)| match contents {
            FileContents::Variables(hash) => {
                let name = format!("envFile {}", file.path.display());
                Some((name, self.mark(&hash.to_le_bytes())))
            }
            FileContents::Missing | FileContents::Unusable => None,
        });
        let marks: BTreeMap<_, _> = own.chain(files).collect();
        if marks != self.services[index].marks {
            self.write(What::Variables {
                service: Arc::clone(&setup.planned.name),
                marks: marks.clone(),
            });
            self.services[index].marks = marks;
        }
    }

    /// What stands for a value, as long as the key is the same.
    #[expect(
        deprecated,
        reason = "of the hashers in the standard library the only one that takes a key"
    )]
    fn mark(&self, value: &[u8]) -> String {
        let half = |from: usize| {
            let bytes = self.key[from..from + 8].try_into();
            u64::from_le_bytes(bytes.expect("8 bytes"))
        };
        let mut hasher = std::hash::SipHasher::new_with_keys(half(0), half(8));
        hasher.write(value);
        format!("{:016x}", hasher.finish())
    }

    /// A service as published; `seq` is the newest log entry.
    pub(super) fn status(&mut self, view: &StatusView, at: SystemTime, seq: u64) {
        if !matches!(
            view.reason,
            Some(Reason::Probing(_) | Reason::Stranger { .. })
        ) {
            self.wait_ended(view);
        }
        let status = StatusRecord {
            service: Arc::clone(&view.name),
            state: state(view),
        };
        self.write_at(at, seq, What::Status(Box::new(status)));
    }

    /// An attempt of the probe of a service failed. Only the first and the last of a wait are recorded.
    pub(super) fn probe_failed(&mut self, view: &StatusView, error: String) {
        let at = SystemTime::now();
        let wait = &mut self.services[view.service].wait;
        if let Some(wait) = wait {
            wait.attempts += 1;
            wait.last = (at, error);
            return;
        }
        *wait = Some(Wait {
            attempts: 1,
            last: (at, error.clone()),
        });
        self.write(What::ProbeFailed {
            service: Arc::clone(&view.name),
            attempt: 1,
            error,
            at: at.into(),
            last: false,
        });
    }

    fn wait_ended(&mut self, view: &StatusView) {
        let wait = self.services[view.service].wait.take();
        if let Some(Wait { attempts, last }) = wait.filter(|wait| wait.attempts > 1) {
            let (at, error) = last;
            self.write(What::ProbeFailed {
                service: Arc::clone(&view.name),
                attempt: attempts,
                error,
                at: at.into(),
                last: true,
            });
        }
    }

    /// Somebody may give commands from here on.
    pub(super) fn joined(&mut self, id: SubscriberId, client: Arc<str>) {
        self.clients.insert(id, client);
    }

    pub(super) fn left(&mut self, id: SubscriberId) {
        self.clients.remove(&id);
    }

    pub(super) fn action(
        &mut self,
        ticket: Ticket,
        action: Action,
        names: &dyn Fn(usize) -> String,
    ) {
        let (command, service) = match action {
            Action::Start(service) => ("start_service", Some(service)),
            Action::Stop(service) => ("stop_service", Some(service)),
            Action::Restart(service) => ("restart_service", Some(service)),
            Action::StartAll => ("start_all", None),
            Action::StopAll => ("stop_all", None),
            Action::Shutdown(_) => ("shutdown", None),
        };
        self.command(ticket, command, service.map(|it| names(it).into()));
    }

    pub(super) fn command(&mut self, ticket: Ticket, command: &str, service: Option<Arc<str>>) {
        let by = self.clients.get(&ticket.0).cloned().unwrap_or_default();
        let number = self.write(What::Command {
            by,
            command: command.to_owned(),
            service,
        });
        self.commands.insert(ticket, number);
    }

    /// A signal asks for the end of the session.
    pub(super) fn signalled(&self) {
        self.write(What::Command {
            by: "signal".into(),
            command: "shutdown".to_owned(),
            service: None,
        });
    }

    pub(super) fn ack(&mut self, ticket: Ticket, decision: &Decision) {
        if let Decision::Busy(rejection) = decision
            && let Some(command) = self.commands.remove(&ticket)
        {
            let message = rejection.message.clone();
            self.write(What::Refused { command, message });
        }
    }

    pub(super) fn result(&mut self, ticket: Ticket, outcome: &Outcome) {
        let Some(command) = self.commands.remove(&ticket) else {
            return;
        };
        let (message, failed_services) = match outcome {
            Outcome::Done => (None, Vec::new()),
            Outcome::Failed {
                message,
                failed_services,
            } => (Some(message.clone()), failed_services.clone()),
            Outcome::EditedAgain { message } => (Some(message.clone()), Vec::new()),
        };
        self.write(What::Result {
            command,
            ok: message.is_none(),
            message,
            failed_services,
        });
    }

    /// `before`, `now`: the services of the session.
    pub(super) fn reloaded(
        &self,
        changes: Vec<Change>,
        before: &[Arc<StatusView>],
        now: &[Arc<StatusView>],
    ) {
        let is_gone = |view: &&Arc<StatusView>| now.iter().all(|it| it.service != view.service);
        let removed = before.iter().filter(is_gone);
        let removed = removed.map(|view| Arc::clone(&view.name)).collect();
        self.write(What::Reloaded { changes, removed });
    }
}

fn state(view: &StatusView) -> State {
    State {
        status: view.status,
        up: view.up,
        wanted: view.wanted,
        pid: view.pid,
        end: view.end,
        reason: view.reason.clone(),
        since: Timestamp::from(view.since),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Probe, ProbeAttempts, Record};
    use crate::logs::{LogsConfig, RecordQuery};
    use crate::runtime::RequestId;
    use crate::runtime::handle::Rejection;

    async fn records(logs: &Logs) -> Vec<Record> {
        let query = RecordQuery {
            limit: 1000,
            after: None,
            before: None,
        };
        let page = logs.records(query).await;
        let records = page.entries();
        records
            .map(|line| {
                let record = Record::parse(line.as_bytes());
                let record = record.unwrap_or_else(|| panic!("{line}"));
                assert_eq!(serde_json::to_string(&record).unwrap(), line);
                record
            })
            .collect()
    }

    fn recorder(logs: &Logs) -> Recorder {
        let mut recorder = Recorder::new(logs.clone());
        recorder.services.push(Recorded::default());
        recorder
    }

    fn probing() -> StatusView {
        StatusView {
            reason: Some(Reason::Probing(ProbeAttempts {
                probe: Probe {
                    r#type: "tcp".to_owned(),
                    target: ":1".to_owned(),
                    port: None,
                },
                attempts: 0,
                elapsed_ms: 0,
                last: None,
                pending_ms: None,
                listens_on: Vec::new(),
            })),
            ..StatusView::sample(0, "api")
        }
    }

    #[tokio::test]
    async fn of_the_attempts_of_a_wait_the_first_and_the_last_are_recorded() {
        let logs = Logs::open(LogsConfig::new(vec!["api".into()])).unwrap();
        let mut recorder = recorder(&logs);
        let (now, view) = (SystemTime::now(), probing());
        recorder.status(&view, now, 0);
        for attempt in 0..3 {
            recorder.probe_failed(&view, format!("refused {attempt}"));
        }
        recorder.status(&StatusView::sample(0, "api"), now, 0);
        recorder.probe_failed(&view, "once".to_owned());
        recorder.status(&StatusView::sample(0, "api"), now, 0);
        let failed: Vec<_> = records(&logs)
            .await
            .into_iter()
            .filter_map(|record| match record.what {
                What::ProbeFailed {
                    attempt,
                    error,
                    last,
                    ..
                } => Some((attempt, error, last)),
                _ => None,
            })
            .collect();
        assert_eq!(
            failed,
            [
                (1, "refused 0".to_owned(), false),
                (3, "refused 2".to_owned(), true),
                (1, "once".to_owned(), false),
            ]
        );
    }

    #[tokio::test]
    async fn answers_name_the_command_and_commands_who_gave_them() {
        let logs = Logs::open(LogsConfig::new(vec!["api".into()])).unwrap();
        let mut recorder = recorder(&logs);
        let client = SubscriberId(7);
        recorder.joined(client, "curl/8".into());
        let name = |_| "api".to_owned();
        let ticket = |request| Ticket(client, RequestId(request));
        recorder.action(ticket(1), Action::Start(0), &name);
        recorder.action(ticket(2), Action::StopAll, &name);
        let message = "busy".to_owned();
        recorder.ack(ticket(1), &Decision::Accepted);
        recorder.ack(ticket(2), &Decision::Busy(Rejection { message }));
        recorder.result(ticket(1), &Outcome::Done);
        recorder.signalled();
        let records: Vec<_> = records(&logs).await.into_iter().map(|it| it.what).collect();
        let command = |by: &str, command: &str, service: Option<&str>| What::Command {
            by: by.into(),
            command: command.to_owned(),
            service: service.map(Arc::from),
        };
        assert_eq!(
            records,
            [
                command("curl/8", "start_service", Some("api")),
                command("curl/8", "stop_all", None),
                What::Refused {
                    command: 2,
                    message: "busy".to_owned()
                },
                What::Result {
                    command: 1,
                    ok: true,
                    message: None,
                    failed_services: Vec::new()
                },
                command("signal", "shutdown", None),
            ]
        );
    }
}
