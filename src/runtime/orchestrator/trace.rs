//! The decision trace: what the orchestrator was built from, then each `(now, input, effects)`, as lines
//! of JSON (docs/debugging.md). Played back, a bug report is a test case.
//!
//! Lines hold names, states and process ids; never arguments, or values of variables.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::{Effect, Input, Orchestrator, Planned};
use crate::facts::Status;
use crate::runtime::lifecycle::Now;

/// One session of a trace.
#[derive(Debug)]
pub struct Trace {
    /// What the orchestrator was built from.
    pub services: Vec<Planned>,
    /// With the numbers of their lines.
    steps: Vec<(usize, Step)>,
}

/// Why a trace cannot be played back.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// A line was not written by this code, or not by this version.
    #[error("line {line} is not a line of a decision trace: {error}")]
    Malformed {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// A step comes before the services.
    #[error("line {line} belongs to a session whose first line is missing")]
    Headless {
        /// Counted from 1.
        line: usize,
    },
    /// The same input has other effects now.
    #[error("line {line} records the effects\n  {recorded}\nand they are now\n  {played}")]
    Differs {
        /// Counted from 1.
        line: usize,
        /// As in the file.
        recorded: String,
        /// As decided now.
        played: String,
    },
}

#[derive(Debug, Deserialize)]
struct Step {
    now: Now,
    input: Input,
    /// Compared as they are written: a written effect does not hold all that an effect holds.
    effects: Value,
}

#[derive(Deserialize)]
struct Opening {
    services: Vec<Planned>,
}

/// How the first line of a session begins.
const OPENING: &str = r#"{"flowlayer":"#;

/// The first line of a session.
pub fn opening(services: &[Planned]) -> Value {
    serde_json::json!({ "flowlayer": env!("CARGO_PKG_VERSION"), "services": services })
}

/// The line of one step. `now` is exact, to the nanosecond.
pub fn step(now: Now, input: &Input, effects: &[Effect]) -> Value {
    serde_json::json!({ "now": now, "input": input, "effects": effects })
}

impl Trace {
    /// The sessions in a file, in the order of their beginnings. Lines that are not JSON objects belong
    /// to other targets of `FLOWLAYER_LOG` and are skipped, like an unfinished last line.
    pub fn read(text: &str) -> Result<Vec<Self>, TraceError> {
        let mut sessions: Vec<Self> = Vec::new();
        let lines = text.split_inclusive('\n').zip(1..);
        for (text, line) in lines.filter(|(text, _)| text.starts_with('{') && text.ends_with('\n'))
        {
            let malformed = |error| TraceError::Malformed { line, error };
            if text.starts_with(OPENING) {
                let Opening { services } = serde_json::from_str(text).map_err(malformed)?;
                let steps = Vec::new();
                sessions.push(Self { services, steps });
            } else {
                let step = serde_json::from_str(text).map_err(malformed)?;
                let session = sessions.last_mut();
                let session = session.ok_or(TraceError::Headless { line })?;
                session.steps.push((line, step));
            }
        }
        Ok(sessions)
    }

    /// Replays it through an orchestrator, which has to make the same decisions. `seen` gets each input, what was
    /// decided, and the orchestrator after it. Returns the services and the last status published of each.
    pub fn play(
        &self,
        mut seen: impl FnMut(&Input, &[Effect], &Orchestrator),
    ) -> Result<Vec<(Arc<str>, Status)>, TraceError> {
        let mut stack = Orchestrator::new(self.services.clone());
        let mut last = Now::ZERO;
        for (line, step) in &self.steps {
            let line = *line;
            last = step.now;
            let effects = stack.handle(step.now, step.input.clone());
            let played = serde_json::to_value(&effects)
                .map_err(|error| TraceError::Malformed { line, error })?;
            if played != step.effects {
                return Err(TraceError::Differs {
                    line,
                    recorded: step.effects.to_string(),
                    played: played.to_string(),
                });
            }
            seen(&step.input, &effects, &stack);
        }
        let status = |service| stack.view(last, service).facts.status;
        let services = (0..stack.len()).filter(|&service| !stack.is_gone(service));
        let named = |service| (Arc::from(stack.name(service)), status(service));
        Ok(services.map(named).collect())
    }
}

/// Processes with their service, which is not published.
pub(super) mod left {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::facts::ProcessInfo;

    pub(in super::super) fn serialize<S: Serializer>(
        left: &[ProcessInfo],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(left.iter().map(|process| (process.service, process)))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<ProcessInfo>, D::Error> {
        let left = Vec::<(Option<usize>, ProcessInfo)>::deserialize(deserializer)?;
        let with_service = |(service, process)| ProcessInfo { service, ..process };
        Ok(left.into_iter().map(with_service).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Kind, StopScope, StopSignal};
    use crate::runtime::lifecycle::Spec;

    /// A daemon, and the boot that asks for its spawn.
    fn boot() -> Vec<String> {
        let services = vec![Planned {
            name: "api".into(),
            spec: Spec {
                kind: Kind::Daemon,
                probe: None,
                port: None,
                grace: Now::from_nanos(1_234_567_891),
                has_stop_command: false,
                stop_signal: StopSignal::Sigterm,
                stop_scope: StopScope::Group,
            },
            depends_on: Vec::new(),
            wave: 0,
            auto_start: true,
            at_boot: true,
        }];
        let mut stack = Orchestrator::new(services.clone());
        let now = Now::new(1, 7);
        let effects = stack.handle(now, Input::Boot);
        vec![
            opening(&services).to_string() + "\n",
            step(now, &Input::Boot, &effects).to_string() + "\n",
        ]
    }

    #[test]
    fn what_is_written_is_read_exactly() {
        let lines = boot();
        let trace = Trace::read(&lines.concat()).unwrap().pop().unwrap();
        assert_eq!(trace.services[0].spec.grace, Now::from_nanos(1_234_567_891));
        assert_eq!(trace.steps[0].1.now, Now::new(1, 7));
        let statuses = trace.play(|_, _, _| {}).unwrap();
        assert_eq!(statuses, [("api".into(), Status::Starting)]);
    }

    #[test]
    fn another_decision_is_an_error_with_its_line() {
        let mut lines = boot();
        lines[1] = lines[1].replacen("starting", "stopped", 1);
        lines.insert(
            0,
            "2026-11-26T20:00:00Z DEBUG flowlayer::session: …\n".to_owned(),
        );
        let trace = Trace::read(&lines.concat()).unwrap().pop().unwrap();
        let error = trace.play(|_, _, _| {}).unwrap_err();
        assert!(
            matches!(error, TraceError::Differs { line: 3, .. }),
            "{error}"
        );
    }

    #[test]
    fn a_line_that_is_none_is_named_and_an_unfinished_one_is_not_read() {
        let lines = boot();
        let error = Trace::read(&format!("{}{{}}\n", lines[0])).unwrap_err();
        assert!(
            matches!(error, TraceError::Malformed { line: 2, .. }),
            "{error}"
        );
        let error = Trace::read(&lines[1]).unwrap_err();
        assert!(matches!(error, TraceError::Headless { line: 1 }), "{error}");
        let cut = lines.concat();
        let trace = Trace::read(&cut[..cut.len() - 2]).unwrap().pop().unwrap();
        assert!(trace.steps.is_empty());
    }
}
