//! A stack to look at: for the tests of the screen, and for the picture in the documentation.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use flowlayer_core::facts::{
    BlockedBy, Code, End, Exit, Kind, Probe, ProbeAttempts, Reason, ServiceSpec, Status, Stream,
    Timestamp,
};
use flowlayer_core::protocol::{Details, ServiceState};
use jiff::tz::TimeZone;

use super::log::{Content, Item, Place};
use super::message::{Link, Message, UiEffect};
use super::model::{Model, Target};
use super::theme::Theme;
use super::update::update;

/// 2026-04-18 09:21:00 UTC.
pub(crate) const NOW: i64 = 1_776_504_060_000;

/// A service that has stood like this for so many seconds.
fn state(name: &str, wave: usize, status: Status, seconds: u64, rest: Details) -> ServiceState {
    let since = std::time::UNIX_EPOCH + std::time::Duration::from_millis(NOW.unsigned_abs())
        - std::time::Duration::from_secs(seconds);
    ServiceState {
        name: name.to_owned(),
        status,
        details: Details {
            wave: Some(wave),
            since: Some(Timestamp::from(since)),
            ..rest
        },
    }
}

fn up(kind: Kind) -> Details {
    Details {
        up: Some(true),
        kind: Some(kind),
        ..Details::default()
    }
}

/// What the session runs for a service of this command.
pub(crate) fn spec(argv: &[&str]) -> ServiceSpec {
    ServiceSpec {
        argv: argv.iter().map(|&word| word.to_owned()).collect(),
        cwd: "/home/me/quickstart".into(),
        auto_start: true,
        grace_ms: 8_000,
        ..ServiceSpec::default()
    }
}

fn mailer_probe() -> Probe {
    Probe {
        r#type: "http".to_owned(),
        target: "http://localhost:3002/healthz".to_owned(),
        port: Some(3002),
    }
}

/// Seven services in four waves; one waits for its probe, one has failed and blocks another.
pub(crate) fn states() -> Vec<ServiceState> {
    let daemon = |pid| Details {
        pid: Some(pid),
        ..up(Kind::Daemon)
    };
    vec![
        state("api", 2, Status::Ready, 42, daemon(4182)),
        state(
            "build",
            0,
            Status::Ready,
            75,
            Details {
                exit_code: Some(0),
                ..up(Kind::Oneshot)
            },
        ),
        state(
            "gateway",
            3,
            Status::Stopped,
            31,
            Details {
                up: Some(false),
                kind: Some(Kind::Daemon),
                depends_on: vec!["worker".to_owned()],
                ..Details::default().because(Reason::Blocked {
                    by: vec![BlockedBy {
                        service: "worker".into(),
                        code: Code::Exited,
                    }],
                })
            },
        ),
        state(
            "mailer",
            2,
            Status::Running,
            4,
            Details {
                up: Some(false),
                pid: Some(4190),
                kind: Some(Kind::Daemon),
                depends_on: vec!["store".to_owned()],
                spec: Some(Arc::new(ServiceSpec {
                    port: Some(3002),
                    probe: Some(mailer_probe()),
                    ..spec(&["target/debug/demo", "mailer", "--port", "3002"])
                })),
                ..Details::default().because(Reason::Probing(ProbeAttempts {
                    probe: mailer_probe(),
                    attempts: 12,
                    elapsed_ms: 2_400,
                    pending_ms: None,
                    last: Some("connection refused".to_owned()),
                    listens_on: Vec::new(),
                }))
            },
        ),
        state(
            "migrate",
            1,
            Status::Ready,
            58,
            Details {
                exit_code: Some(0),
                ..up(Kind::Oneshot)
            },
        ),
        state("store", 1, Status::Ready, 61, daemon(4171)),
        state(
            "worker",
            2,
            Status::Failed,
            31,
            Details {
                up: Some(false),
                exit_code: Some(1),
                kind: Some(Kind::Daemon),
                depends_on: vec!["migrate".to_owned(), "store".to_owned()],
                spec: Some(Arc::new(spec(&["target/debug/demo", "worker"]))),
                ..Details::default().because(Reason::Exited(Exit::new(End::Code(1), true)))
            },
        ),
    ]
}

/// What these services print: service, stream, text.
const LINES: &str = "\
build out    Compiling demo v0.1.0
build out     Finished dev profile in 3.61s
store out store: listening on 127.0.0.1:4001
migrate out migrate: 3 of 3 applied
api out \u{1b}[32mINFO\u{1b}[0m booting HTTP server…
worker err \u{1b}[31merror\u{1b}[0m: QUEUE_URL is not set
mailer out \u{1b}[33mWARN\u{1b}[0m smtp: connection refused, again in 1 s
api out \u{1b}[32mINFO\u{1b}[0m listening on :3001
api out \u{1b}[32mINFO\u{1b}[0m GET /health \u{1b}[1m200\u{1b}[0m 1 ms
store out store: get session:8f2e
api out \u{1b}[32mINFO\u{1b}[0m POST /api/invoice \u{1b}[1m201\u{1b}[0m 12 ms
mailer out \u{1b}[33mWARN\u{1b}[0m smtp: connection refused, again in 2 s
store out store: set invoice:1042 (größer, 漢字, 🚀)
api err \u{1b}[31mERROR\u{1b}[0m GET /api/mail \u{1b}[1m502\u{1b}[0m mailer is not up
store out store: get invoice:1042
api out \u{1b}[32mINFO\u{1b}[0m GET /health \u{1b}[1m200\u{1b}[0m 0 ms";

/// A line of the sample.
fn line(seq: u64, line: &str) -> Arc<Item> {
    let (service, line) = line.split_once(' ').unwrap();
    let (stream, text) = line.split_once(' ').unwrap();
    Arc::new(Item {
        place: Place::line(seq),
        at: NOW - 60_000 + (i64::try_from(seq).unwrap_or(0) - 1_526) * 3_000,
        service: Some(service.into()),
        phase: None,
        content: Content::Line {
            stream: match stream {
                "out" => Stream::Stdout,
                _ => Stream::Stderr,
            },
            partial: false,
            text: text.into(),
        },
    })
}

/// A connected model of this size with the sample in it.
pub(crate) fn model(columns: u16, rows: u16, colored: bool) -> Model {
    let target = Target {
        address: "127.0.0.1:6999".to_owned(),
        token: Some("fl_3f0c".to_owned()),
        config: Some("/home/me/quickstart/flowlayer.jsonc".to_owned()),
        found: "the session of the configuration here",
        start: "flowlayer up".to_owned(),
    };
    let mut model = Model::new(target, Theme::full(colored), TimeZone::UTC);
    let mut take = |message| update(&mut model, NOW, message);
    take(Message::Resize { columns, rows });
    take(Message::Link(Link::Connected));
    take(Message::Hello {
        session_id: Some("9d2c".to_owned()),
        is_new: true,
    });
    take(Message::Snapshot(states()));
    let lines = (1_527..).zip(LINES.lines());
    let lines = lines.map(|(seq, text)| line(seq, text)).collect();
    take(Message::Lines(lines));
    model.logs.window.loading = None;
    model.logs.window.older = super::log::window::Older::Beginning;
    model
}

/// The sample in the middle of its boot, as a cockpit has seen it that was there from the beginning.
pub(crate) fn booting(columns: u16, rows: u16) -> Model {
    let mut model = model(columns, rows, true);
    let before = states();
    let mut change = |name: &str, ago: i64, status: Status, details: Details| {
        let known = before.iter().find(|state| state.name == name);
        let at = Timestamp(NOW - ago);
        let details = Details {
            wave: known.and_then(|state| state.details.wave),
            kind: known.and_then(|state| state.details.kind),
            since: Some(at),
            ..details
        };
        let name = name.to_owned();
        let state = ServiceState {
            name,
            status,
            details,
        };
        update(&mut model, NOW, Message::Status { state, at });
    };
    let begin = || Details {
        up: Some(false),
        ..Details::default()
    };
    for (name, began, came) in [
        ("build", 9_400, 5_800),
        ("store", 5_790, 5_300),
        ("migrate", 5_780, 4_100),
        ("api", 4_090, 2_600),
    ] {
        change(name, began, Status::Starting, begin());
        let kind = before.iter().find(|state| state.name == name);
        let kind = kind.and_then(|state| state.details.kind);
        change(name, came, Status::Ready, up(kind.unwrap_or(Kind::Daemon)));
    }
    let probing = Reason::Probing(ProbeAttempts {
        probe: mailer_probe(),
        attempts: 12,
        elapsed_ms: 4_000,
        pending_ms: None,
        last: Some("connection refused".to_owned()),
        listens_on: Vec::new(),
    });
    for (name, reason) in [("mailer", Some(probing)), ("worker", None)] {
        change(name, 4_080, Status::Starting, begin());
        change(name, 4_050, Status::Running, begin().because(reason));
    }
    let on = vec!["mailer".into(), "worker".into()];
    let waiting = begin().because(Reason::WaitingForWave {
        wave: 2,
        on,
        more: 0,
    });
    change("gateway", 9_400, Status::Unknown, waiting);
    model.notice = None;
    model
}

pub(crate) fn press(model: &mut Model, code: KeyCode) -> Vec<UiEffect> {
    let key = KeyEvent::new(code, KeyModifiers::NONE);
    update(model, NOW, Message::Key(key))
}

/// Presses one key after the other: characters, `\n` for Enter, `\t` for Tab, `\u{1b}` for Esc.
pub(crate) fn keys(model: &mut Model, keys: &str) -> Vec<UiEffect> {
    let code = |key: char| match key {
        '\n' => KeyCode::Enter,
        '\t' => KeyCode::Tab,
        '\u{1b}' => KeyCode::Esc,
        key => KeyCode::Char(key),
    };
    keys.chars()
        .flat_map(|key| press(model, code(key)))
        .collect()
}
