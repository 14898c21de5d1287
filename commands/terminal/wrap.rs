//! Wraps and shortens text to a number of columns.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Wraps at blanks, and within words that are wider than a line. Continuation lines keep the
/// indentation. U+00A0 is a blank that does not break.
pub(crate) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let start = text.len() - text.trim_start_matches(' ').len();
    let indent = " ".repeat(start);
    let columns = columns.max(indent.len() + 1);
    let mut lines = Vec::new();
    let mut line = indent.clone();
    // Blanks between words stay as many as they are, except where a line ends.
    let mut gap = 1;
    for word in text[start..].split(' ') {
        if word.is_empty() {
            gap += 1;
            continue;
        }
        let is_first = line.trim().is_empty();
        if !is_first && line.width() + gap + word.width() > columns {
            lines.push(std::mem::replace(&mut line, indent.clone()));
        } else if !is_first {
            line.extend(std::iter::repeat_n(' ', gap));
        }
        gap = 1;
        for character in word.chars() {
            let character = match character {
                '\u{a0}' => ' ',
                other => other,
            };
            if line.width() + character.width().unwrap_or(0) > columns && line != indent {
                lines.push(std::mem::replace(&mut line, indent.clone()));
            }
            line.push(character);
        }
    }
    lines.push(line);
    lines
}

/// Text in at most this many columns, cut with `…` if it does not fit.
pub(crate) fn truncate(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let (mut cut, mut left) = (String::new(), columns.saturating_sub(1));
    for character in text.chars() {
        let width = character.width().unwrap_or(0);
        if width > left {
            break;
        }
        left -= width;
        cut.push(character);
    }
    if columns > 0 {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_stay_where_no_line_ends() {
        for (text, columns, expected) in [
            ("one  two three", 9, &["one  two", "three"][..]),
            ("  echo  one", 8, &["  echo", "  one"]),
            ("abcdef", 4, &["abcd", "ef"]),
            ("a ●\u{a0}bc", 4, &["a", "● bc"]),
            ("", 4, &[""]),
            (" a ", 4, &[" a"]),
        ] {
            assert_eq!(wrapped(text, columns), expected, "{text:?}");
        }
    }

    #[test]
    fn truncated_text_is_as_wide_as_said_at_most() {
        for (text, columns, expected) in [
            ("needle", 6, "needle"),
            ("needle", 5, "need…"),
            ("漢字漢字", 6, "漢字…"),
            ("needle", 1, "…"),
            ("needle", 0, ""),
        ] {
            assert_eq!(truncate(text, columns), expected);
        }
    }
}
