//! Values of the config that probes have in common with services: commands, ports, durations.
//!
//! A value type says in one place how it is read, what is wrong with what it refuses, and what its
//! JSON Schema is.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::fault::{Fault, Part};

/// A value that can stand in a config.
pub trait FromValue: JsonSchema + Sized {
    /// Reads it. The fault is about the value or one of its items; the caller knows the field.
    fn from_value(value: &Value) -> Result<Self, Fault>;
}

/// A command: the argv it will be run with. Never empty, and no NUL in it
/// (docs/config.md, Commands).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command(pub Vec<String>);

impl FromValue for Command {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        let argv = match value {
            Value::String(line) => line.split_whitespace().map(str::to_owned).collect(),
            Value::Array(_) => strings(value)?,
            other => return Err(wrong_type("a string or an array of strings", other)),
        };
        if argv.first().is_none_or(String::is_empty) {
            return Err(Fault::error("empty_command", "the command is empty")
                .with_help("name a program: [\"sh\", \"-c\", \"…\"] to run a shell"));
        }
        match (value, argv.iter().position(|word| word.contains('\0'))) {
            (_, None) => Ok(Self(argv)),
            (Value::Array(_), Some(at)) => Err(nul("command").with_part(Part::Item(at))),
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

/// A port that can be listened on: 1–65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port(pub u16);

impl FromValue for Port {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        let port = integer(value, 1, u64::from(u16::MAX))?;
        Ok(Self(u16::try_from(port).unwrap_or(u16::MAX)))
    }
}

impl JsonSchema for Port {
    fn schema_name() -> Cow<'static, str> {
        "Port".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": u16::MAX })
    }
}

/// A duration in milliseconds, more than 0 and at most 4,294,967,295 (49 days), so that adding it
/// to a point in time cannot overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Millis(pub Duration);

impl FromValue for Millis {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        integer(value, 1, u64::from(u32::MAX)).map(|ms| Self(Duration::from_millis(ms)))
    }
}

impl JsonSchema for Millis {
    fn schema_name() -> Cow<'static, str> {
        "Millis".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": u32::MAX })
    }
}

impl FromValue for String {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        match value {
            Value::String(text) => Ok(text.clone()),
            other => Err(wrong_type("a string", other)),
        }
    }
}

impl FromValue for bool {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        value
            .as_bool()
            .ok_or_else(|| wrong_type("true or false", value))
    }
}

/// Reads an array of strings.
pub fn strings(value: &Value) -> Result<Vec<String>, Fault> {
    let Value::Array(items) = value else {
        return Err(wrong_type("an array of strings", value));
    };
    items
        .iter()
        .enumerate()
        .map(|(at, item)| match item {
            Value::String(text) => Ok(text.clone()),
            other => Err(wrong_type("a string", other).with_part(Part::Item(at))),
        })
        .collect()
}

/// Reads a whole number within bounds. `3000.0` is a whole number, as in JSON Schema.
pub fn integer(value: &Value, min: u64, max: u64) -> Result<u64, Fault> {
    let bounds = || {
        if max > i64::MAX.unsigned_abs() {
            format!("an integer of {min} or more")
        } else {
            format!("an integer from {min} to {max}")
        }
    };
    let Value::Number(number) = value else {
        return Err(wrong_type(&bounds(), value));
    };
    let whole = number.as_u64().or_else(|| {
        let float = number.as_f64()?;
        // Beyond 2^53 a float no longer says which whole number was meant.
        let exact = float.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&float);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked just above: whole, not negative, at most 2^53"
        )]
        exact.then_some(float as u64)
    });
    match whole {
        Some(n) if (min..=max).contains(&n) => Ok(n),
        _ => Err(Fault::error(
            "out_of_range",
            format!("expected {}, found {number}", bounds()),
        )),
    }
}

/// A value of another type than the one expected.
pub fn wrong_type(expected: &str, found: &Value) -> Fault {
    Fault::error(
        "wrong_type",
        format!("expected {expected}, found {}", describe(found)),
    )
}

/// NUL where the operating system takes none.
pub fn nul(what: &str) -> Fault {
    Fault::error("nul_byte", format!("a {what} cannot contain NUL"))
}

/// A value in a few words: `the string "abc"`, `an array`.
pub fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the string {}", quote(text)),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Text in quotes, for messages: control characters escaped, cut after 60 characters.
pub fn quote(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut quoted = String::from("\"");
    for c in text.chars().take(SHOWN) {
        if c.is_control() || c == '"' {
            // Writing into a string cannot fail.
            let _ = write!(quoted, "{}", c.escape_default());
        } else {
            quoted.push(c);
        }
    }
    if text.chars().nth(SHOWN).is_some() {
        quoted.push('…');
    }
    quoted.push('"');
    quoted
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

    #[test]
    fn empty_commands_are_refused() {
        for empty in [json!(""), json!(" \t\u{2003}"), json!([]), json!(["", "x"])] {
            let fault = Command::from_value(&empty).unwrap_err();
            assert_eq!(fault.code, "empty_command", "{empty}");
        }
    }

    #[test]
    fn a_wrong_item_of_a_command_is_pointed_at() {
        let fault = Command::from_value(&json!(["a", 1])).unwrap_err();
        assert_eq!((fault.code, fault.part), ("wrong_type", Part::Item(1)));
        let fault = Command::from_value(&json!(["a", "b", "c\0"])).unwrap_err();
        assert_eq!((fault.code, fault.part), ("nul_byte", Part::Item(2)));
        let fault = Command::from_value(&json!("a\0")).unwrap_err();
        assert_eq!((fault.code, fault.part), ("nul_byte", Part::Value));
    }

    #[test]
    fn integers_stay_in_their_bounds() {
        assert_eq!(integer(&json!(3000), 1, 65535), Ok(3000));
        assert_eq!(integer(&json!(3000.0), 1, 65535), Ok(3000));
        for wrong in [json!(0), json!(-1), json!(65536), json!(1.5), json!(1e300)] {
            let fault = integer(&wrong, 1, 65535).unwrap_err();
            assert_eq!(fault.code, "out_of_range", "{wrong}");
        }
        let fault = integer(&json!("80"), 1, 65535).unwrap_err();
        assert_eq!(
            &*fault.message,
            "expected an integer from 1 to 65535, found the string \"80\""
        );
    }

    #[test]
    fn quoted_text_is_short_and_safe() {
        assert_eq!(quote("a\u{1b}[2J\""), "\"a\\u{1b}[2J\\\"\"");
        assert_eq!(quote(&"x".repeat(100)).chars().count(), 63);
    }
}
