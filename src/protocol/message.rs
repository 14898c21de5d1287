//! Writing messages: one function a kind, each returning one frame's text.
//!
//! Fields come in the order `type`, `id`, `name`, `payload`, and absent ones are left out
//! (docs/protocol.md, Messages).

use serde::{Deserialize, Serialize};

use super::code::ErrorBody;
use super::command::Command;
use super::event::{Hello, ServiceDetail, ServiceStatus, Snapshot};
use super::terminal::TerminalOutput;
use crate::facts::ConfigChanged;

/// The payload of an `ack`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AckPayload {
    /// Whether a result will follow.
    pub accepted: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
}

/// The payload of a `result`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultPayload<D = serde_json::Value> {
    /// Whether it worked.
    pub ok: bool,
    /// How it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBody>,
    /// Every failed and blocked service the command was about, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_services: Vec<String>,
    /// What was asked for.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub data: Option<D>,
}

/// A default that asks nothing of `D`.
fn none<D>() -> Option<D> {
    None
}

fn write<P: Serialize>(
    kind: &'static str,
    id: Option<&str>,
    name: Option<&str>,
    payload: Option<P>,
) -> String {
    #[derive(Serialize)]
    struct Envelope<'a, P> {
        r#type: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<P>,
    }
    let r#type = kind;
    serde_json::to_string(&Envelope {
        r#type,
        id,
        name,
        payload,
    })
    .expect("plain structs with text keys and finite numbers always serialise")
}

fn event<P: Serialize>(name: &'static str, payload: P) -> String {
    write("event", None, Some(name), Some(payload))
}

/// A client's `command`.
pub fn command(id: &str, command: &Command) -> String {
    write("command", Some(id), Some(command.name()), command.payload())
}

/// A `terminal_output`.
pub fn terminal_output(output: &TerminalOutput) -> String {
    event("terminal_output", output)
}

/// An `ack`: accepted, or refused for this reason.
pub fn ack(id: &str, error: Option<ErrorBody>) -> String {
    let accepted = error.is_none();
    write("ack", Some(id), None, Some(AckPayload { accepted, error }))
}

/// A `result`.
pub fn result<D: Serialize>(id: &str, payload: ResultPayload<D>) -> String {
    write("result", Some(id), None, Some(payload))
}

/// The `result` of an action that succeeded.
pub fn done(id: &str) -> String {
    let (ok, error, data) = (true, None, None);
    let failed_services = Vec::new();
    result::<()>(
        id,
        ResultPayload {
            ok,
            error,
            failed_services,
            data,
        },
    )
}

/// The `result` of a `get_logs` or `get_events`, around items that are written already: JSON objects separated
/// by commas. `name` is that of the field that has them.
pub fn page(id: &str, name: &str, items: &str, truncated: bool, effective_limit: u64) -> String {
    let id = serde_json::Value::from(id);
    format!(
        "{{\"type\":\"result\",\"id\":{id},\"payload\":{{\"ok\":true,\"data\":{{\"{name}\":\
         [{items}],\"truncated\":{truncated},\"effective_limit\":{effective_limit}}}}}}}"
    )
}

/// An `error`: the answer to a message that is no command.
pub fn error(id: Option<&str>, body: &ErrorBody) -> String {
    write("error", id, None, Some(body))
}

/// The `hello` event.
pub fn hello(hello: &Hello) -> String {
    event("hello", hello)
}

/// The `snapshot` event.
pub fn snapshot(snapshot: &Snapshot) -> String {
    event("snapshot", snapshot)
}

/// The `service_status` event.
pub fn service_status(status: &ServiceStatus) -> String {
    event("service_status", status)
}

/// The `service_detail` event.
pub fn service_detail(detail: &ServiceDetail) -> String {
    event("service_detail", detail)
}

/// The `config_changed` event.
pub fn config_changed(changed: &ConfigChanged) -> String {
    event("config_changed", changed)
}

/// The `log` event around an entry that is written already: one JSON object.
pub fn log(entry: &str) -> String {
    // One for each entry and client: allocated once, at its final size.
    [
        "{\"type\":\"event\",\"name\":\"log\",\"payload\":",
        entry,
        "}",
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Kind, Status, Timestamp};
    use crate::protocol::{Code, Details, ServiceState};
    use std::time::{Duration, UNIX_EPOCH};

    fn moment() -> Timestamp {
        Timestamp::from(UNIX_EPOCH + Duration::from_millis(1_776_508_200_007))
    }

    #[test]
    fn fields_come_in_order_and_absent_ones_are_left_out() {
        assert_eq!(
            command("1", &Command::StartAll),
            r#"{"type":"command","id":"1","name":"start_all"}"#
        );
        assert_eq!(
            command("1", &Command::StopService("api".to_owned())),
            r#"{"type":"command","id":"1","name":"stop_service","payload":{"service":"api"}}"#
        );
        assert_eq!(
            ack("a\"b", None),
            r#"{"type":"ack","id":"a\"b","payload":{"accepted":true}}"#
        );
        let busy = ErrorBody::new(Code::ServiceBusy, "api is stopping");
        assert_eq!(
            ack("1", Some(busy.clone())),
            r#"{"type":"ack","id":"1","payload":{"accepted":false,"error":{"code":"service_busy","message":"api is stopping"}}}"#
        );
        assert_eq!(
            done("1"),
            r#"{"type":"result","id":"1","payload":{"ok":true}}"#
        );
        assert_eq!(
            error(None, &busy),
            r#"{"type":"error","payload":{"code":"service_busy","message":"api is stopping"}}"#
        );
        assert_eq!(
            page("1", "entries", r#"{"seq":1}"#, false, 500),
            r#"{"type":"result","id":"1","payload":{"ok":true,"data":{"entries":[{"seq":1}],"truncated":false,"effective_limit":500}}}"#
        );
        assert_eq!(log("{}"), r#"{"type":"event","name":"log","payload":{}}"#);
    }

    #[test]
    fn a_failed_result_has_error_then_services() {
        let payload = ResultPayload::<()> {
            ok: false,
            error: Some(ErrorBody::new(Code::InternalError, "db failed")),
            failed_services: vec!["api".to_owned(), "db".to_owned()],
            data: None,
        };
        assert_eq!(
            result("1", payload),
            r#"{"type":"result","id":"1","payload":{"ok":false,"error":{"code":"internal_error","message":"db failed"},"failed_services":["api","db"]}}"#
        );
    }

    #[test]
    fn events_have_a_name_and_no_id() {
        let state = ServiceState {
            name: "api".to_owned(),
            status: Status::Ready,
            details: Details {
                up: Some(true),
                pid: Some(7),
                wave: Some(0),
                kind: Some(Kind::Daemon),
                since: Some(moment()),
                ..Details::default()
            },
        };
        assert_eq!(
            snapshot(&Snapshot {
                config: None,
                services: vec![state]
            }),
            r#"{"type":"event","name":"snapshot","payload":{"services":[{"name":"api","status":"ready","up":true,"pid":7,"wave":0,"kind":"daemon","since":"2026-04-18T10:30:00.007Z"}]}}"#
        );
        let status = ServiceStatus {
            service: "api".to_owned(),
            status: Status::Failed,
            timestamp: moment(),
            details: Details {
                signal: Some("SIGKILL".to_owned()),
                blocked_by: vec!["db".to_owned()],
                ..Details::default()
            },
        };
        assert_eq!(
            service_status(&status),
            r#"{"type":"event","name":"service_status","payload":{"service":"api","status":"failed","timestamp":"2026-04-18T10:30:00.007Z","signal":"SIGKILL","blocked_by":["db"]}}"#
        );
    }
}
