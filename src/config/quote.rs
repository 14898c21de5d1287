//! Values as messages show them: short, and safe for a terminal.

use std::fmt::Write as _;

use serde_json::Value;

/// A value in a few words: `the string "abc"`, `an array`.
pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the string {}", quote(text)),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Text in quotes: control characters escaped, cut after 60 characters.
pub(super) fn quote(text: &str) -> String {
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

/// A name in a chain of names: as it is, unless it could break the line.
pub(super) fn readable(name: &str) -> String {
    if name.chars().any(char::is_control) {
        quote(name)
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_is_short_and_safe() {
        assert_eq!(quote("a\u{1b}[2J\""), "\"a\\u{1b}[2J\\\"\"");
        assert_eq!(quote(&"x".repeat(100)).chars().count(), 63);
    }
}
