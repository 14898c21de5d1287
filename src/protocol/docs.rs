//! The reference says what the code does: its examples are read and written again by the code, its
//! tables are made from it.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::*;
use crate::facts::{ReloadReport, Status};

const REFERENCE: &str = include_str!("../../docs/protocol.md");

/// The fenced blocks whose info string begins with `json`, with the rest of that string.
fn examples() -> Vec<(&'static str, Value)> {
    let mut blocks = REFERENCE.split("\n```json ").skip(1);
    let mut found = Vec::new();
    for block in &mut blocks {
        let (kind, rest) = block.split_once('\n').expect("a block has lines");
        let (text, _) = rest.split_once("\n```").expect("a block ends");
        let value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        found.push((kind, value));
    }
    found
}

fn of_kind(kind: &str) -> Vec<Value> {
    let examples = examples().into_iter();
    examples
        .filter(|(of, _)| *of == kind)
        .map(|(_, value)| value)
        .collect()
}

#[track_caller]
fn same(written: &str, example: &Value) {
    let written: Value = serde_json::from_str(written).unwrap();
    assert_eq!(&written, example);
}

/// A result as the code writes what it has read.
fn again<D: Serialize + serde::de::DeserializeOwned>(text: &str) -> String {
    let Ok(Incoming::Result { id, body }) = Incoming::parse(text) else {
        panic!("{text}");
    };
    let payload: ResultPayload<D> = body.read().unwrap();
    message::result(&id, payload)
}

#[test]
fn every_example_has_a_kind_that_is_tested() {
    let known = [
        "client",
        "server",
        "server get_snapshot",
        "server get_logs",
        "server get_events",
        "server reload",
        "server attach_terminal",
        "session-file",
    ];
    for (kind, _) in examples() {
        assert!(known.contains(&kind), "{kind}");
    }
    assert_eq!(REFERENCE.matches("```json").count(), examples().len());
}

#[test]
fn what_clients_say_is_understood() {
    let mut names = Vec::new();
    for example in of_kind("client") {
        let text = example.to_string();
        let envelope = parse(text.as_bytes()).unwrap_or_else(|refused| panic!("{refused:?}"));
        let command = Command::interpret(&envelope.name, envelope.payload.as_ref()).unwrap();
        let mut expected = example.clone();
        if expected["payload"].is_null() {
            expected.as_object_mut().unwrap().shift_remove("payload");
        }
        same(&message::command(&envelope.id, &command), &expected);
        names.push(envelope.name);
    }
    for command in command::COMMANDS {
        assert!(names.iter().any(|name| name == command), "{command}");
    }
}

#[test]
fn what_servers_say_is_what_the_code_says() {
    let mut events = Vec::new();
    for example in of_kind("server") {
        let text = example.to_string();
        let written = match Incoming::parse(&text).unwrap() {
            Incoming::Ack { id, payload } => message::ack(&id, payload.error),
            Incoming::Result { .. } => again::<Value>(&text),
            Incoming::Error { id, body } => {
                assert!(Fault::ALL.iter().any(|fault| fault.body() == body));
                message::error(id.as_deref(), &body)
            }
            Incoming::Event(event) => {
                events.push(example["name"].as_str().unwrap().to_owned());
                match event {
                    Event::Hello(hello) => {
                        assert_eq!(hello.protocol_version, PROTOCOL_VERSION);
                        assert_eq!(hello.server, SERVER_NAME);
                        assert_eq!(hello.capabilities, CAPABILITIES);
                        message::hello(&hello)
                    }
                    Event::Snapshot(snapshot) => message::snapshot(&snapshot),
                    Event::ServiceStatus(status) => message::service_status(&status),
                    Event::ConfigChanged(changed) => message::config_changed(&changed),
                    Event::ServiceDetail(detail) => message::service_detail(&detail),
                    Event::TerminalOutput(output) => message::terminal_output(&output),
                    Event::Log(entry) => message::log(&serde_json::to_string(&entry).unwrap()),
                    Event::Unknown { name } => panic!("{name}"),
                }
            }
        };
        same(&written, &example);
    }
    events.sort();
    events.dedup();
    let all = [
        "config_changed",
        "hello",
        "log",
        "service_detail",
        "service_status",
        "snapshot",
        "terminal_output",
    ];
    assert_eq!(events, all);
    for example in of_kind("server get_snapshot") {
        same(&again::<Snapshot>(&example.to_string()), &example);
    }
    for example in of_kind("server get_events") {
        same(&again::<EventPage>(&example.to_string()), &example);
    }
    for example in of_kind("server reload") {
        same(&again::<ReloadReport>(&example.to_string()), &example);
    }
    for example in of_kind("server attach_terminal") {
        same(&again::<TerminalScreen>(&example.to_string()), &example);
    }
    for example in of_kind("server get_logs") {
        let text = example.to_string();
        let Ok(Incoming::Result { id, body }) = Incoming::parse(&text) else {
            panic!("{text}");
        };
        let payload: ResultPayload<LogPage<'_>> = body.read().unwrap();
        same(&message::result(&id, payload), &example);
    }
}

#[test]
fn the_tables_are_those_of_the_code() {
    let mut codes = String::from("| code | in | meaning |\n|---|---|---|\n");
    for code in Code::ALL {
        let (carried, meaning) = (code.carried_by(), code.meaning());
        writeln!(codes, "| `{code}` | {carried} | {meaning} |").unwrap();
    }
    assert!(REFERENCE.contains(&format!("\n{codes}\n")), "{codes}");
    let mut faults = String::from("| code | message |\n|---|---|\n");
    for fault in Fault::ALL {
        writeln!(faults, "| `{}` | {fault} |", fault.code()).unwrap();
    }
    assert!(REFERENCE.contains(&format!("\n{faults}\n")), "{faults}");
    for code in Code::ALL {
        let used = Fault::ALL.iter().any(|fault| fault.code() == code);
        assert_eq!(code.carried_by().contains("error"), used, "{code}");
    }
}

#[test]
fn every_status_is_explained() {
    for status in [
        Status::Unknown,
        Status::Starting,
        Status::Running,
        Status::Ready,
        Status::Stopping,
        Status::Stopped,
        Status::Failed,
    ] {
        assert!(REFERENCE.contains(&format!("\n| `{}` | ", status.as_str())));
    }
}
