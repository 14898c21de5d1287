//! When a process of process-compose is ready.

use serde_json::{Value, json};

use crate::import::draft::DraftService;
use crate::import::health::{is_header_name, timing};
use crate::import::shell::positive;
use crate::import::yaml::Node;
use crate::import::{shell, values, variables};

/// Of a probe and a line of the log, whichever of the two comes first in the file.
const LOG_LINE_DECIDES: &str = "readiness_probe: ready_log_line decides";

/// What `ready_log_line` says.
pub(super) fn log_line(service: &mut DraftService, value: &Node) {
    let Some(line) = value.text() else { return };
    if service.fields.contains_key("ready") {
        service.note(LOG_LINE_DECIDES);
    }
    let pattern = regex::escape(line);
    service.set("ready", json!({ "type": "log", "pattern": pattern }));
}

/// What `readiness_probe` says.
pub(super) fn probe(service: &mut DraftService, value: &Node) {
    let probe = if let Some(get) = value.get("http_get") {
        http(get)
            .ok_or("readiness_probe.http_get: it is no plain URL, or has headers that are none")
    } else if let Some(exec) = value.get("exec") {
        command(exec).ok_or("readiness_probe.exec: it has no command")
    } else {
        Err("readiness_probe: neither http_get nor exec")
    };
    let mut probe = match probe {
        Ok(probe) => probe,
        Err(why) => return service.note(why),
    };
    if let Some(ms) = values::time(value, "timeout_seconds").filter(|&ms| ms > 0) {
        probe["attemptTimeoutMs"] = json!(ms.min(u64::from(u32::MAX)));
    }
    let keys = [
        "initial_delay_seconds",
        "period_seconds",
        "success_threshold",
        "failure_threshold",
    ];
    if let Some(said) = timing(value, &keys) {
        service.note(format!("readiness_probe {said}"));
    }
    // A line that says so is what the dependents wait for, when there is one.
    if service.fields.contains_key("ready") {
        service.note(LOG_LINE_DECIDES);
    } else {
        service.set("ready", probe);
    }
}

fn http(get: &Node) -> Option<Value> {
    let given = |key: &str, default: &str| {
        let text = get.get(key).and_then(Node::text);
        text.unwrap_or(default).to_owned()
    };
    let host = given("host", "127.0.0.1");
    let scheme = given("scheme", "http").to_ascii_lowercase();
    let default = match scheme.as_str() {
        "http" => "80",
        "https" => "443",
        _ => return None,
    };
    let port = positive(&given("port", default))?;
    let mut path = given("path", "/");
    if !path.starts_with('/') {
        path.insert(0, '/');
    }
    let is_host = !host.is_empty()
        && host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
    let is_plain = path
        .chars()
        .all(|c| c.is_ascii_graphic() && !"$\"<>\\^`{|}".contains(c));
    let url = format!("{scheme}://{host}:{port}{path}");
    let mut probe = (is_host && is_plain).then(|| json!({ "type": "http", "url": url }))?;
    let headers = values::environment(get.get("headers"));
    let is_sound = |(name, value): &(String, String)| {
        is_header_name(name) && !value.contains(|c: char| c.is_control())
    };
    if !headers.iter().all(is_sound) {
        return None;
    }
    if !headers.is_empty() {
        probe["headers"] = headers
            .into_iter()
            .map(|(name, value)| (name, json!(value)))
            .collect();
    }
    if let Some(status) = get.get("status_code").and_then(Node::text) {
        let status: u16 = status.parse().ok()?;
        probe["status"] = json!((100..=599).contains(&status).then_some(status)?);
    }
    Some(probe)
}

fn command(exec: &Node) -> Option<Value> {
    let text = exec.get("command").and_then(Node::text).unwrap_or_default();
    let text = variables::unescape(text);
    let line = shell::line(&text)?;
    let cmd = match exec.get("working_dir").and_then(Node::text) {
        Some(directory) => {
            let directory = shell::quoted(&variables::unescape(directory));
            shell::script(&format!("cd {directory} && {{ {text}\n}}"))
        }
        // An assignment in front is the shell's again: a probe has no `env` of its own.
        None if !line.env.is_empty() => shell::script(&text),
        None => line.cmd,
    };
    Some(json!({ "type": "exec", "cmd": cmd }))
}
