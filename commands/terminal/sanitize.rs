//! What is printed, made safe for the terminal: text as the core has it, and JSON.

use std::borrow::Cow;
use std::io::Write as _;

pub(crate) use flowlayer_core::sanitize::{append_safe, reorders, text};

/// JSON with the same meaning and without control and bidirectional characters. JSON itself escapes only what is
/// below U+0020; line ends between values stay.
pub(crate) fn json(json: &str) -> Cow<'_, str> {
    if !steers(json.as_bytes()) {
        return json.into();
    }
    let mut safe = Vec::with_capacity(json.len() + 16);
    push(&mut safe, json);
    // Whole characters of a text, and ASCII.
    String::from_utf8_lossy(&safe).into_owned().into()
}

/// Appends [`json`] of a line, such as one of a log file.
pub(crate) fn append_json(out: &mut Vec<u8>, line: &[u8]) {
    // Without a branch for each byte, so that it costs next to nothing.
    let is_plain = line
        .iter()
        .fold(true, |plain, byte| plain & matches!(byte, 0x20..=0x7e));
    if is_plain {
        out.extend_from_slice(line);
    } else {
        // Much faster than the lossy one.
        match std::str::from_utf8(line) {
            Ok(line) if !steers(line.as_bytes()) => out.extend_from_slice(line.as_bytes()),
            Ok(line) => push(out, line),
            Err(_) => push(out, &String::from_utf8_lossy(line)),
        }
    }
}

fn push(out: &mut Vec<u8>, json: &str) {
    let mut rest = json;
    while let Some((at, character)) = steering(rest) {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        // All of them are below U+10000. Writing to a `Vec` does not fail.
        let _ = write!(out, "\\u{:04x}", u32::from(character));
        rest = &rest[at + character.len_utf8()..];
    }
    out.extend_from_slice(rest.as_bytes());
}

/// Whether a text has a character that is to be escaped. Without a branch for each byte, as above.
fn steers(json: &[u8]) -> bool {
    let any = |is: fn(u8) -> bool| json.iter().fold(false, |any, &byte| any | is(byte));
    // Most texts have none of the bytes with which one begins.
    if !any(|byte| matches!(byte, 0..=9 | 0xb..=0x1f | 0x7f | 0xc2 | 0xd8 | 0xe2)) {
        return false;
    }
    let behind = |count: usize| json.get(count..).unwrap_or_default();
    let pairs = json.iter().zip(behind(1));
    let has_pair = pairs.clone().fold(false, |any, pair| {
        any | matches!(pair, (0xc2, 0x80..=0x9f) | (0xd8, 0x9c))
    });
    let has_three = pairs.zip(behind(2)).fold(false, |any, ((&a, &b), &c)| {
        let ends = (matches!(c, 0x8e | 0x8f | 0xaa..=0xae) & matches!(b, 0x80))
            | (matches!(c, 0xa6..=0xa9) & matches!(b, 0x81));
        any | (ends & matches!(a, 0xe2))
    });
    has_pair | has_three | any(|byte| matches!(byte, 0..=9 | 0xb..=0x1f | 0x7f))
}

/// The first character that is to be escaped, and where it is.
fn steering(json: &str) -> Option<(usize, char)> {
    // What such a character can begin with.
    let may_begin = |byte: &u8| matches!(byte, 0..=9 | 0xb..=0x1f | 0x7f | 0xc2 | 0xd8 | 0xe2);
    let mut from = 0;
    loop {
        let at = from + json.as_bytes()[from..].iter().position(may_begin)?;
        let character = json[at..].chars().next()?;
        if character.is_control() || reorders(character) {
            return Some((at, character));
        }
        from = at + character.len_utf8();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_spelled_otherwise_and_means_the_same() {
        let text = "a\u{1b}\u{7f}\u{9b}\u{202e}\u{61c}é\t│\u{a0}";
        let pretty = serde_json::to_string_pretty(&[text]).unwrap();
        let safe = json(&pretty);
        assert_eq!(
            safe,
            "[\n  \"a\\u001b\\u007f\\u009b\\u202e\\u061cé\\t│\u{a0}\"\n]"
        );
        let read: Vec<String> = serde_json::from_str(&safe).unwrap();
        assert_eq!(read, [text]);
        let mut line = Vec::new();
        append_json(&mut line, pretty.as_bytes());
        assert_eq!(line, safe.as_bytes());
        append_json(&mut line, b"\x9b");
        assert!(
            line.ends_with("\u{fffd}".as_bytes()),
            "bytes that are no text"
        );
    }

    #[test]
    fn every_character_that_steers_is_found() {
        for character in '\0'..=char::MAX {
            let is_found = steering(character.encode_utf8(&mut [0; 4])).is_some();
            let steers = (character.is_control() && character != '\n') || reorders(character);
            assert_eq!(is_found, steers, "{character:?}");
            let text = format!("é{character}");
            assert_eq!(super::steers(text.as_bytes()), steers, "{character:?}");
        }
    }
}
