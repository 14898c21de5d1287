//! What the grammar refuses, in words and with a place.

use json5::{Error, ErrorCode, Position};

use super::cursor::Cursor;
use super::failure::Failure;
use crate::config::code::Code;
use crate::config::quote::quote;

/// Words an error of the grammar. The cursor is where the last value or key that was accepted ends,
/// or where the one that was refused begins; `open` is where the unclosed brackets are.
pub(super) fn failure(error: &Error, cursor: &mut Cursor<'_>, open: &[usize]) -> Failure {
    // At the end of the text the grammar gives no place, or that of the bracket which is open.
    let place = error.position().filter(|_| !is_about_end(error));
    let at = place.map(|place| offset(cursor.text, place));
    let scene = Scene {
        text: cursor.text,
        token: cursor.at,
        ahead: {
            skip_punctuation(cursor);
            cursor.at
        },
        at: at.unwrap_or(cursor.text.len()),
        open: open.last().copied(),
    };
    scene.describe(error)
}

fn is_about_end(error: &Error) -> bool {
    use ErrorCode as E;
    matches!(
        error.code(),
        Some(
            E::EofParsingArray
                | E::EofParsingBool
                | E::EofParsingComment
                | E::EofParsingEscapeSequence
                | E::EofParsingIdentifier
                | E::EofParsingNull
                | E::EofParsingNumber
                | E::EofParsingObject
                | E::EofParsingString
                | E::EofParsingValue
        )
    )
}

/// Over everything between two tokens.
fn skip_punctuation(cursor: &mut Cursor<'_>) {
    while cursor.skip_around(b',') || cursor.skip_around(b':') {}
}

struct Scene<'a> {
    text: &'a str,
    /// Where the cursor stood.
    token: usize,
    /// The next thing from there that is neither trivia nor punctuation.
    ahead: usize,
    /// Where the grammar stopped.
    at: usize,
    /// The innermost unclosed bracket.
    open: Option<usize>,
}

impl Scene<'_> {
    fn describe(&self, error: &Error) -> Failure {
        use ErrorCode as E;
        match error.code() {
            Some(E::EofParsingComment) => self.from(self.ahead, "the comment is not closed"),
            Some(E::ExpectedComment) => self
                .one(self.ahead, "a lone `/` means nothing here")
                .with_help("comments are written // or /* */"),
            Some(E::LineTerminatorInString) => {
                self.span(self.token, self.at, "the string is not closed on its line")
            }
            Some(E::EofParsingString | E::EofParsingEscapeSequence) => {
                self.from(self.token, "the string is not closed")
            }
            Some(E::InvalidEscapeSequence) => self.one(
                self.at,
                "a backslash must be followed by one of \"\\/bfnrt or uXXXX",
            ),
            Some(E::LeadingZero) => self.word(self.at, "a number cannot begin with 0"),
            Some(E::OverflowParsingNumber) => self.word(self.token, "the number is too large"),
            Some(E::TrailingCharacters) => self
                .one(self.ahead, "there is more after the end of the config")
                .with_help("a config is one object: { … }"),
            Some(E::EofParsingValue) if self.open.is_none() => self
                .one(self.at, "there is no config in it")
                .with_help("a config is one object: { \"services\": { … } }"),
            _ if self.at >= self.text.len() => self.end_of_file(),
            Some(E::ExpectedComma | E::ExpectedClosingBrace | E::ExpectedClosingBracket) => {
                let expected = format!("expected `,` or `{}` here", self.closing());
                let failure = self.one(self.at, expected);
                match self.next() {
                    // The next member or item begins.
                    Some('"') => failure.with_help("a comma is missing before this"),
                    _ => failure,
                }
            }
            Some(E::ExpectedColon) => self.one(self.at, "expected `:` after the key"),
            Some(E::ExpectedIdentifier) => self.key(),
            Some(E::ExpectedNull | E::ExpectedBool) => self.unknown_word(self.token),
            Some(E::ExpectedValue | E::ExpectedNumber) => self.value(),
            _ => self.word(self.at, message(error)),
        }
    }

    fn end_of_file(&self) -> Failure {
        let end = self.one(self.text.len(), "the file ends too early");
        match self.open {
            Some(open) => Failure {
                help: Some(format!("close it with `{}`", self.closing())),
                related: Some((open..open + 1, "this is not closed")),
                ..end
            },
            None => end,
        }
    }

    fn key(&self) -> Failure {
        match self.next() {
            Some(',') => self.one(self.at, "there is a comma too many here"),
            _ => self
                .word(
                    self.at,
                    format!("expected a key or `{}` here", self.closing()),
                )
                .with_help("write keys in double quotes: \"services\""),
        }
    }

    fn value(&self) -> Failure {
        match self.next() {
            Some(',') => self.one(self.at, "a value is missing before this comma"),
            Some('}' | ']' | ')') => self.one(self.at, "a value is missing before this bracket"),
            Some(c) if c.is_alphanumeric() => self.unknown_word(self.at),
            _ => self.word(self.at, "expected a value here"),
        }
    }

    fn unknown_word(&self, start: usize) -> Failure {
        let end = self.word_end(start);
        let word = quote(&self.text[start..end]);
        let failure = self.span(start, end, format!("{word} is not a value"));
        let help = match self.text[start..end].to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => "write true",
            "false" | "no" | "off" => "write false",
            "null" | "none" | "nil" | "undefined" => "leave the field out",
            _ => "write text in double quotes",
        };
        failure.with_help(help)
    }

    fn next(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    /// What would close the innermost bracket.
    fn closing(&self) -> char {
        let open = self.open.and_then(|at| self.text.as_bytes().get(at));
        if open == Some(&b'[') { ']' } else { '}' }
    }

    fn word_end(&self, start: usize) -> usize {
        let rest = &self.text[start..];
        let in_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '+');
        let length = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
        start + length.max(rest.chars().next().map_or(0, char::len_utf8))
    }

    fn word(&self, start: usize, message: impl Into<String>) -> Failure {
        self.span(start, self.word_end(start), message)
    }

    fn one(&self, start: usize, message: impl Into<String>) -> Failure {
        let first = self.text[start..].chars().next();
        self.span(start, start + first.map_or(0, char::len_utf8), message)
    }

    /// All that follows; the diagnostic shows only its first line.
    fn from(&self, start: usize, message: impl Into<String>) -> Failure {
        self.span(start, self.text.len(), message)
    }

    #[expect(
        clippy::unused_self,
        reason = "it reads as one family with the methods above"
    )]
    fn span(&self, start: usize, end: usize, message: impl Into<String>) -> Failure {
        Failure {
            code: Code::Syntax,
            span: start..end,
            message: message.into(),
            help: None,
            related: None,
        }
    }
}

/// The grammar's own words, without the place it adds.
fn message(error: &Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// The offset of a place as the grammar counts it: from 0, `\r\n` and the Unicode separators being
/// line ends too.
fn offset(text: &str, place: Position) -> usize {
    let mut lines_left = place.line;
    let mut columns_left = place.column;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if lines_left == 0 {
            if columns_left == 0 {
                return at;
            }
            columns_left -= 1;
        } else if json5::char::is_json5_line_terminator(c) {
            if c == '\r' && chars.peek().is_some_and(|&(_, next)| next == '\n') {
                chars.next();
            }
            lines_left -= 1;
        }
    }
    text.len()
}
