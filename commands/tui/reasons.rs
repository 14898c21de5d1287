//! Why a service is not up, as short as possible.
//!
//! Where a row is short it is cut at its end, so what says most goes first: the last answer of a probe
//! before what it looks at, what a stop waits for before how long it has done so. What the state beside
//! it says already is left out.

use flowlayer_core::facts::{
    Causes, Ending, NotStarted, ProbeAttempts, Reason, Status, StopRound, StoppedBy, limit,
};
use flowlayer_core::protocol::Details;

use super::cells::plain;
use super::service::ServiceModel;
use crate::terminal::status::State;

/// The reason of a service, or nothing; for a stopped one, who stopped it.
pub(crate) fn of(service: &ServiceModel) -> Option<String> {
    let reported = reported(service);
    match who_stopped(&service.details) {
        Some(who) if service.state() == State::Stopped => {
            // Other facts of a stopped service are about its port, not about why it was stopped.
            Some(reported.map_or_else(|| who.to_owned(), |why| format!("{who}; {why}")))
        }
        _ => reported,
    }
}

/// Why the service is there, or nothing.
pub(crate) fn reported(service: &ServiceModel) -> Option<String> {
    let details = &service.details;
    let text = match details.reason.as_deref() {
        Some(reason) => brief(reason),
        // A reason of a later version, or a server that gives none.
        None => details.detail.clone().filter(|text| !text.is_empty()),
    };
    if let Some(text) = text {
        return Some(plain(&text));
    }
    if !details.blocked_by.is_empty() {
        return Some(format!("needs {}", plain(&details.blocked_by.join(", "))));
    }
    if service.status != Status::Failed {
        return None;
    }
    match (details.exit_code, details.signal.as_deref()) {
        (Some(code), _) => Some(format!("exit code {code}")),
        (None, Some(signal)) => Some(format!("ended by {signal}")),
        (None, None) => None,
    }
}

fn who_stopped(details: &Details) -> Option<&'static str> {
    Some(match (details.stopped_by?, details.reason.as_deref()) {
        (StoppedBy::NotStarted, Some(Reason::NotStarted { because })) => match because {
            NotStarted::AutoStart => "autoStart is false",
            NotStarted::Only => "left out by --only",
            NotStarted::Reload => "not started since a reload changed autoStart",
        },
        (StoppedBy::NotStarted, _) => "autoStart is false, or --only left it out",
        (StoppedBy::StopService, _) => "somebody stopped it",
        (StoppedBy::StopAll, _) => "somebody stopped all",
        (StoppedBy::Shutdown, _) => "the session is ending",
        (StoppedBy::Reload, _) => "a reload removed it",
        (StoppedBy::Other, _) => "it was stopped",
    })
}

fn brief(reason: &Reason) -> Option<String> {
    Some(match reason {
        Reason::Blocked { by } => Causes(by).to_string(),
        Reason::WaitingFor { on } => format!("for {}", on.join(", ")),
        Reason::WaitingForWave { wave, on, more } => match on.as_slice() {
            [] => format!("for wave {wave} to resolve"),
            [first] if *more == 0 => format!("for wave {wave}: {first}"),
            [first, rest @ ..] => {
                format!("for wave {wave}: {first} and {} more", rest.len() + more)
            }
        },
        Reason::Stopping { ending, .. } => match ending.round {
            StopRound::Port => "waiting for its port to be released".to_owned(),
            StopRound::Output => "reading its last lines".to_owned(),
            _ => waited_for(ending, "").unwrap_or_else(|| ending.progress()),
        },
        Reason::Starting {
            ending: Some(ending),
            ..
        } => return waited_for(ending, " of the last run").or_else(|| reason.detail()),
        Reason::Exited(exit) => exit.with_last_line(),
        Reason::Probing(attempts) | Reason::Stranger { attempts, .. } => answered(attempts),
        Reason::NotReadyInTime {
            limit_ms,
            attempts,
            port,
        } => {
            let port = port
                .as_ref()
                .map(|hold| format!("; {}", hold.not_released()));
            let (limit, port) = (limit(*limit_ms), port.unwrap_or_default());
            format!("not ready within {limit}: {}{port}", answered(attempts))
        }
        _ => return reason.detail(),
    })
}

/// `waiting for pid 12 (sh), 1.0 of 8 s`.
fn waited_for(ending: &Ending, whose: &str) -> Option<String> {
    let awaited = ending.awaited()?;
    let progress = ending.progress();
    Some(format!("waiting for {awaited}{whose}, {progress}"))
}

/// `status 503: http://h/ (2 attempts, 0.4 s)`.
fn answered(attempts: &ProbeAttempts) -> String {
    let probe = &attempts.probe;
    let answer = match (&*probe.r#type, attempts.answer()) {
        ("log", Some(_)) => {
            // That it has not come is all there is to say of a line, and it makes no attempts.
            let silent = ProbeAttempts {
                last: None,
                ..attempts.clone()
            };
            return silent.to_string();
        }
        (_, Some(answer)) => format!("{answer}: "),
        (_, None) => "waiting for ".to_owned(),
    };
    let tally = attempts.tally();
    match &*probe.r#type {
        // Its URL says that it is one.
        "http" => format!("{answer}{} {tally}", probe.target),
        kind => format!("{answer}{kind} {} {tally}", probe.target),
    }
}

#[cfg(test)]
mod tests {
    use flowlayer_core::facts::{
        BlockedBy, Code, End, Exit, Holder, LastLine, PortHold, Probe, ProcessInfo, StartStep,
        StopCause, Stream,
    };

    use super::*;

    fn service(status: Status, details: Details) -> ServiceModel {
        ServiceModel {
            name: "api".into(),
            rank: 0,
            status,
            details,
            began: None,
            took: None,
        }
    }

    #[track_caller]
    fn says(status: Status, reason: Reason, expected: &str) {
        let stopped_by = reason.stopped_by();
        let details = Details {
            stopped_by,
            ..Details::default().because(reason)
        };
        let reason = of(&service(status, details));
        assert_eq!(reason.as_deref(), Some(expected));
    }

    fn attempts(
        r#type: &str,
        target: &str,
        failed: u64,
        ms: u64,
        last: Option<&str>,
    ) -> ProbeAttempts {
        ProbeAttempts {
            probe: Probe {
                r#type: r#type.to_owned(),
                target: target.to_owned(),
                port: None,
            },
            attempts: failed,
            elapsed_ms: ms,
            pending_ms: None,
            last: last.map(str::to_owned),
            listens_on: Vec::new(),
        }
    }

    #[test]
    fn the_last_answer_of_a_probe_goes_before_what_it_looks_at() {
        const URL: &str = "http://127.0.0.1:3002/healthz";
        for (attempts, expected) in [
            (
                attempts("http", URL, 12, 2_400, Some("status 404 Not Found")),
                "status 404 Not Found: http://127.0.0.1:3002/healthz (12 attempts, 2.4 s)",
            ),
            (
                attempts("http", URL, 0, 100, None),
                "waiting for http://127.0.0.1:3002/healthz (0.1 s)",
            ),
            (
                attempts(
                    "log",
                    "line /up \\(now, 1\\)/",
                    1,
                    13_000,
                    Some("no line has matched"),
                ),
                "waiting for log line /up \\(now, 1\\)/ (13.0 s)",
            ),
        ] {
            says(Status::Running, Reason::Probing(attempts), expected);
        }
        let reason = Reason::NotReadyInTime {
            limit_ms: 2_000,
            attempts: attempts("tcp", "[::1]:5", 9, 2_000, Some("it said: no (x)")),
            port: None,
        };
        let expected = "not ready within 2 s: it said: no (x): tcp [::1]:5 (9 attempts, 2.0 s)";
        says(Status::Failed, reason, expected);
        let mut exit = Exit::new(End::Code(1), true);
        says(
            Status::Failed,
            Reason::Exited(exit.clone()),
            "exit code 1 before ready",
        );
        exit.last_line = Some(Box::new(LastLine {
            seq: 1,
            stream: Stream::Stderr,
            message: "\u{1b}[31mKeyError\u{1b}[0m: 'QUEUE'".to_owned(),
        }));
        let expected = "exit code 1 before ready: KeyError: 'QUEUE'";
        says(Status::Failed, Reason::Exited(exit), expected);
    }

    fn ending(round: StopRound, elapsed_ms: u64, left: &[(u32, &str)]) -> Ending {
        let process = |&(pid, name): &(u32, &str)| ProcessInfo {
            pid,
            name: name.to_owned(),
            user: 0,
            user_name: None,
            service: None,
            why: None,
        };
        Ending {
            round,
            elapsed_ms,
            grace_ms: Some(8_000),
            left: left.iter().map(process).collect(),
        }
    }

    #[test]
    fn what_the_state_says_is_not_said_again() {
        for (ending, expected) in [
            (
                ending(StopRound::Term, 1_000, &[(12, "sh"), (13, "sleep")]),
                "waiting for pid 12 (sh), pid 13 (sleep), 1.0 of 8 s",
            ),
            (ending(StopRound::Term, 0, &[]), "0.0 of 8 s"),
            (
                ending(StopRound::Port, 0, &[]),
                "waiting for its port to be released",
            ),
        ] {
            let reason = Reason::Stopping {
                by: Some(StopCause::Command),
                ending,
                failure: None,
            };
            says(Status::Stopping, reason, expected);
        }
        let reason = Reason::Starting {
            step: StartStep::Leftovers,
            ending: Some(ending(StopRound::Kill, 0, &[(12, "sh")])),
        };
        let expected = "waiting for pid 12 (sh) of the last run, SIGKILL sent";
        says(Status::Starting, reason, expected);
        let by = vec![BlockedBy {
            service: "store".into(),
            code: Code::Exited,
        }];
        says(Status::Stopped, Reason::Blocked { by }, "store failed");
        let on = vec!["store".into()];
        says(Status::Stopped, Reason::WaitingFor { on }, "for store");
        let reason = Reason::WaitingForWave {
            wave: 0,
            on: Vec::new(),
            more: 0,
        };
        says(Status::Unknown, reason, "for wave 0 to resolve");
        let held = |on: &[&str], more| Reason::WaitingForWave {
            wave: 0,
            on: on.iter().map(|&name| name.into()).collect(),
            more,
        };
        says(Status::Unknown, held(&["db"], 0), "for wave 0: db");
        says(
            Status::Unknown,
            held(&["a", "b"], 3),
            "for wave 0: a and 4 more",
        );
    }

    #[test]
    fn a_stopped_service_says_by_whom() {
        for (because, expected) in [
            (NotStarted::AutoStart, "autoStart is false"),
            (NotStarted::Only, "left out by --only"),
        ] {
            says(Status::Stopped, Reason::NotStarted { because }, expected);
        }
        let by = StopCause::StopAll;
        says(
            Status::Stopped,
            Reason::Stopped {
                by,
                unowned: Vec::new(),
            },
            "somebody stopped all",
        );
        let reason = Reason::PortNotReleased {
            hold: PortHold {
                port: 1,
                holder: Holder::default(),
            },
            ours: false,
            error: None,
            by: Some(StopCause::Command),
        };
        let expected = "somebody stopped it; port 1 was not released within 5 s: another process listens on it";
        says(Status::Stopped, reason, expected);
    }

    #[test]
    fn without_a_reason_the_older_fields_are_shown() {
        let told = |status, details| of(&service(status, details));
        let line = Details {
            detail: Some("hibernating until noon".to_owned()),
            ..Details::default()
        };
        let told_line = told(Status::Stopped, line);
        assert_eq!(told_line.as_deref(), Some("hibernating until noon"));
        let by = |stopped_by| Details {
            stopped_by: Some(stopped_by),
            ..Details::default()
        };
        assert_eq!(
            told(Status::Stopped, by(StoppedBy::NotStarted)).as_deref(),
            Some("autoStart is false, or --only left it out")
        );
        let under_way = told(Status::Stopping, by(StoppedBy::StopService));
        assert_eq!(under_way, None, "its state says so");
    }
}
