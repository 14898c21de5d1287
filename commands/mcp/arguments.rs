//! The arguments of a tool: their schema, and whether a call has the right ones.

use serde_json::{Value, json};

use super::commands::Document;
use super::tools::Tool;

/// One argument of a tool.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) is_required: bool,
    /// Empty where the name says it all.
    pub(super) description: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// A list of texts.
    Names,
    /// A whole number within these bounds.
    Count(u64, u64),
    /// A number above 0, up to a day.
    Seconds,
}

const DAY: f64 = 86_400.0;

impl Kind {
    fn schema(self) -> Value {
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Names => json!({ "type": "array", "items": { "type": "string" } }),
            Self::Count(least, u64::MAX) => json!({ "type": "integer", "minimum": least }),
            Self::Count(least, most) => {
                json!({ "type": "integer", "minimum": least, "maximum": most })
            }
            Self::Seconds => json!({ "type": "number", "exclusiveMinimum": 0 }),
        }
    }

    fn admits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Names => value
                .as_array()
                .is_some_and(|names| names.iter().all(Value::is_string)),
            Self::Count(least, most) => value
                .as_u64()
                .is_some_and(|count| (least..=most).contains(&count)),
            Self::Seconds => value
                .as_f64()
                .is_some_and(|seconds| seconds > 0.0 && seconds <= DAY),
        }
    }

    fn words(self) -> String {
        match self {
            Self::Text => "a string".to_owned(),
            Self::Names => "an array of strings".to_owned(),
            Self::Count(least, u64::MAX) => format!("a whole number from {least}"),
            Self::Count(least, most) => format!("a whole number from {least} to {most}"),
            Self::Seconds => format!("a number of seconds above 0, at most {DAY}"),
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Text => "\"…\"",
            Self::Names => "[\"…\"]",
            Self::Count(..) | Self::Seconds => "N",
        }
    }
}

/// The JSON Schema of the arguments of a tool.
pub(super) fn schema(parameters: &[Parameter]) -> Value {
    let mut properties = Document::new();
    for parameter in parameters {
        let mut schema = parameter.kind.schema();
        if !parameter.description.is_empty() {
            schema["description"] = parameter.description.into();
        }
        properties.insert(parameter.name.to_owned(), schema);
    }
    let required: Vec<&str> = parameters
        .iter()
        .filter(|parameter| parameter.is_required)
        .map(|parameter| parameter.name)
        .collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// The arguments of a call, which have the right form.
#[derive(Debug, Default)]
pub(super) struct Arguments(Document);

impl Arguments {
    /// Checks what a client has sent. `null` counts as absent. The error shows the right form.
    pub(super) fn check(tool: &Tool, given: Value) -> Result<Self, String> {
        let wrong = |what: String| format!("{what}. The right form: {}", form(tool));
        let given = match given {
            Value::Null => Document::new(),
            Value::Object(given) => given,
            other => {
                return Err(wrong(format!(
                    "\"arguments\" must be an object, and is {other}"
                )));
            }
        };
        let mut arguments = Document::new();
        for (name, value) in given {
            let known = tool.parameters.iter().find(|known| known.name == name);
            let Some(parameter) = known else {
                return Err(wrong(format!("{} has no argument {name:?}", tool.name)));
            };
            if value.is_null() {
                continue;
            }
            if !parameter.kind.admits(&value) {
                let mut is: String = value.to_string();
                if is.chars().count() > 60 {
                    is = is.chars().take(60).chain(['…']).collect();
                }
                let must = parameter.kind.words();
                return Err(wrong(format!("{name:?} must be {must}, and is {is}")));
            }
            arguments.insert(name, value);
        }
        let missing = tool
            .parameters
            .iter()
            .find(|parameter| parameter.is_required && !arguments.contains_key(parameter.name));
        match missing {
            Some(parameter) => Err(wrong(format!("{:?} is missing", parameter.name))),
            None => Ok(Self(arguments)),
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// The texts of a list; none when it is absent.
    pub(super) fn names(&self, name: &str) -> Vec<&str> {
        let names = self.0.get(name).and_then(Value::as_array);
        names
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    pub(super) fn count(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.as_u64()
    }

    pub(super) fn seconds(&self, name: &str) -> Option<f64> {
        self.0.get(name)?.as_f64()
    }
}

/// `restart {"service": "…", "timeout"?: N}`: what a call looks like.
fn form(tool: &Tool) -> String {
    let shown: Vec<String> = tool
        .parameters
        .iter()
        .map(
            |Parameter {
                 name,
                 kind,
                 is_required,
                 ..
             }| {
                let optional = if *is_required { "" } else { "?" };
                format!("{name:?}{optional}: {}", kind.example())
            },
        )
        .collect();
    format!("{} {{{}}}", tool.name, shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::tools;
    use super::*;

    fn check(tool: &str, given: Value) -> Result<Arguments, String> {
        Arguments::check(tools::find(tool).unwrap(), given)
    }

    #[test]
    fn what_has_the_right_form_can_be_read() {
        let arguments = check(
            "logs",
            json!({ "services": ["a", "b"], "grep": "x", "after_seq": 7, "context": null }),
        );
        let arguments = arguments.unwrap();
        assert_eq!(arguments.names("services"), ["a", "b"]);
        assert_eq!(arguments.text("grep"), Some("x"));
        assert_eq!(arguments.count("after_seq"), Some(7));
        assert_eq!(arguments.count("context"), None);
        assert!(check("status", Value::Null).is_ok());
    }

    #[test]
    fn a_mistake_shows_the_right_form() {
        for (tool, given, message) in [
            (
                "restart",
                json!({"service": 1}),
                "\"service\" must be a string, and is 1",
            ),
            (
                "restart",
                json!({"service": null}),
                "\"service\" is missing",
            ),
            (
                "restart",
                json!(["api"]),
                "must be an object, and is [\"api\"]",
            ),
            ("restart", json!({"name": "api"}), "no argument \"name\""),
            (
                "restart",
                json!({"service": "a", "timeout": "30"}),
                "a number of seconds",
            ),
            (
                "restart",
                json!({"service": "a", "timeout": 0}),
                "a number of seconds",
            ),
        ] {
            let error = check(tool, given).unwrap_err();
            let form = "The right form: restart {\"service\": \"…\", \"timeout\"?: N}";
            assert!(error.contains(message) && error.ends_with(form), "{error}");
        }
        for given in [
            json!({"services": "api"}),
            json!({"services": [1]}),
            json!({"after_seq": -1}),
            json!({"after_seq": 1.5}),
            json!({"max_bytes": 1}),
            json!({"max_bytes": 1_000_000_000_000_u64}),
        ] {
            assert!(check("logs", given.clone()).is_err(), "{given}");
        }
        let long = check("logs", json!({"grep": ["x".repeat(5000)]})).unwrap_err();
        assert!(long.len() < 400, "{long}");
    }
}
