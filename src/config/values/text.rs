//! Commands and paths.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::{FromValue, schema, wrong_type};
use crate::config::code::Code;
use crate::config::fault::Fault;
use crate::config::references::scan;

/// A command: the argv it will be run with. Never empty, and no NUL in it
/// (docs/config.md, Commands).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct Command(pub(in crate::config) Vec<String>);

impl FromValue for Command {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        let argv: Vec<String> = match value {
            Value::String(line) => {
                let words = scan::words(line).into_iter();
                words.map(|word| line[word].to_owned()).collect()
            }
            Value::Array(items) => strings(items)?,
            other => return Err(wrong_type("a string or an array of strings", other)),
        };
        if argv.first().is_none_or(String::is_empty) {
            return Err(Fault::new(Code::EmptyCommand, "the command is empty")
                .with_help("name a program: [\"sh\", \"-c\", \"…\"] to run a shell"));
        }
        match (value, argv.iter().position(|word| word.contains('\0'))) {
            (_, None) => Ok(Self(argv)),
            (Value::Array(_), Some(at)) => Err(nul("command").in_item(at)),
            (_, Some(_)) => Err(nul("command")),
        }
    }
}

impl JsonSchema for Command {
    fn schema_name() -> Cow<'static, str> {
        "Command".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A command, run directly, without a shell. A string is split on white space (no quoting); an array is the argv as it stands.",
            "oneOf": [
                { "type": "string", "pattern": "\\S" },
                {
                    "type": "array",
                    "prefixItems": [{ "type": "string", "minLength": 1 }],
                    "items": { "type": "string" },
                    "minItems": 1,
                },
            ],
        })
    }
}

/// A path: not empty, no NUL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct PathText(pub(in crate::config) String);

impl FromValue for PathText {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        path(String::from_value(value)?).map(Self)
    }
}

schema!(PathText, { "type": "string", "minLength": 1 });

/// Text that is to be an absolute `http://` or `https://` URL, once its references are filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct UrlText(pub(in crate::config) String);

impl FromValue for UrlText {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        String::from_value(value).map(Self)
    }
}

schema!(UrlText, { "type": "string", "pattern": URL_PATTERN });

/// What a URL in a config begins with; a reference may stand for all of it.
pub(in crate::config) const URL_PATTERN: &str = r"^([hH][tT][tT][pP][sS]?://|\$\{(services|env)\.)";

fn path(text: String) -> Result<String, Fault> {
    if text.is_empty() {
        Err(Fault::new(Code::EmptyString, "the path is empty"))
    } else if text.contains('\0') {
        Err(nul("path"))
    } else {
        Ok(text)
    }
}

/// Reads the items of an array as strings.
fn strings(items: &[Value]) -> Result<Vec<String>, Fault> {
    let items = items.iter().enumerate();
    items
        .map(|(at, item)| String::from_value(item).map_err(|fault| fault.in_item(at)))
        .collect()
}

/// NUL where the operating system takes none.
pub(in crate::config) fn nul(what: &str) -> Fault {
    Fault::new(Code::NulByte, format!("a {what} cannot contain NUL"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_command_line_is_split_on_unicode_white_space_without_quoting() {
        let command = Command::from_value(&json!("sh\u{2003}-c  'cd\tx'\u{a0}y"));
        assert_eq!(
            command.unwrap().0,
            ["sh", "-c", "'cd", "x'", "y"].map(str::to_owned)
        );
    }

    #[test]
    fn an_argv_is_taken_as_it_stands() {
        let command = Command::from_value(&json!(["/opt/my app/x", "", " "]));
        assert_eq!(command.unwrap().0, ["/opt/my app/x", "", " "]);
    }
}
