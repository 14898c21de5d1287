//! Why a service is not as one would want it, in as few words as say it.
//!
//! The server tells it in whole sentences. Where a row is short they are cut at their end, so what
//! says most goes first here: the last answer of a probe before what it looks at, what a stop waits
//! for before how long it has done so.

use flowlayer_core::facts::{Status, StoppedBy};

use super::cells::plain;
use super::message::Facts;
use super::service::Service;
use crate::terminal::status::{BLOCKED, State};

/// What the server says of the service, or nothing; and of one that was stopped, by whom.
pub(crate) fn of(service: &Service, facts: Option<&Facts>) -> Option<String> {
    let told = told(service);
    let by = service.details.stopped_by;
    match by {
        Some(by) if service.state() == State::Stopped => {
            let by = by_whom(by, facts);
            // What it says of a stopped service is about its port, not about why it was stopped.
            Some(told.map_or_else(|| by.to_owned(), |told| format!("{by}; {told}")))
        }
        _ => told,
    }
}

/// What the server says of the service, or nothing.
pub(crate) fn told(service: &Service) -> Option<String> {
    let details = &service.details;
    let detail = details.detail.as_deref().filter(|words| !words.is_empty());
    if let Some(detail) = detail {
        let target = details.probe.as_ref().map(|probe| &*probe.target);
        return Some(plain(&brief(service.status, detail, target)));
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

fn by_whom(by: StoppedBy, facts: Option<&Facts>) -> &'static str {
    match (by, facts) {
        (StoppedBy::NotStarted, Some(facts)) if facts.is_by_hand => "autoStart is false",
        (StoppedBy::NotStarted, Some(_)) => "left out by --only",
        (StoppedBy::NotStarted, None) => "autoStart is false, or --only left it out",
        (StoppedBy::StopService, _) => "somebody stopped it",
        (StoppedBy::StopAll, _) => "somebody stopped all",
        (StoppedBy::Shutdown, _) => "the session is ending",
        (StoppedBy::Other, _) => "it was stopped",
    }
}

/// The server's words without what the state beside them says already, and with what says most in
/// front. Words that it does not know stay as they are.
fn brief(status: Status, words: &str, target: Option<&str>) -> String {
    let words = words.strip_prefix(BLOCKED).unwrap_or(words);
    let stopping = words
        .strip_prefix("stopping, ")
        .or_else(|| words.strip_prefix("stopping: "));
    if let (Status::Stopping, Some(progress)) = (status, stopping) {
        return waited_for(progress, "").unwrap_or_else(|| progress.to_owned());
    }
    if let (Status::Unknown | Status::Stopped, Some(others)) =
        (status, words.strip_prefix("waiting for "))
    {
        return format!("for {others}");
    }
    if let Some(progress) = words.strip_prefix("ending what the last run left, ") {
        return waited_for(progress, " of the last run").unwrap_or_else(|| words.to_owned());
    }
    target
        .and_then(|target| answered(words, target))
        .unwrap_or_else(|| words.to_owned())
}

/// `1.0 of 8 s: waiting for pid 12 (sh)` as `waiting for pid 12 (sh), 1.0 of 8 s`.
fn waited_for(progress: &str, whose: &str) -> Option<String> {
    let (progress, processes) = progress.split_once(": waiting for ")?;
    Some(format!("waiting for {processes}{whose}, {progress}"))
}

/// `waiting for http http://h/: status 503 (2 attempts, 0.4 s)` as `status 503: http://h/ (2
/// attempts, 0.4 s)`, whatever stands before it.
fn answered(words: &str, target: &str) -> Option<String> {
    let waiting = format!("waiting for {target}");
    let (before, after) = words.split_once(&*waiting)?;
    // Its URL says that it is one.
    let shown = match target.strip_prefix("http ") {
        Some(url) if url.starts_with("http") => url,
        _ => target,
    };
    let Some(answer) = after.strip_prefix(": ") else {
        return Some(format!("{before}waiting for {shown}{after}"));
    };
    let (answer, tally) = answer
        .rfind(" (")
        .map_or((answer, ""), |at| answer.split_at(at));
    if target.starts_with("log line ") {
        // That it has not come is all there is to say of a line, and it makes no attempts.
        let waited = tally.rsplit(", ").next().unwrap_or_default();
        return Some(format!("{before}waiting for {target} ({waited}"));
    }
    Some(format!("{before}{answer}: {shown}{tally}"))
}

#[cfg(test)]
mod tests {
    use flowlayer_core::protocol::{Details, ProbeState};

    use super::*;

    const URL: &str = "http http://127.0.0.1:3002/healthz";

    fn service(status: Status, details: Details) -> Service {
        Service {
            name: "api".into(),
            rank: 0,
            status,
            details,
            began: None,
            took: None,
        }
    }

    fn saying(status: Status, words: &str, target: &str) -> String {
        let probe = ProbeState {
            target: target.to_owned(),
            attempts: 1,
            waited_ms: 0,
            last_error: None,
        };
        let details = Details {
            detail: Some(words.to_owned()),
            probe: Some(Box::new(probe)),
            ..Details::default()
        };
        of(&service(status, details), None).unwrap()
    }

    #[test]
    fn the_last_answer_of_a_probe_goes_before_what_it_looks_at() {
        for (words, target, expected) in [
            (
                "waiting for http http://127.0.0.1:3002/healthz: status 404 Not Found (12 attempts, 2.4 s)",
                URL,
                "status 404 Not Found: http://127.0.0.1:3002/healthz (12 attempts, 2.4 s)",
            ),
            (
                "waiting for http http://127.0.0.1:3002/healthz (0.1 s)",
                URL,
                "waiting for http://127.0.0.1:3002/healthz (0.1 s)",
            ),
            (
                "not ready within 2 s: waiting for tcp [::1]:5: it said: no (x) (9 attempts, 2.0 s)",
                "tcp [::1]:5",
                "not ready within 2 s: it said: no (x): tcp [::1]:5 (9 attempts, 2.0 s)",
            ),
            (
                "waiting for log line /up \\(now, 1\\)/: no line has matched (1 attempt, 13.0 s)",
                "log line /up \\(now, 1\\)/",
                "waiting for log line /up \\(now, 1\\)/ (13.0 s)",
            ),
            ("waiting for store", URL, "waiting for store"),
            ("exit code 1 before ready", URL, "exit code 1 before ready"),
        ] {
            assert_eq!(saying(Status::Running, words, target), expected);
        }
    }

    #[test]
    fn what_the_state_says_is_not_said_again() {
        for (status, words, expected) in [
            (
                Status::Stopping,
                "stopping, 1.0 of 8 s: waiting for pid 12 (sh), pid 13 (sleep)",
                "waiting for pid 12 (sh), pid 13 (sleep), 1.0 of 8 s",
            ),
            (Status::Stopping, "stopping, 0.0 of 8 s", "0.0 of 8 s"),
            (
                Status::Stopping,
                "stopping: waiting for its port to be released",
                "waiting for its port to be released",
            ),
            (
                Status::Starting,
                "ending what the last run left, SIGKILL sent: waiting for pid 12 (sh)",
                "waiting for pid 12 (sh) of the last run, SIGKILL sent",
            ),
            (Status::Stopped, "blocked: store failed", "store failed"),
            (
                Status::Unknown,
                "waiting for wave 0 to resolve",
                "for wave 0 to resolve",
            ),
        ] {
            assert_eq!(saying(status, words, ""), expected);
        }
    }

    #[test]
    fn a_stopped_service_says_by_whom() {
        let by = |by, status, facts: Option<&Facts>, detail: Option<&str>| {
            let details = Details {
                stopped_by: Some(by),
                detail: detail.map(str::to_owned),
                ..Details::default()
            };
            of(&service(status, details), facts)
        };
        let left_out = Facts::default();
        let by_hand = Facts {
            is_by_hand: true,
            ..Facts::default()
        };
        for (facts, expected) in [
            (Some(&by_hand), "autoStart is false"),
            (Some(&left_out), "left out by --only"),
            (None, "autoStart is false, or --only left it out"),
        ] {
            let reason = by(StoppedBy::NotStarted, Status::Stopped, facts, None);
            assert_eq!(reason.as_deref(), Some(expected));
        }
        let all = by(StoppedBy::StopAll, Status::Stopped, None, None);
        assert_eq!(all.as_deref(), Some("somebody stopped all"));
        let port = by(
            StoppedBy::StopService,
            Status::Stopped,
            None,
            Some("port 1 is in use"),
        );
        assert_eq!(
            port.as_deref(),
            Some("somebody stopped it; port 1 is in use")
        );
        let under_way = by(StoppedBy::StopService, Status::Stopping, None, None);
        assert_eq!(under_way, None, "its state says so");
    }
}
