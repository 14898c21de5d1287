//! Why there is no session to talk to, and what to do about it: one line for each case.

use std::path::Path;

use flowlayer_core::client;
use flowlayer_core::session::registry::LiveSession;

use crate::failure::Failure;
use crate::session::find::Endpoint;
use crate::terminal::diagnostics::shown_path;

/// So many sessions are listed in one line.
const LISTED: usize = 5;

/// Several sessions run, and nothing says which is meant.
pub(super) fn several(live: &[LiveSession]) -> Failure {
    let shown: Vec<String> = live
        .iter()
        .take(LISTED)
        .map(|session| format!("{} ({})", session.address, shown_path(&session.config)))
        .collect();
    let more = match live.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more that `flowlayer sessions` lists"),
    };
    Failure::Mistaken(format!(
        "several sessions run: {}{more}; say which with --config or --addr",
        shown.join(", ")
    ))
}

/// The session that was found, or expected, cannot be talked to.
pub(super) fn no_session(endpoint: &Endpoint, why: &client::Failure) -> Failure {
    use client::Failure as Why;
    Failure::NoSession(match why {
        Why::Unreachable { .. }
        | Why::Refused(_)
        | Why::NoHandshake { .. }
        | Why::Stranger { .. }
        | Why::Closed { .. }
        | Why::Lost(_)
        | Why::Silent(_) => not_there(endpoint, why),
        Why::TokenRequired(address) => format!(
            "the session at {address} wants a token: give it with --token or FLOWLAYER_TOKEN, or \
             name its configuration with --config"
        ),
        Why::InvalidToken(address) => format!(
            "the session at {address} does not accept this token: use the one that its server \
             printed at boot, or name its configuration with --config"
        ),
        Why::NotFlowLayer { .. } if endpoint.pid.is_none() => {
            format!("{}; {}", start(endpoint), why)
        }
        Why::NotFlowLayer { .. } | Why::WrongVersion { .. } | Why::Full(_) => why.to_string(),
    })
}

fn not_there(endpoint: &Endpoint, why: &client::Failure) -> String {
    match (endpoint.pid, &endpoint.config) {
        (Some(pid), Some(config)) => format!(
            "the session of {} (pid {pid}) does not answer: it is ending, or hangs ({why})",
            shown_path(config)
        ),
        (Some(pid), None) => {
            format!("the session of pid {pid} does not answer: it is ending, or hangs ({why})")
        }
        (None, _) => format!("{} ({why})", start(endpoint)),
    }
}

/// No session is known to run; how to start one.
fn start(endpoint: &Endpoint) -> String {
    match &endpoint.config {
        Some(config) if is_found_here(config) => {
            "no session of the configuration in this directory runs: start one with `flowlayer \
             serve --detach`"
                .to_owned()
        }
        Some(config) => format!(
            "no session of {0} runs: start one with `flowlayer serve --detach -c {0}`",
            shown_path(config)
        ),
        None if endpoint.address == crate::session::find::DEFAULT_ADDRESS => {
            "no session runs, and there is no configuration in this directory: start one with \
             `flowlayer serve --detach -c PATH`, or name its address with --addr"
                .to_owned()
        }
        None => format!(
            "no session at {}: `flowlayer sessions` lists those that run here",
            endpoint.address
        ),
    }
}

fn is_found_here(config: &Path) -> bool {
    flowlayer_core::config::discover(Path::new("."))
        .is_some_and(|here| crate::session::find::is_same(&here, config))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::UNIX_EPOCH;

    use flowlayer_core::facts::Timestamp;
    use flowlayer_core::protocol::Token;

    use super::*;

    fn endpoint(config: Option<&str>, pid: Option<u32>) -> Endpoint {
        Endpoint {
            address: "127.0.0.1:7001".to_owned(),
            token: None,
            config: config.map(PathBuf::from),
            pid,
            session_id: pid.map(|pid| pid.to_string()),
            taken_by: None,
            recipient: client::Recipient::OwnOrRoot,
            found: "",
        }
    }

    fn refused() -> client::Failure {
        client::Failure::Refused("127.0.0.1:7001".to_owned())
    }

    #[track_caller]
    fn says(endpoint: &Endpoint, why: &client::Failure, words: &[&str]) {
        let Failure::NoSession(message) = no_session(endpoint, why) else {
            panic!("another kind of failure")
        };
        assert!(!message.contains('\n'), "one line: {message}");
        for word in words {
            assert!(message.contains(word), "{word:?} is not in {message:?}");
        }
    }

    #[test]
    fn every_way_to_have_no_session_says_what_to_do() {
        let stopped = endpoint(Some("/a/flowlayer.jsonc"), None);
        says(
            &stopped,
            &refused(),
            &[
                "no session of /a/flowlayer.jsonc runs",
                "flowlayer serve",
                "refused",
            ],
        );
        let hung = endpoint(Some("/a/flowlayer.jsonc"), Some(4242));
        says(
            &hung,
            &refused(),
            &["/a/flowlayer.jsonc", "4242", "does not answer"],
        );
        let nowhere = endpoint(None, None);
        says(
            &nowhere,
            &refused(),
            &["no session at 127.0.0.1:7001", "flowlayer sessions"],
        );
    }

    #[test]
    fn a_line_end_in_a_path_does_not_end_the_line() {
        let hung = endpoint(Some("/a\nError: b/flowlayer.jsonc"), Some(4242));
        says(&hung, &refused(), &["/a\u{240a}Error: b"]);
    }

    #[test]
    fn several_sessions_are_listed_in_one_line_however_many_they_are() {
        let live: Vec<LiveSession> = (1..=20)
            .map(|number| LiveSession {
                address: format!("127.0.0.1:{}", 7000 + number),
                token: Token::new("secret").unwrap(),
                config: format!("/stack/{number}.jsonc").into(),
                pid: number,
                session_id: number.to_string(),
                started: Timestamp::from(UNIX_EPOCH),
                protocol_version: 1,
            })
            .collect();
        let words = |count: usize| several(&live[..count]).message().unwrap().to_owned();
        assert_eq!(
            words(2),
            "several sessions run: 127.0.0.1:7001 (/stack/1.jsonc), 127.0.0.1:7002 \
             (/stack/2.jsonc); say which with --config or --addr"
        );
        assert!(
            words(20).contains("(/stack/5.jsonc) and 15 more"),
            "{}",
            words(20)
        );
    }
}
