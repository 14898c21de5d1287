//! Services of a session for scripts and for people: the documented JSON shape, and the table.

use std::borrow::Cow;

use anstyle::Style;
use flowlayer_core::client::SessionInfo;
use flowlayer_core::facts::{Kind, Status, Timestamp};
use flowlayer_core::protocol::{ErrorBody, ServiceState};
use serde::Serialize;

use super::TargetSession;
use crate::terminal::age;
use crate::terminal::color::paint;
use crate::terminal::sanitize;
use crate::terminal::status::State;
use crate::terminal::table::{self, Cell};

#[derive(Debug, Serialize)]
pub(crate) struct SessionReport<'a> {
    address: &'a str,
    /// `null` for a session that is not registered on this machine.
    config: Option<Cow<'a, str>>,
    pid: Option<u32>,
    session_id: Option<&'a str>,
}

impl<'a> SessionReport<'a> {
    /// What is known of the session that answered.
    pub(crate) fn new(target: &'a TargetSession, session: &'a SessionInfo) -> Self {
        let endpoint = target.endpoint();
        Self {
            address: &session.address,
            config: endpoint
                .config
                .as_ref()
                .filter(|_| endpoint.pid.is_some())
                .map(|path| path.to_string_lossy()),
            pid: endpoint.pid,
            session_id: session.hello.session_id.as_deref(),
        }
    }
}

/// A service as reports show it. Every field is always there; what does not apply is `null`, or
/// an empty list.
#[derive(Debug, Serialize)]
pub(crate) struct ServiceReport<'a> {
    name: &'a str,
    status: Status,
    up: bool,
    kind: Option<Kind>,
    wave: Option<usize>,
    since: Option<Timestamp>,
    pid: Option<u32>,
    exit_code: Option<i32>,
    signal: Option<&'a str>,
    blocked_by: &'a [String],
    detail: Option<&'a str>,
    port: Option<u16>,
    url: Option<&'a str>,
}

impl<'a> From<&'a ServiceState> for ServiceReport<'a> {
    fn from(service: &'a ServiceState) -> Self {
        let details = &service.details;
        Self {
            name: &service.name,
            status: service.status,
            up: service.is_up(),
            kind: details.kind,
            wave: details.wave,
            since: details.since,
            pid: details.pid,
            exit_code: details.exit_code,
            signal: details.signal.as_deref(),
            blocked_by: &details.blocked_by,
            detail: details.detail.as_deref(),
            port: port(service),
            url: service.url(),
        }
    }
}

/// The result of an action. `error` is `null` exactly when `ok`.
#[derive(Debug, Serialize)]
pub(crate) struct ActionReport<'a> {
    pub(crate) action: &'static str,
    pub(crate) ok: bool,
    pub(crate) error: Option<ErrorBody>,
    pub(crate) failed_services: Vec<String>,
    pub(crate) services: Vec<ServiceReport<'a>>,
    /// Of `serve --detach` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<DetachedReport>,
}

/// The session in the background that `serve --detach` has started or found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DetachedReport {
    /// Whether this command has started it.
    pub(crate) started: bool,
    /// The process that a signal would go to.
    pub(crate) pid: u32,
    /// Its log file; `null` for a session that ran already.
    pub(crate) log: Option<String>,
}

/// The services with these names, or all when none is named; in the order of the session.
pub(crate) fn chosen(services: Vec<ServiceState>, names: &[String]) -> Vec<ServiceState> {
    services
        .into_iter()
        .filter(|service| names.is_empty() || names.contains(&service.name))
        .collect()
}

/// The table for people, in the order of the waves.
pub(crate) fn table(mut services: Vec<ServiceState>, colored: bool) -> String {
    services.sort_by(|one, other| {
        let key = |service: &ServiceState| service.details.wave;
        (key(one), &one.name).cmp(&(key(other), &other.name))
    });
    let rows: Vec<Vec<Cell>> = services.iter().map(row).collect();
    let titles = [
        "WAVE", "SERVICE", "STATE", "UP", "PID", "ADDRESS", "SINCE", "DETAIL",
    ];
    table::render(&titles, &rows, table::terminal_width(), colored)
}

fn row(service: &ServiceState) -> Vec<Cell> {
    let details = &service.details;
    let number = |number: Option<String>| Cell::new(&number.unwrap_or_else(|| "-".to_owned()));
    let (word, style) = state(service);
    vec![
        number(details.wave.map(|wave| wave.to_string())),
        Cell::new(&service.name),
        Cell::new(word).styled(style),
        Cell::new(if service.is_up() { "yes" } else { "no" }),
        number(details.pid.map(|pid| pid.to_string())),
        number(address(service)),
        number(details.since.map(age::age_of)),
        Cell::new(&why(service)),
    ]
}

/// Where it can be reached: its url, or `:3000` for its port.
fn address(service: &ServiceState) -> Option<String> {
    let url = service.url().map(str::to_owned);
    url.or_else(|| Some(format!(":{}", port(service)?)))
}

/// The port in its configuration.
fn port(service: &ServiceState) -> Option<u16> {
    service.details.spec.as_ref()?.port
}

/// The name of a state as in the boot lines, in the colour of the cockpit.
fn state(service: &ServiceState) -> (&'static str, Style) {
    let state = State::of(service.status, &service.details);
    let word = match state {
        State::Blocked => state.word(),
        _ => service.status.as_str(),
    };
    (word, state.style())
}

/// The reason for its state in one line, or empty.
pub(crate) fn why(service: &ServiceState) -> String {
    let details = &service.details;
    let end = || match (service.status, details.exit_code, &details.signal) {
        (Status::Failed, Some(code), _) => Some(format!("exit code {code}")),
        (Status::Failed, None, Some(signal)) => Some(signal.clone()),
        _ => None,
    };
    let blocked = || {
        let blockers = &details.blocked_by;
        (!blockers.is_empty()).then(|| format!("blocked by {}", blockers.join(", ")))
    };
    details
        .detail
        .clone()
        .or_else(blocked)
        .or_else(end)
        .unwrap_or_default()
}

/// `db → failed (exit code 3)`: a service in one line, with its end.
pub(crate) fn one_line(service: &ServiceState, colored: bool) -> String {
    let (word, style) = state(service);
    let why = why(service);
    let why = if why.is_empty() {
        String::new()
    } else {
        format!(" ({})", sanitize::text(&why))
    };
    let name = sanitize::text(&service.name);
    format!("{name} → {}{why}\n", paint(style, word, colored))
}
