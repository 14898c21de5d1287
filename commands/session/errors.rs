//! Why there is no session to talk to, and what to do about it: one line for each case.

use std::path::Path;

use flowlayer_core::client;
use flowlayer_core::session::registry::LiveSession;
use flowlayer_core::shell;

use crate::config_file;
use crate::failure::Failure;
use crate::session::find::{DEFAULT_ADDRESS, Endpoint, is_same};
use crate::terminal::age;
use crate::terminal::diagnostics::{readable, shown_path};

/// So many sessions are listed in one line.
const LISTED: usize = 5;

/// Several sessions run, and nothing says which is meant.
pub(super) fn several(live: &[LiveSession]) -> Failure {
    let shown: Vec<String> = live
        .iter()
        .take(LISTED)
        .map(|session| {
            let address = session.address().unwrap_or("no address");
            format!("{address} ({})", shown_path(&session.config))
        })
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

/// Nothing says which session is meant, and a command that changes something takes none by itself.
pub(super) fn not_named(only: &Endpoint) -> Failure {
    let config = only.shown_config();
    Failure::Mistaken(format!(
        "there is no configuration in this directory or above it, so no session is meant; one runs, \
         that of {config}: name it with -c {config}"
    ))
}

/// For a command that only looks, and takes it.
pub(super) fn is_guessed(only: &Endpoint) -> String {
    format!(
        "[flowlayer] no configuration here or above: the only session that runs is that of {}",
        only.shown_config()
    )
}

/// A session that would be started runs, since when, and how it is reached or ended.
pub(crate) fn runs_already(live: &LiveSession) -> String {
    let config = shown_path(&live.config);
    let started = match age::age_of(live.started).as_str() {
        "now" => "just now".to_owned(),
        age => format!("{age} ago"),
    };
    let pid = live.pid;
    let runs = format!("the session of {config} runs already (pid {pid}, started {started})");
    let Some(address) = live.address() else {
        return format!("{runs}: {}", end_by_hand(pid));
    };
    let named = if is_found_here(&live.config) {
        String::new()
    } else {
        format!(" -c {}", argument(&live.config))
    };
    format!(
        "{runs}, at {address}: `flowlayer tui{named}` shows it, `flowlayer down{named}` ends it"
    )
}

/// What there is to say of a session that cannot be reached because it has no address.
pub(crate) fn no_api(config: &str, pid: u32) -> String {
    format!(
        "the session of {config} (pid {pid}) cannot be reached: {}",
        end_by_hand(pid)
    )
}

fn end_by_hand(pid: u32) -> String {
    format!(
        "it has no session API, because it was started without an address; Ctrl-C where it runs \
         ends it, or `kill {pid}`, and -s or session.bind gives the next one an address"
    )
}

/// The session that was found, or expected, cannot be talked to.
pub(super) fn no_session(endpoint: &Endpoint, why: &client::Failure) -> Failure {
    use client::Failure as Why;
    Failure::NoSession(match why {
        Why::NotRunning(_) => start(endpoint),
        Why::NoApi { config, pid } => no_api(config, *pid),
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
    let Some(config) = &endpoint.config else {
        return match endpoint.address.as_deref() {
            Some(DEFAULT_ADDRESS) | None => {
                "no session runs, and there is no configuration in this directory or above it: start \
                 one with `flowlayer up -c PATH`, or name its address with --addr"
                    .to_owned()
            }
            Some(address) => format!(
                "no session at {address}: `flowlayer sessions` lists those that run here"
            ),
        };
    };
    let how = start_command(config);
    if is_found_here(config) {
        return format!(
            "no session of the configuration in this directory runs: start one with `{how}`"
        );
    }
    format!(
        "no session of {} runs: start one with `{how}`",
        shown_path(config)
    )
}

/// What to type here to start the session of a configuration.
pub(crate) fn start_command(config: &Path) -> String {
    if is_found_here(config) || is_found_above(config) {
        return "flowlayer up".to_owned();
    }
    format!("flowlayer up -c {}", argument(config))
}

/// A path as it is typed in a shell.
fn argument(path: &Path) -> String {
    readable(&shell::quoted(&path.to_string_lossy()))
}

fn is_found_here(config: &Path) -> bool {
    let here = flowlayer_core::config::discover(Path::new("."));
    here.is_some_and(|here| is_same(&here, config))
}

fn is_found_above(config: &Path) -> bool {
    let above = config_file::above(Path::new("."));
    above.is_some_and(|above| is_same(&above, config))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::UNIX_EPOCH;

    use flowlayer_core::facts::Timestamp;
    use flowlayer_core::protocol::Token;
    use flowlayer_core::session::registry::Access;

    use super::*;

    fn endpoint(config: Option<&str>, pid: Option<u32>) -> Endpoint {
        Endpoint {
            address: Some("127.0.0.1:7001".to_owned()),
            token: None,
            config: config.map(PathBuf::from),
            pid,
            session_id: pid.map(|pid| pid.to_string()),
            taken_by: None,
            recipient: client::Recipient::OwnOrRoot,
            found: "",
        }
    }

    fn live(number: u32) -> LiveSession {
        LiveSession {
            api: Some(Access {
                address: format!("127.0.0.1:{}", 7000 + number),
                token: Token::new("secret").unwrap(),
            }),
            config: format!("/stack/{number}.jsonc").into(),
            pid: number,
            session_id: number.to_string(),
            started: Timestamp::from(UNIX_EPOCH),
            protocol_version: 1,
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
                "flowlayer up -c /a/flowlayer.jsonc",
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
        let not_running = client::Failure::NotRunning("/a/flowlayer.jsonc".to_owned());
        let words = ["no session of /a/flowlayer.jsonc runs", "flowlayer up -c "];
        says(&stopped, &not_running, &words);
        let without_api = client::Failure::NoApi {
            config: "/a/flowlayer.jsonc".to_owned(),
            pid: 4242,
        };
        let words = [
            "/a/flowlayer.jsonc (pid 4242)",
            "without an address",
            "kill 4242",
        ];
        says(&hung, &without_api, &words);
    }

    #[test]
    fn one_that_runs_already_says_how_it_is_reached_and_ended() {
        let mut live = live(1);
        let words = runs_already(&live);
        for part in [
            "/stack/1.jsonc runs already (pid 1, started",
            "at 127.0.0.1:7001",
            "flowlayer down -c /stack/1.jsonc",
        ] {
            assert!(words.contains(part), "{part:?}: {words}");
        }
        live.api = None;
        let words = runs_already(&live);
        assert!(
            words.contains("without an address") && words.contains("kill 1"),
            "{words}"
        );
    }

    #[test]
    fn a_line_end_in_a_path_does_not_end_the_line() {
        let hung = endpoint(Some("/a\nError: b/flowlayer.jsonc"), Some(4242));
        says(&hung, &refused(), &["/a\u{240a}Error: b"]);
    }

    #[test]
    fn several_sessions_are_listed_in_one_line_however_many_they_are() {
        let live: Vec<LiveSession> = (1..=20).map(live).collect();
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
