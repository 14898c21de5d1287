//! A line in full: JSON indented, logfmt with a row for each field, everything else broken to the width.

use serde::Deserialize as _;
use serde_json::Value;
use unicode_width::UnicodeWidthChar;

use super::fields;
use super::item::{Content, Item, Place};
use super::window::Window;
use crate::terminal::sanitize;

/// JSON that is nested deeper is shown as it was written.
const MAX_DEPTH: usize = 100;
/// More rows are not shown.
const MAX_ROWS: usize = 5_000;
/// Longer lines are not put together.
const MAX_BYTES: usize = 1 << 20;

/// The text of the item at this place. Of a line that came in parts, all of them that are loaded.
pub(crate) fn text(window: &Window, place: Place) -> Option<String> {
    let items = window.items();
    let index = window.find(place)?;
    let item = &items[index];
    let Content::Line { stream, .. } = &item.content else {
        return Some(item.raw().to_owned());
    };
    let is_own = |other: &&std::sync::Arc<Item>| {
        other.service == item.service
            && matches!(&other.content, Content::Line { stream: of, .. } if of == stream)
    };
    let is_partial = |item: &Item| matches!(item.content, Content::Line { partial: true, .. });
    let mut before: Vec<&str> = Vec::new();
    let mut bytes = item.raw().len();
    let earlier = items.range(..index).rev().filter(is_own);
    for part in earlier.take_while(|part| is_partial(part)) {
        bytes += part.raw().len();
        if bytes > MAX_BYTES {
            break;
        }
        before.push(part.raw());
    }
    let mut text: String = before.into_iter().rev().collect();
    text.push_str(item.raw());
    let mut goes_on = is_partial(item);
    for part in items.range(index + 1..).filter(is_own) {
        if !goes_on || text.len() > MAX_BYTES {
            break;
        }
        text.push_str(part.raw());
        goes_on = is_partial(part);
    }
    Some(text)
}

/// The rows of a text, none wider than so many columns.
pub(crate) fn rows(text: &str, columns: usize) -> Vec<String> {
    let lines = indented(text)
        .or_else(|| listed(text))
        .unwrap_or_else(|| vec![text.to_owned()]);
    let mut rows = Vec::new();
    for line in lines {
        broken(&sanitize::text(&line), columns.max(8), &mut rows);
        if rows.len() > MAX_ROWS {
            rows.truncate(MAX_ROWS);
            rows.push("… the rest is in `flowlayer logs`".to_owned());
            break;
        }
    }
    rows
}

/// JSON with a row for each value, as it is written: order, numbers and escapes stay.
fn indented(text: &str) -> Option<Vec<String>> {
    let text = text.trim_ascii();
    if !text.starts_with(['{', '[']) || !is_json(text) {
        return None;
    }
    let mut rows = Vec::new();
    let mut row = String::new();
    let (mut depth, mut is_string, mut is_escaped) = (0_usize, false, false);
    let mut characters = text
        .chars()
        .filter(|character| !character.is_ascii_control())
        .peekable();
    while let Some(character) = characters.next() {
        if is_string {
            row.push(character);
            is_string = is_escaped || character != '"';
            is_escaped = !is_escaped && character == '\\';
            continue;
        }
        match character {
            ' ' => {}
            '{' | '[' => {
                row.push(character);
                while characters.next_if_eq(&' ').is_some() {}
                if let Some(end) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    row.push(end);
                    continue;
                }
                depth += 1;
                if depth > MAX_DEPTH {
                    return None;
                }
                rows.push(std::mem::replace(&mut row, "  ".repeat(depth)));
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                rows.push(std::mem::replace(&mut row, "  ".repeat(depth)));
                row.push(character);
            }
            ',' => {
                row.push(',');
                rows.push(std::mem::replace(&mut row, "  ".repeat(depth)));
            }
            ':' => row.push_str(": "),
            other => {
                is_string = other == '"';
                row.push(other);
            }
        }
    }
    rows.push(row);
    Some(rows)
}

/// Whether it is one value and nothing else; nothing is kept of it.
fn is_json(text: &str) -> bool {
    let mut values = serde_json::Deserializer::from_str(text);
    let is_value = serde::de::IgnoredAny::deserialize(&mut values).is_ok();
    is_value && values.end().is_ok()
}

/// The fields of logfmt.
fn listed(text: &str) -> Option<Vec<String>> {
    let fields = fields::fields(text)?;
    let row = |(key, value): (String, Value)| match value {
        Value::String(text) => format!("{key}={text}"),
        other => format!("{key}={other}"),
    };
    Some(fields.into_iter().map(row).collect())
}

/// Breaks a row; what goes on below keeps its indentation.
fn broken(text: &str, columns: usize, rows: &mut Vec<String>) {
    let indent = text.len() - text.trim_start_matches(' ').len();
    let indent = " ".repeat(indent.min(columns / 2));
    let mut row = String::new();
    let mut width = 0;
    for character in text.chars() {
        let character = if character == '\t' { ' ' } else { character };
        let wide = character.width().unwrap_or(0);
        if width + wide > columns {
            rows.push(std::mem::replace(&mut row, indent.clone()));
            width = indent.len();
            if rows.len() > MAX_ROWS {
                return;
            }
        }
        width += wide;
        row.push(character);
    }
    rows.push(row);
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::fixture::line;
    use super::super::window::{Newer, Older};
    use super::*;

    #[test]
    fn json_has_a_row_for_each_value() {
        let json = r#" {"b":1.50,"a":{"x":[1, {"y":"{,:\"}"}],"e":{ },"f":[]}} "#;
        let expected = [
            "{",
            "  \"b\": 1.50,",
            "  \"a\": {",
            "    \"x\": [",
            "      1,",
            "      {",
            "        \"y\": \"{,:\\\"}\"",
            "      }",
            "    ],",
            "    \"e\": {},",
            "    \"f\": []",
            "  }",
            "}",
        ];
        assert_eq!(rows(json, 80), expected);
    }

    #[test]
    fn other_lines_are_listed_or_broken() {
        assert_eq!(
            rows(r#"level=info msg="a b" n=1"#, 80),
            ["level=info", "msg=a b", "n=1"]
        );
        assert_eq!(rows("  0123456789", 8), ["  012345", "  6789"]);
        assert_eq!(rows("\u{1b}[31mred\u{1b}[0m", 80), ["red"]);
        assert_eq!(rows("", 80), [""]);
        assert_eq!(rows(r#"{"a":1} x"#, 80), [r#"{"a":1} x"#]);
    }

    #[test]
    fn a_megabyte_nested_ten_thousand_deep_is_bounded() {
        let begun = Instant::now();
        let deep = format!(
            "{}\"{}\"{}",
            r#"{"a":"#.repeat(10_000),
            "x".repeat(1_000_000),
            "}".repeat(10_000)
        );
        for line in [
            &deep,
            &"[".repeat(1_000_000),
            &format!("[{}1]", "1,".repeat(500_000)),
        ] {
            let rows = rows(line, 100);
            assert!(rows.len() <= MAX_ROWS + 1);
        }
        assert!(begun.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn parts_of_a_line_are_put_together() {
        let mut window = Window::new(1, Older::Beginning, Newer::Live);
        for (seq, service, text, is_partial) in [
            (1, "a", "before", false),
            (2, "a", "one ", true),
            (3, "b", "other", false),
            (4, "a", "two ", true),
            (5, "a", "three", false),
            (6, "a", "after", false),
        ] {
            let mut item = Item::clone(&line(seq, service, text));
            if let Content::Line { partial, .. } = &mut item.content {
                *partial = is_partial;
            }
            window.push_live(std::sync::Arc::new(item), false);
        }
        let whole = |seq| text(&window, Place::line(seq)).unwrap();
        assert_eq!([whole(2), whole(4), whole(5)], ["one two three"; 3]);
        assert_eq!([whole(1), whole(3), whole(6)], ["before", "other", "after"]);
        assert_eq!(text(&window, Place::line(9)), None);
    }
}
