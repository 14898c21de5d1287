//! The JSON Schema says of every field what it is, what its absence means, and what can be written.

use serde_json::{Map, Value, json};

use super::{Code, json_schema, report};

/// Every field of every object: its object's name, its own, and its schema.
fn fields(schema: &Value) -> Vec<(String, String, Value)> {
    let objects = schema["$defs"].as_object().unwrap().iter();
    let objects = objects.map(|(name, object)| (name.as_str(), object));
    let mut found = Vec::new();
    for (object, schema) in objects.chain([("File", schema)]) {
        for (name, field) in schema["properties"].as_object().unwrap_or(&Map::new()) {
            found.push((object.to_owned(), name.clone(), field.clone()));
        }
    }
    found
}

/// A configuration in which this field has this value; `None`: in which it is absent.
fn with(object: &str, name: &str, value: Option<&Value>) -> Value {
    let mut config = json!({
        "services": {
            "web": { "cmd": "web", "port": 3000 },
            "db": { "cmd": "db", "port": 5432 },
            "cache": { "cmd": "cache" },
        },
    });
    let service = "/services/web";
    let (place, base) = match object {
        "File" => ("", config.clone()),
        "Session" => ("/session", json!({})),
        "Logs" => ("/logs", json!({})),
        "LogView" => ("/logView", json!({})),
        "LogViewEntries" => ("/logView/all", json!({})),
        "Service" => (service, config.pointer(service).unwrap().clone()),
        "EnvFile" => ("/services/web/envFile", json!({ "path": ".env" })),
        "Ready" => ("/services/web/ready", ready(name)),
        other => panic!("where does {other} stand?"),
    };
    let mut parents = String::new();
    for step in place.split('/').skip(1) {
        let parent = config.pointer_mut(&parents).unwrap();
        if parent.get(step).is_none() {
            parent[step] = json!({});
        }
        parents.extend(["/", step]);
    }
    let target = config.pointer_mut(place).unwrap();
    *target = base;
    match value {
        Some(value) if name == "type" => *target = json!({ "type": value, "path": "/" }),
        Some(value) => target[name] = value.clone(),
        None => drop(target.as_object_mut().unwrap().remove(name)),
    }
    config
}

/// A probe to which this field means something.
fn ready(field: &str) -> Value {
    match field {
        "port" | "timeoutMs" | "attemptTimeoutMs" | "owner" => json!({ "type": "tcp" }),
        "pattern" => json!({ "type": "log", "pattern": "x" }),
        "cmd" => json!({ "type": "exec", "cmd": "x" }),
        "url" => json!({ "type": "http", "url": "http://localhost:3000" }),
        _ => json!({ "type": "http", "path": "/" }),
    }
}

#[test]
fn every_field_is_described_and_has_examples() {
    let mut count = 0;
    for (object, name, field) in fields(&json_schema()) {
        let field_name = format!("{object}.{name}");
        let about = field["description"].as_str().unwrap_or_default();
        assert!(about.len() > 10, "{field_name} has no description");
        let examples = field["examples"].as_array();
        let examples = examples.unwrap_or_else(|| panic!("{field_name} has no examples"));
        assert!(!examples.is_empty(), "{field_name} has no examples");
        for example in examples {
            let text = with(&object, &name, Some(example)).to_string();
            let problems = report(&text).problems;
            let wrong: Vec<_> = problems
                .iter()
                // The directories of examples are not here; two ports are what an example is about.
                .filter(|problem| !matches!(problem.code, Code::MissingCwd | Code::OtherPort))
                .collect();
            assert!(wrong.is_empty(), "{field_name}: {text}: {wrong:#?}");
        }
        count += 1;
    }
    assert!(count > 40, "{count}");
}

#[test]
fn every_field_that_may_be_absent_says_what_that_means_and_defaults_mean_the_same() {
    let schema = json_schema();
    for (object, name, field) in fields(&schema) {
        let definition = match object.as_str() {
            "File" => &schema,
            object => &schema["$defs"][object],
        };
        let required = definition["required"].as_array();
        if required.is_some_and(|required| required.contains(&json!(name))) {
            continue;
        }
        let field_name = format!("{object}.{name}");
        let about = field["description"].as_str().unwrap();
        let Some(default) = field.get("default") else {
            let is_required_by_a_kind =
                object == "Ready" && ["url", "pattern", "cmd"].contains(&name.as_str());
            assert!(
                about.contains("Absent: ") || about.contains("Default: ") || is_required_by_a_kind,
                "{field_name}: what does its absence mean?"
            );
            continue;
        };
        if let Some((_, said)) = about.split_once("Default: ") {
            let said = said.trim_start_matches(['`', '"']);
            let meant = default
                .as_str()
                .map_or_else(|| default.to_string(), str::to_owned);
            assert!(
                said.starts_with(&meant),
                "{field_name}: {said} is not {default}"
            );
        } else {
            let is_empty = [json!({}), json!([])].contains(default);
            assert!(
                is_empty,
                "{field_name}: the default is not in the description"
            );
        }
        // What these mean is for the probe to say.
        if ["Ready.headers", "Ready.status"].contains(&field_name.as_str()) {
            continue;
        }
        let meaning = |value| {
            let text = with(&object, &name, value).to_string();
            let (config, _) = report(&text).meant.unwrap_or_else(|| panic!("{text}"));
            // How many entries a client gets is settled in `logs::config`.
            format!("{config:?}").replace(
                "LogView { max_entries: None",
                "LogView { max_entries: Some(500)",
            )
        };
        assert_eq!(meaning(Some(default)), meaning(None), "{field_name}");
    }
}
