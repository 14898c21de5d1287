use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;

/// A valid config as JSON: up to eight services that depend on earlier ones.
fn valid() -> impl Strategy<Value = serde_json::Value> {
    let service = (
        prop_oneof![
            Just(json!("run it now")),
            prop::collection::vec("[a-z é]{1,6}", 1..4).prop_map(|argv| json!(argv)),
        ],
        prop::option::of(any::<u16>()),
        prop::option::of(prop::sample::select(vec!["daemon", "oneshot"])),
        prop::option::of(prop::sample::select(vec![
            json!({"type": "none", "url": 5}),
            json!({"type": "http", "url": "https://localhost/x", "timeoutMs": 5}),
            json!({"type": "tcp", "port": 8}),
            json!({"type": "log", "pattern": "^ready"}),
            json!({"type": "exec", "cmd": ["true"]}),
        ])),
        prop::collection::vec(("[A-Z_]{1,4}", "[^\0]{0,5}"), 0..3),
        prop::option::of(1..100_000_u32),
        any::<u8>(),
    );
    prop::collection::vec(("[^\0]{1,6}", service), 0..8).prop_map(|services| {
        let mut map = Map::new();
        for (name, (cmd, port, kind, ready, env, grace, depends)) in services {
            let earlier: Vec<String> = map.keys().cloned().collect();
            let chosen = earlier.iter().enumerate();
            let chosen = chosen.filter(|(at, other)| depends >> at & 1 == 1 && **other != name);
            let depends_on: Vec<_> = chosen.map(|(_, other)| other).collect();
            let env: Map<_, _> = env.into_iter().map(|(k, v)| (k, v.into())).collect();
            let mut service = json!({"cmd": cmd, "dependsOn": depends_on, "env": env});
            let optional = [
                ("port", port.map(|port| json!(port))),
                ("kind", kind.map(|kind| json!(kind))),
                ("ready", ready),
                ("stopGraceMs", grace.map(|grace| json!(grace))),
            ];
            for (field, value) in optional {
                if let Some(value) = value {
                    service[field] = value;
                }
            }
            // A name that comes again keeps its place and what depends on it; it must not begin to
            // depend on those.
            map.entry(name).or_insert(service);
        }
        json!({"services": map})
    })
}

/// The same with the members of every object in another order.
fn reversed(value: &serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(members) => {
            let members = members.iter().rev();
            serde_json::Value::Object(members.map(|(k, v)| (k.clone(), reversed(v))).collect())
        }
        other => other.clone(),
    }
}

/// What can be compared of a config.
fn essence(config: &Config) -> String {
    format!("{config:?}")
}

proptest! {
    #[test]
    fn a_valid_config_means_what_it_says(value in valid(), pretty in any::<bool>()) {
        let text = if pretty {
            serde_json::to_string_pretty(&value).unwrap()
        } else {
            value.to_string()
        };
        let (config, plan) = meant(&text);
        let services = value["services"].as_object().unwrap();
        prop_assert_eq!(config.services.len(), services.len());
        prop_assert!(config.services.is_sorted_by(|a, b| a.name < b.name));
        for (index, service) in config.services.iter().enumerate() {
            let written = &services[&*service.name];
            let argv = match &written["cmd"] {
                serde_json::Value::String(_) => json!(["run", "it", "now"]),
                argv => argv.clone(),
            };
            prop_assert_eq!(&json!(resolved(&config, index).run.argv), &argv);
            let port = written["port"].as_u64().filter(|&port| port > 0);
            prop_assert_eq!(resolved(&config, index).port.map(u64::from), port);
            prop_assert_eq!(service.env.len(), written["env"].as_object().unwrap().len());
            let mut needed: Vec<_> = written["dependsOn"].as_array().unwrap().iter()
                .map(|name| config.index_of(name.as_str().unwrap()).unwrap()).collect();
            needed.sort_unstable();
            prop_assert_eq!(&service.depends_on, &needed);
            for &dependency in &service.depends_on {
                prop_assert!(plan.wave_of[dependency] < plan.wave_of[index]);
            }
        }
    }

    #[test]
    fn the_order_of_keys_means_nothing(value in valid()) {
        let (config, plan) = meant(&value.to_string());
        let (other, other_plan) = meant(&reversed(&value).to_string());
        prop_assert_eq!(plan, other_plan);
        prop_assert_eq!(essence(&config), essence(&other));
    }

    /// A config with one character changed is read or refused, with every problem in the text.
    #[test]
    fn a_damaged_config_is_read_or_refused(
        value in valid(),
        at in any::<prop::sample::Index>(),
        with in "[\\PC\0\n\"{}\\[\\],:/]?",
    ) {
        let mut chars: Vec<char> = value.to_string().chars().collect();
        let at = at.index(chars.len());
        chars.splice(at..=at, with.chars());
        let text: String = chars.into_iter().collect();
        let report = report(&text);
        let has_error = report.problems.iter().any(Problem::is_error);
        prop_assert_eq!(report.meant.is_none(), has_error);
        for problem in &report.problems {
            prop_assert!(text.get(problem.span.clone()).is_some());
            prop_assert!(problem.position.line >= 1 && problem.position.column >= 1);
        }
        prop_assert!(report.problems.is_sorted_by_key(|problem| problem.span.start));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let report = check(bytes, origin());
        prop_assert!(report.meant.is_some() || !report.problems.is_empty());
    }
}
