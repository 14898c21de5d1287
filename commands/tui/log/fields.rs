//! Lines of JSON and logfmt as `time level message key=value`.

use std::borrow::Cow;
use std::fmt::Write as _;

use flowlayer_core::logs::Level;
use serde_json::{Map, Value};

/// Longer lines are shown as they were written.
const MAX_BYTES: usize = 32 * 1024;

/// Under which names a field is looked for, the first one first.
const TIME: &[&str] = &["time", "ts", "timestamp", "@timestamp", "datetime", "t"];
const LEVEL: &[&str] = &["level", "severity", "lvl", "log.level"];
const MESSAGE: &[&str] = &["msg", "message", "event"];

const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

/// How lines with fields are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum LineView {
    /// As they were written.
    #[default]
    Raw,
    /// As fields without the time, which stands before the line already.
    Fields,
    /// As fields.
    FieldsAndTime,
}

/// The line as it is shown, with the colours of its own or of its fields.
pub(crate) fn shown(line: &str, view: LineView) -> Cow<'_, str> {
    let has_time = match view {
        LineView::Raw => return Cow::Borrowed(line),
        LineView::Fields => false,
        LineView::FieldsAndTime => true,
    };
    match fields(line) {
        Some(fields) => Cow::Owned(render(fields, Level::of(line), has_time)),
        None => Cow::Borrowed(line),
    }
}

/// The fields of a line that is nothing but fields, in their order.
pub(super) fn fields(line: &str) -> Option<Vec<(String, Value)>> {
    if line.len() > MAX_BYTES {
        return None;
    }
    let fields = if line.trim_ascii_start().starts_with('{') {
        // What is nested too deeply is an error to serde_json.
        let object: Map<String, Value> = serde_json::from_str(line).ok()?;
        object.into_iter().collect()
    } else {
        logfmt(line)?
    };
    (!fields.is_empty()).then_some(fields)
}

/// `key=value key="a value"`, if that is all there is and a level or a message is among it.
fn logfmt(line: &str) -> Option<Vec<(String, Value)>> {
    if !line.contains('=') || line.contains('\u{1b}') {
        return None;
    }
    let mut fields = Vec::new();
    let mut rest = line.trim_ascii();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        let is_key = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.@/".contains(&byte);
        if key.is_empty() || !key.bytes().all(is_key) {
            return None;
        }
        let value;
        (value, rest) = if after.starts_with('"') {
            quoted(after)?
        } else {
            let (value, rest) = after.split_once(' ').unwrap_or((after, ""));
            if value.contains('"') {
                return None;
            }
            (value.to_owned(), rest)
        };
        fields.push((key.to_owned(), Value::String(value)));
        rest = rest.trim_ascii_start();
    }
    let has_one = |names: &[&str]| fields.iter().any(|(key, _)| names.contains(&&**key));
    let is_log = fields.len() > 1 && (has_one(LEVEL) || has_one(MESSAGE));
    is_log.then_some(fields)
}

/// The text in quotes at the start, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let rest = &text[at + 1..];
                let ends = rest.is_empty() || rest.starts_with(' ');
                return ends.then_some((value, rest));
            }
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

fn render(mut fields: Vec<(String, Value)>, level: Option<Level>, has_time: bool) -> String {
    let mut take = |names: &[&str]| {
        let mut places = names.iter().filter_map(|name| {
            let mut keys = fields.iter();
            keys.position(|(key, _)| key == name)
        });
        let at = places.next()?;
        Some(fields.remove(at).1)
    };
    let (time, word, message) = (take(TIME), take(LEVEL), take(MESSAGE));
    let mut parts: Vec<String> = Vec::new();
    if let Some(time) = time.filter(|_| has_time) {
        parts.push(format!("{DIM}{}{PLAIN}", text(&time)));
    }
    match (level, word) {
        (Some(level), Some(_)) => {
            let color = match level {
                Level::Error => "\u{1b}[31m",
                Level::Warn => "\u{1b}[33m",
                Level::Info => "\u{1b}[32m",
                Level::Debug | Level::Trace => DIM,
            };
            let word = level.to_string().to_ascii_uppercase();
            parts.push(format!("{color}{word:<5}{PLAIN}"));
        }
        (None, Some(word)) => parts.push(text(&word)),
        (_, None) => {}
    }
    if let Some(message) = message {
        parts.push(format!("{}{PLAIN}", text(&message)));
    }
    for (key, value) in fields {
        let mut part = String::new();
        // Writing to a `String` does not fail.
        let _ = write!(
            part,
            "{DIM}{}={PLAIN}{}",
            escaped(&key),
            quoted_where_needed(&value)
        );
        parts.push(part);
    }
    parts.join(" ")
}

/// A value as text in one row.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => escaped(text),
        other => other.to_string(),
    }
}

fn quoted_where_needed(value: &Value) -> String {
    match value {
        Value::String(text)
            if text.is_empty() || text.contains([' ', '"', '=', '\n', '\r', '\t']) =>
        {
            value.to_string()
        }
        other => text(other),
    }
}

/// What would end or overwrite the row, as it is written in JSON.
fn escaped(text: &str) -> String {
    text.replace('\n', "\\n").replace('\r', "\\r")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::terminal::sanitize;

    fn plain(line: &str, view: LineView) -> String {
        sanitize::text(&shown(line, view)).into_owned()
    }

    #[test]
    fn fields_become_time_level_message_and_the_rest() {
        let json = r#"{"port":3000,"time":"09:20:01","level":50,"msg":"it\nfailed","err":{"code":"E1","at":[1,2]},"user":"a b"}"#;
        let rest = r#"port=3000 err={"code":"E1","at":[1,2]} user="a b""#;
        assert_eq!(
            plain(json, LineView::FieldsAndTime),
            format!("09:20:01 ERROR it\\nfailed {rest}")
        );
        assert_eq!(
            plain(json, LineView::Fields),
            format!("ERROR it\\nfailed {rest}")
        );
        assert_eq!(plain(json, LineView::Raw), json);
        for (line, expected) in [
            (
                r#"time=09:20 level=warn msg="a \"b\"" path=/x empty= q="""#,
                r#"WARN  a "b" path=/x empty="" q="""#,
            ),
            ("severity=loud msg=x", "loud x"),
            (r#"{"a":1,"b":null}"#, "a=1 b=null"),
        ] {
            assert_eq!(plain(line, LineView::Fields), expected);
        }
    }

    #[test]
    fn other_lines_stay_as_they_are() {
        let deep = format!("{}{}", r#"{"msg":"#.repeat(10_000), "}".repeat(10_000));
        let long = format!(r#"{{"msg":"{}"}}"#, "x".repeat(1_000_000));
        for line in [
            "",
            "{}",
            "{not json}",
            r#"{"a":1} and more"#,
            "level=info",
            "GET /x level=info status=200",
            "a=1 b=2",
            r#"level=info msg="open"#,
            r#"level=info msg="x"y a=1"#,
            "\u{1b}[31mlevel=info\u{1b}[0m msg=x",
            &deep,
            &long,
        ] {
            assert_eq!(shown(line, LineView::Fields), line);
        }
    }

    proptest! {
        #[test]
        fn no_line_panics(line in any::<String>(), pairs in "([a-z]{1,3}=(\"?[a-z\\\\ ]{0,3}\"?)? ?){0,5}") {
            for line in [&line, &pairs, &format!("level=info {pairs}")] {
                let _ = plain(line, LineView::FieldsAndTime);
            }
        }

        #[test]
        fn fields_are_one_row_and_steer_nothing(text in any::<String>()) {
            let line = serde_json::json!({ "level": "info", "msg": text, "more": text }).to_string();
            let row = plain(&line, LineView::Fields);
            prop_assert!(!row.contains(['\n', '\r', '\u{1b}']), "{row:?}");
            prop_assert!(row.starts_with("INFO"), "{row:?}");
        }
    }
}
