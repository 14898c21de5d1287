//! `log`: passes when a line of the service matches a regular expression.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use regex::{Regex, RegexBuilder};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::fault::Fault;
use crate::registry::{Field, Kind};
use crate::value::FromValue;
use crate::{Attempt, Context, Probe};

pub(crate) const KIND: Kind = Kind {
    name: "log",
    about: "Passes when a line of the service matches the regular expression `pattern`.",
    // There is nothing to wait for within an attempt: the core has matched the lines.
    attempt_timeout: Duration::from_millis(200),
    fields: &[Field::required::<Pattern>(
        "pattern",
        "A regular expression (syntax of the Rust crate `regex`), searched for in every line of stdout and stderr.",
    )],
    tolerates: &[],
    build: |fields| {
        let pattern = fields.read::<Pattern>("pattern")?.0;
        Some(Arc::new(Log { pattern }))
    },
};

/// Size in bytes of a compiled expression: far more than a pattern for log lines needs, little
/// enough that a file full of them is checked in reasonable time.
const MAX_COMPILED: usize = 1 << 20;

/// A regular expression that compiles.
struct Pattern(Regex);

impl FromValue for Pattern {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        let text = String::from_value(value)?;
        RegexBuilder::new(&text)
            .size_limit(MAX_COMPILED)
            .build()
            .map(Self)
            .map_err(|error| Fault::error("invalid_pattern", reason(&error)))
    }
}

/// The compiler's error draws a picture of several lines; its last line says what is wrong.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or(&text);
    let last = last.strip_prefix("error: ").unwrap_or(last);
    format!("not a regular expression: {last}")
}

impl JsonSchema for Pattern {
    fn schema_name() -> Cow<'static, str> {
        "Pattern".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[derive(Debug)]
struct Log {
    pattern: Regex,
}

#[async_trait]
impl Probe for Log {
    fn target(&self) -> String {
        format!("log line /{}/", self.pattern)
    }

    fn label(&self) -> String {
        self.target()
    }

    fn pattern(&self) -> Option<&Regex> {
        Some(&self.pattern)
    }

    async fn attempt(&self, cx: &Context<'_>) -> Attempt {
        if cx.line_matched {
            Attempt::Passed
        } else {
            Attempt::Failed("no line has matched".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::tests::{NoCommands, made};

    #[tokio::test]
    async fn it_passes_once_the_core_has_seen_a_matching_line() {
        let probe = made(
            &json!({ "type": "log", "pattern": "listening on :\\d+" }),
            None,
        );
        assert!(probe.pattern().unwrap().is_match("x listening on :80"));
        assert_eq!(probe.label(), "log line /listening on :\\d+/");
        for (line_matched, expected) in [
            (false, Attempt::Failed("no line has matched".to_owned())),
            (true, Attempt::Passed),
        ] {
            let cx = Context {
                line_matched,
                commands: &NoCommands,
            };
            assert_eq!(probe.attempt(&cx).await, expected);
        }
    }

    #[test]
    fn a_broken_expression_says_what_is_broken() {
        let Err(fault) = Pattern::from_value(&json!("a(b")) else {
            panic!("it must not compile");
        };
        assert_eq!(fault.code, "invalid_pattern");
        assert_eq!(&*fault.message, "not a regular expression: unclosed group");
    }
}
