//! Sources that nobody would write.

use proptest::prelude::*;

use super::*;

/// A scalar that may be anything a file can say.
fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[ -~]{0,12}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        prop::sample::select(vec![
            "8080:80",
            "80",
            "5s",
            "service:b",
            "a",
            "b",
            "process_completed_successfully",
            "no",
            "always",
            "service_healthy",
            "http://localhost:80/x",
            "$A",
            "${A:-b}",
            "a=b",
            "A=$B",
            "CMD",
            "CMD-SHELL",
            "curl localhost",
            "PORT=1 x",
            "a && b",
            ".",
            "",
        ])
        .prop_map(Value::from),
    ]
}

/// A value with the keys that the readers know.
fn tree(keys: &'static [&'static str]) -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 40, 6, move |inner| {
        let key = prop_oneof![
            8 => prop::sample::select(keys).prop_map(str::to_owned),
            1 => "[a-c]".prop_map(String::from),
            1 => any::<String>(),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..8)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

const KEYS: &[&str] = &[
    "a",
    "b",
    "command",
    "entrypoint",
    "image",
    "build",
    "environment",
    "env_file",
    "working_dir",
    "ports",
    "target",
    "published",
    "protocol",
    "healthcheck",
    "test",
    "timeout",
    "interval",
    "depends_on",
    "condition",
    "restart",
    "profiles",
    "links",
    "network_mode",
    "stop_grace_period",
    "readiness_probe",
    "http_get",
    "host",
    "port",
    "path",
    "scheme",
    "exec",
    "timeout_seconds",
    "shutdown",
    "signal",
    "availability",
    "ready_log_line",
    "disabled",
    "is_daemon",
    "description",
    "namespace",
    "unknown",
    "dev",
    "start",
    "build",
    "<<",
    "env",
    "cwd",
    "cmd",
    "stop",
    "deps",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever a source says: it is refused, or what comes out is valid.
    #[test]
    fn what_comes_out_is_always_valid(
        services in prop::collection::vec(("[a-c]|\\PC{0,3}", prop::collection::vec((prop::sample::select(KEYS), tree(KEYS)), 0..7)), 1..5),
        kind in prop::sample::select(vec![Kind::Compose, Kind::ProcessCompose, Kind::Package, Kind::Mprocs]),
        has_command in any::<bool>(),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let services: serde_json::Map<String, Value> = services.into_iter().map(|(name, fields)| {
            let mut fields: serde_json::Map<String, Value> = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            if has_command {
                fields.insert("command".into(), "run it".into());
                fields.insert("shell".into(), "run it".into());
            }
            (name, Value::Object(fields))
        }).collect();
        let key = match kind {
            Kind::Compose => "services",
            Kind::ProcessCompose => "processes",
            Kind::Mprocs => "procs",
            _ => "scripts",
        };
        let scripts: serde_json::Map<String, Value> = services.iter().map(|(name, value)| {
            (name.clone(), value["command"].clone())
        }).collect();
        let services = if kind == Kind::Package { scripts } else { services };
        let mut file = serde_json::Map::new();
        file.insert(key.to_owned(), Value::Object(services));
        // JSON is YAML.
        let text = Value::Object(file).to_string();
        if let Ok(draft) = read(kind, "x.yaml", &text, directory.path()) {
            prop_assert!(!draft.is_empty());
            let mut whole = Draft::default();
            whole.add(draft, "x");
            let again = read(kind, "x.yaml", &text, directory.path()).unwrap();
            whole.add(again, "y");
            whole.relocate("sub/dir");
            assert_valid(&whole.render(&["x.yaml".to_owned()]));
        }
    }

    #[test]
    fn any_procfile_is_read_or_refused(text in "([a-z]{0,3}:? ?[ -~]{0,12}\\n){0,6}|\\PC{0,30}") {
        let directory = tempfile::tempdir().unwrap();
        if let Ok(draft) = read(Kind::Procfile, "Procfile", &text, directory.path()) {
            assert_valid(&draft.render(&["Procfile".to_owned()]));
        }
    }
}
