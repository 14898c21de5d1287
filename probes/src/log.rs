//! `log`: passes when a line of the service matches a regular expression.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use regex::{Regex, RegexBuilder};

use crate::registry::{Absent, Kind, Parameter, Refusal, Type};
use crate::{Attempt, Context, Probe};

pub(crate) const KIND: Kind = Kind {
    name: "log",
    about: "Passes when a line of the service matches the regular expression `pattern`.",
    // There is nothing to wait for within an attempt: the core has matched the lines.
    attempt_timeout: Duration::from_millis(200),
    parameters: &[Parameter {
        name: "pattern",
        about: "A regular expression (syntax of the Rust crate `regex`), searched for in every line of stdout and stderr.",
        takes: Type::Pattern,
        absent: Absent::Refused,
        default: None,
        example: r#""^listening on""#,
    }],
    build: Some(|arguments| {
        let pattern = RegexBuilder::new(arguments.text("pattern")?)
            .size_limit(MAX_COMPILED)
            .build()
            .map_err(|error| Refusal {
                parameter: "pattern",
                why: reason(&error),
                help: None,
            })?;
        Ok(Arc::new(Log { pattern }))
    }),
};

/// Size in bytes of a compiled expression: far more than a pattern for log lines needs, little
/// enough that a file full of them is checked in reasonable time.
const MAX_COMPILED: usize = 1 << 20;

/// The compiler's error draws a picture of several lines; its last line says what is wrong.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or(&text);
    let last = last.strip_prefix("error: ").unwrap_or(last);
    format!("not a regular expression: {last}")
}

#[derive(Debug)]
struct Log {
    pattern: Regex,
}

#[async_trait]
impl Probe for Log {
    fn kind(&self) -> &'static str {
        KIND.name
    }

    fn target(&self) -> String {
        format!("line /{}/", self.pattern)
    }

    fn label(&self) -> String {
        format!("log {}", self.target())
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
    use super::*;
    use crate::registry::Argument;
    use crate::registry::tests::{NoCommands, build};

    #[tokio::test]
    async fn it_passes_once_the_core_has_seen_a_matching_line() {
        let pattern = Argument::Text("listening on :\\d+".to_owned());
        let probe = build(&KIND, "pattern", pattern).unwrap();
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
        let refusal = build(&KIND, "pattern", Argument::Text("a(b".to_owned())).unwrap_err();
        assert_eq!(refusal.why, "not a regular expression: unclosed group");
    }
}
