//! Ports of a draft in one place each: where a service names the port of another, it refers to it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Draft;

/// Names of this machine, before the `:` of a port.
const HERE: [&str; 4] = ["localhost", "127.0.0.1", "0.0.0.0", "[::1]"];

/// The fields in which references count.
const FIELDS: [&str; 5] = ["cmd", "stopCmd", "ready", "env", "url"];

impl Draft {
    /// Writes `${services.NAME.port}` where a text names the port of a service: behind a name of this machine,
    /// and as the value of `PORT` or a variable whose name ends so. A port that two services have stays.
    pub fn refer_to_ports(&mut self) {
        let ports = self.ports();
        for service in &mut self.services {
            for field in FIELDS {
                if let Some(value) = service.fields.get_mut(field) {
                    refer(value, field, &ports);
                }
            }
        }
    }

    /// What to write for each port.
    fn ports(&self) -> BTreeMap<String, String> {
        let mut ports: BTreeMap<String, Option<String>> = BTreeMap::new();
        for service in &self.services {
            let Some(port) = service.fields.get("port").and_then(Value::as_u64) else {
                continue;
            };
            // A name with a brace cannot stand in a reference.
            let reference = (!service.name.contains(['{', '}']))
                .then(|| format!("${{services.{}.port}}", service.name));
            ports
                .entry(port.to_string())
                .and_modify(|known| *known = None)
                .or_insert(reference);
        }
        let ports = ports.into_iter();
        ports.filter_map(|(port, to)| Some((port, to?))).collect()
    }
}

/// Refers to ports in all texts of a value; `name` is that of the field or member it is in.
fn refer(value: &mut Value, name: &str, ports: &BTreeMap<String, String>) {
    match value {
        Value::String(text) => match ports.get(text.as_str()) {
            Some(reference) if name.to_ascii_uppercase().ends_with("PORT") => {
                text.clone_from(reference);
            }
            _ => *text = with_references(text, ports),
        },
        Value::Array(items) => items.iter_mut().for_each(|item| refer(item, name, ports)),
        Value::Object(members) => {
            let members = members.iter_mut();
            members.for_each(|(name, value)| refer(value, name, ports));
        }
        _ => {}
    }
}

fn with_references(text: &str, ports: &BTreeMap<String, String>) -> String {
    let mut written = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(':') {
        let (before, after) = rest.split_at(at + 1);
        written.push_str(before);
        let digits = after
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(after.len());
        let (port, behind) = after.split_at(digits);
        match ports.get(port) {
            Some(reference) if names_this_machine(&written) => written.push_str(reference),
            _ => written.push_str(port),
        }
        rest = behind;
    }
    written + rest
}

/// Whether a text ends with a name of this machine and a colon.
fn names_this_machine(text: &str) -> bool {
    let host = text.strip_suffix(':').unwrap_or(text);
    HERE.iter().any(|name| {
        let before = host.strip_suffix(name);
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        before.is_some_and(|before| !before.ends_with(is_part))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::DraftService;
    use super::*;

    fn draft(services: &[(&str, Value)]) -> Draft {
        let mut draft = Draft::default();
        for (name, fields) in services {
            let mut service = DraftService::new(name, json!("x"));
            for (field, value) in fields.as_object().unwrap() {
                service.set(field, value.clone());
            }
            draft.services.push(service);
        }
        draft.refer_to_ports();
        draft
    }

    #[test]
    fn what_names_the_port_of_a_service_refers_to_it() {
        let draft = draft(&[
            (
                "db",
                json!({"port": 5432, "env": {"PORT": "5432", "AGE": "5432"}}),
            ),
            (
                "web",
                json!({
                    "port": 3000,
                    "cmd": ["sh", "-c", "wait localhost:5432 && run --port 3000"],
                    "env": {
                        "URL": "postgres://u:p@127.0.0.1:5432/x?alt=[::1]:3000",
                        "DB_PORT": "5432",
                        "OTHER": "http://localhost:54321 db.localhost:5432 example.com:5432",
                    },
                    "ready": {"type": "http", "url": "http://localhost:3000/healthz"},
                }),
            ),
        ]);
        let [db, web] = draft.services.as_slice() else {
            panic!()
        };
        assert_eq!(
            db.fields["env"],
            json!({"PORT": "${services.db.port}", "AGE": "5432"})
        );
        let words = &web.fields["cmd"];
        assert_eq!(
            words[2],
            "wait localhost:${services.db.port} && run --port 3000"
        );
        let env = &web.fields["env"];
        assert_eq!(
            env["URL"],
            "postgres://u:p@127.0.0.1:${services.db.port}/x?alt=[::1]:${services.web.port}"
        );
        assert_eq!(env["DB_PORT"], "${services.db.port}");
        assert_eq!(
            env["OTHER"],
            "http://localhost:54321 db.localhost:5432 example.com:5432"
        );
        let ready = &web.fields["ready"];
        assert_eq!(
            ready["url"],
            "http://localhost:${services.web.port}/healthz"
        );
    }

    #[test]
    fn a_port_that_two_services_have_stays() {
        let fields = json!({"port": 80, "env": {"PORT": "80"}});
        let draft = draft(&[("a", fields.clone()), ("b", fields)]);
        assert_eq!(draft.services[0].fields["env"]["PORT"], "80");
    }
}
