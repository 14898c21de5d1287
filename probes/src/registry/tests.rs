use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::fault::{Help, Severity};
use crate::{CommandEnd, Context, RunCommand};

/// For probes that run no command.
pub(crate) struct NoCommands;

#[async_trait::async_trait]
impl RunCommand for NoCommands {
    async fn run(&self, argv: &[String]) -> CommandEnd {
        panic!("nobody asked for {argv:?}")
    }
}

/// A port that nobody listens on and nobody else can take, for as long as the socket lives.
pub(crate) fn closed_port() -> (tokio::net::TcpSocket, u16) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

pub(crate) fn nothing() -> Context<'static> {
    Context {
        line_matched: false,
        commands: &NoCommands,
    }
}

fn read(raw: &Value, port: Option<u16>) -> (Option<Ready>, Vec<Fault>) {
    build(raw.as_object().unwrap(), port)
}

#[track_caller]
pub(crate) fn made(raw: &Value, port: Option<u16>) -> Arc<dyn Probe> {
    let (ready, faults) = read(raw, port);
    assert_eq!(faults, []);
    ready.unwrap().probe.unwrap()
}

/// Field, code and severity of each fault.
fn faults(raw: &Value, port: Option<u16>) -> Vec<(Option<Box<str>>, &'static str, Severity)> {
    let (ready, faults) = read(raw, port);
    let sound = faults.iter().all(|f| f.severity == Severity::Warning);
    assert_eq!(ready.is_some(), sound);
    faults
        .into_iter()
        .map(|fault| (fault.field, fault.code, fault.severity))
        .collect()
}

fn error(field: &str, code: &'static str) -> (Option<Box<str>>, &'static str, Severity) {
    let field = (!field.is_empty()).then(|| field.into());
    (field, code, Severity::Error)
}

fn warning(field: &str) -> (Option<Box<str>>, &'static str, Severity) {
    (Some(field.into()), "unused_field", Severity::Warning)
}

#[test]
fn limits_come_from_the_object_or_from_the_kind() {
    let limits = |raw: Value| {
        let ready = read(&raw, None).0.unwrap();
        (ready.attempt_timeout.as_millis(), ready.timeout)
    };
    let http = json!({ "type": "http", "url": "http://localhost/" });
    assert_eq!(limits(http), (2000, None));
    assert_eq!(limits(json!({ "type": "tcp", "port": 1 })), (200, None));
    assert_eq!(limits(json!({ "type": "exec", "cmd": "x" })), (5000, None));
    let own = json!({ "type": "tcp", "port": 1, "timeoutMs": 7, "attemptTimeoutMs": 9 });
    assert_eq!(limits(own), (9, Some(Duration::from_millis(7))));
}

#[test]
fn what_a_kind_needs_must_be_there() {
    let missing = vec![error("", "missing_field")];
    for raw in [
        json!({}),
        json!({ "type": "http" }),
        json!({ "type": "tcp" }),
        json!({ "type": "log" }),
        json!({ "type": "exec" }),
    ] {
        assert_eq!(faults(&raw, None), missing, "{raw}");
    }
    assert_eq!(faults(&json!({ "type": "tcp" }), Some(80)), []);
}

#[test]
fn all_that_is_wrong_is_reported_at_once() {
    let raw = json!({ "type": "http", "url": 1, "timeoutMs": 0, "attemptTimeoutMs": "1", "x": 1 });
    assert_eq!(
        faults(&raw, None),
        [
            error("timeoutMs", "out_of_range"),
            error("attemptTimeoutMs", "wrong_type"),
            error("x", "unknown_field"),
            error("url", "wrong_type"),
        ]
    );
}

#[test]
fn an_unknown_type_names_the_known_ones_and_still_checks_the_rest() {
    let raw = json!({ "type": "htpp", "timeoutMs": -1, "url": "x", "uurl": "x" });
    let (_, found) = read(&raw, None);
    let codes: Vec<_> = found.iter().map(|fault| fault.code).collect();
    assert_eq!(codes, ["out_of_range", "unknown_value", "unknown_field"]);
    let Help::Among { found, known } = &found[1].help else {
        panic!("no help: {found:?}");
    };
    assert_eq!(&**found, "htpp");
    assert_eq!(**known, ["http", "tcp", "none", "log", "exec"]);
    assert_eq!(
        faults(&json!({ "type": 1 }), None),
        [error("type", "wrong_type")]
    );
}

#[test]
fn fields_of_other_kinds_are_warnings_but_none_drops_url_and_port_silently() {
    let stray = json!({ "type": "tcp", "port": 1, "url": "x", "cmd": [] });
    assert_eq!(faults(&stray, None), [warning("url"), warning("cmd")]);
    let none = json!({ "type": "none", "url": 1, "port": "x" });
    assert_eq!(faults(&none, None), []);
    assert!(read(&none, None).0.unwrap().probe.is_none());
    let none = json!({ "type": "none", "pattern": "x", "timeoutMs": 5 });
    assert_eq!(
        faults(&none, None),
        [warning("pattern"), warning("timeoutMs")]
    );
}

#[test]
fn a_wrong_port_of_its_own_is_not_covered_up_by_the_service() {
    for port in [json!(0), json!(65536), json!(-1)] {
        let raw = json!({ "type": "tcp", "port": port });
        assert_eq!(faults(&raw, Some(80)), [error("port", "out_of_range")]);
    }
}

#[test]
fn fields_of_one_name_have_one_schema() {
    let mut generator = SchemaGenerator::default();
    let mut seen: Map<String, Value> = Map::new();
    for field in KINDS.iter().flat_map(|kind| kind.fields).chain(COMMON) {
        let schema = (field.schema)(&mut generator).to_value();
        let first = seen.entry(field.name).or_insert_with(|| schema.clone());
        assert_eq!(*first, schema, "{}", field.name);
    }
}

#[test]
fn the_schema_names_every_kind_and_field() {
    let schema = schema(&mut SchemaGenerator::default()).to_value();
    let types = schema["properties"]["type"]["oneOf"].as_array().unwrap();
    assert_eq!(types.len(), KINDS.len());
    for name in field_names(None) {
        assert!(schema["properties"][name].is_object(), "{name}");
    }
    assert_eq!(schema["additionalProperties"], json!(false));
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("http")),
        Just(json!("http://[::1]:80/x?y")),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(Value::from)
    })
}

proptest! {
    /// Whatever stands in the object, reading it ends in a probe or in an error, never in a panic.
    #[test]
    fn any_object_is_read_or_refused(
        kind in prop::sample::select(vec!["http", "tcp", "none", "log", "exec", "x"]),
        rest in prop::collection::vec((prop_oneof![
            Just("url".to_owned()), Just("port".to_owned()), Just("pattern".to_owned()),
            Just("cmd".to_owned()), Just("timeoutMs".to_owned()), ".{0,5}",
        ], any_value()), 0..6),
        port in any::<Option<u16>>(),
    ) {
        let mut raw: Map<String, Value> = rest.into_iter().collect();
        raw.insert("type".to_owned(), kind.into());
        let (ready, faults) = build(&raw, port);
        let sound = faults.iter().all(|f| f.severity == Severity::Warning);
        prop_assert_eq!(ready.is_some(), sound);
        if let Some(Ready { probe: Some(probe), .. }) = ready {
            prop_assert!(!probe.label().is_empty() && !probe.target().is_empty());
        }
    }
}
