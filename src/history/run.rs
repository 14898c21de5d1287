//! The records of one session, and the states they lead to.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::facts::{Definition, End, FORMAT, Reason, Record, State, Status, Timestamp, What};
use crate::protocol::{Details, ServiceState};

/// The records of one session, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// The records. Their times never go back: where the clock did, they stand still.
    pub records: Vec<Record>,
}

impl Run {
    /// Takes the records of one session in the order of their numbers.
    pub fn new(mut records: Vec<Record>) -> Self {
        let mut last = Timestamp(i64::MIN);
        for record in &mut records {
            last = last.max(record.timestamp);
            record.timestamp = last;
        }
        Self { records }
    }

    /// Its id.
    pub fn session(&self) -> &str {
        self.start().map_or("", |(session, ..)| session)
    }

    /// The version of the program.
    pub fn version(&self) -> &str {
        self.start().map_or("", |(_, version, _)| version)
    }

    /// Whether a later version has recorded it in a way that this one does not know.
    pub fn is_newer(&self) -> bool {
        self.start().is_some_and(|(.., format)| format > FORMAT)
    }

    fn start(&self) -> Option<(&str, &str, u32)> {
        self.records.iter().find_map(|record| match &record.what {
            What::SessionStarted {
                session,
                version,
                format,
                ..
            } => Some((&**session, &**version, *format)),
            _ => None,
        })
    }

    /// The last moment before it began to end; that of its last record where it did not.
    pub fn end(&self) -> usize {
        let ending = self.records.iter().position(|record| match &record.what {
            What::ShuttingDown => true,
            What::Command { command, .. } => command == "shutdown",
            _ => false,
        });
        ending.unwrap_or(self.records.len())
    }

    /// The services as they are defined after the first `end` records, by name.
    pub fn definitions(&self, end: usize) -> BTreeMap<Arc<str>, Definition> {
        let mut all = BTreeMap::new();
        for record in &self.records[..end] {
            match &record.what {
                What::Defined(definition) => {
                    all.insert(
                        Arc::clone(&definition.service),
                        Definition::clone(definition),
                    );
                }
                What::Reloaded { removed, .. } => {
                    for name in removed {
                        all.remove(name);
                    }
                }
                _ => {}
            }
        }
        all
    }

    /// The states after the first `end` records, as a client that connects then gets them.
    pub fn states(&self, end: usize) -> Vec<ServiceState> {
        let mut states: BTreeMap<Arc<str>, State> = BTreeMap::new();
        for record in &self.records[..end] {
            match &record.what {
                What::Defined(definition) => {
                    if let Some(state) = &definition.state {
                        states.insert(Arc::clone(&definition.service), state.clone());
                    }
                }
                What::Status(published) => {
                    states.insert(Arc::clone(&published.service), published.state.clone());
                }
                _ => {}
            }
        }
        let definitions = self.definitions(end);
        definitions
            .values()
            .filter_map(|definition| Some(state(definition, states.remove(&definition.service)?)))
            .collect()
    }

    /// By service: what stands for the values of its variables, after the last record.
    pub(super) fn marks(&self) -> BTreeMap<Arc<str>, BTreeMap<String, String>> {
        let mut all = BTreeMap::new();
        for record in &self.records {
            if let What::Variables { service, marks } = &record.what {
                all.insert(Arc::clone(service), marks.clone());
            }
        }
        all
    }

    /// The number of the newest log entry when one of these services failed last.
    pub fn last_failure(&self, services: &[&str]) -> Option<u64> {
        let records = self.records.iter().rev();
        let mut failures = records.filter_map(|record| match &record.what {
            What::Status(status) if status.state.status == Status::Failed => {
                let is_one = services.contains(&&*status.service);
                is_one.then_some(record.seq)
            }
            _ => None,
        });
        failures.next()
    }
}

fn state(definition: &Definition, state: State) -> ServiceState {
    let is_down = matches!(state.status, Status::Stopping | Status::Stopped);
    let reason = state.reason.as_ref();
    let details = Details {
        up: Some(state.up),
        pid: state.pid,
        exit_code: state.end.and_then(End::code),
        signal: state.end.and_then(End::signal),
        wanted: Some(state.wanted),
        depends_on: definition
            .depends_on
            .iter()
            .map(ToString::to_string)
            .collect(),
        wave: Some(definition.wave),
        kind: Some(definition.kind),
        since: Some(state.since),
        stopped_by: reason.filter(|_| is_down).and_then(Reason::stopped_by),
        spec: Some(Arc::clone(&definition.spec)),
        ..Details::default()
    };
    ServiceState {
        name: definition.service.to_string(),
        status: state.status,
        details: details.because(state.reason),
    }
}
