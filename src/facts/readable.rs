//! Texts of others (names, paths) within a line for people.

use std::path::Path;

/// A character that takes one or two columns and does nothing to the terminal.
pub fn picture(c: char) -> char {
    match c {
        '\t' => ' ',
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        c if c.is_control() || is_invisible(c) => '\u{fffd}',
        c => c,
    }
}

/// Characters that turn the direction of text, join, hide or end lines: a reader would not see what
/// the file says.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A path in a message: a line end in it does not end the line.
pub fn shown_path(path: &Path) -> String {
    readable(&path.to_string_lossy())
}

/// Text in a message, such as a name: safe for the terminal and on one line.
pub fn readable(text: &str) -> String {
    text.chars().map(picture).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_path_ends_the_line_or_steers_the_terminal() {
        let path = Path::new("a\nb\u{1b}[2J\u{9b}\u{202e}é/x");
        assert_eq!(shown_path(path), "a␊b␛[2J\u{fffd}\u{fffd}é/x");
    }
}
