//! Walks over text that the grammar has accepted, or is about to look at.

use super::spelling::{Spelling, Spellings};

/// A place in the text.
///
/// Its methods skip what the grammar skips. Before text that the grammar refuses they stop somewhere
/// sensible; they never go backwards and never past the end.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) spellings: Spellings,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            spellings: Spellings::default(),
        }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn peek_byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn note(&mut self, spelling: Spelling, from: usize) {
        self.spellings.note(spelling, from..self.at);
    }

    /// White space and comments, up to an unclosed comment.
    pub(super) fn skip_trivia(&mut self) {
        loop {
            match self.peek_byte() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => {
                    self.skip_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'));
                }
                Some(b'/') => {
                    let Some(length) = comment_length(self.rest()) else {
                        return;
                    };
                    self.at += length;
                }
                Some(0x0b | 0x0c | 0x80..) => {
                    let Some(space) = self.peek().filter(|&c| json5::char::is_json5_whitespace(c))
                    else {
                        return;
                    };
                    let from = self.at;
                    self.at += space.len_utf8();
                    self.note(Spelling::WhiteSpace, from);
                }
                _ => return,
            }
        }
    }

    /// Trivia around at most one of this character; whether it was there.
    pub(super) fn skip_around(&mut self, separator: u8) -> bool {
        self.skip_trivia();
        let there = self.peek_byte() == Some(separator);
        if there {
            self.at += 1;
            self.skip_trivia();
        }
        there
    }

    /// A string, from its opening to its closing quote.
    pub(super) fn skip_string(&mut self) {
        let from = self.at;
        let Some(quote @ (b'"' | b'\'')) = self.peek_byte() else {
            return;
        };
        self.at += 1;
        while let Some(byte) = self.peek_byte() {
            self.at += 1;
            match byte {
                b'\\' => self.skip_escape(),
                0..0x20 => self.note(Spelling::ControlCharacter, self.at - 1),
                _ if byte == quote => break,
                _ => {}
            }
        }
        if quote == b'\'' {
            self.note(Spelling::SingleQuotes, from);
        }
    }

    /// A string whose text the grammar found in one piece: it has no escapes in it.
    pub(super) fn skip_plain_string(&mut self, text: &str) {
        if self.peek_byte() != Some(b'"') || text.bytes().any(|byte| byte < 0x20) {
            return self.skip_string();
        }
        self.at += text.len() + 2;
    }

    /// What follows a backslash.
    fn skip_escape(&mut self) {
        let from = self.at - 1;
        let Some(escaped) = self.peek() else { return };
        self.at += escaped.len_utf8();
        match escaped {
            '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' | 'u' => {}
            '\r' if self.peek_byte() == Some(b'\n') => {
                self.at += 1;
                self.note(Spelling::LineContinuation, from);
            }
            c if json5::char::is_json5_line_terminator(c) => {
                self.note(Spelling::LineContinuation, from);
            }
            _ => self.note(Spelling::Escape, from),
        }
    }

    /// A key: a string or a bare name.
    pub(super) fn skip_key(&mut self) {
        if matches!(self.peek_byte(), Some(b'"' | b'\'')) {
            return self.skip_string();
        }
        let from = self.at;
        // A name ends where none of its characters stands; `\uXXXX` stands for one of them.
        let in_name = |c: char| c == '\\' || json5::char::is_json5_identifier(c);
        let rest = self.rest();
        self.at += rest.find(|c| !in_name(c)).unwrap_or(rest.len());
        self.note(Spelling::UnquotedKey, from);
    }

    /// A word that must be there: `null`, `true` or `false`. What follows it may look like more of
    /// it (`nullnull`), but is not.
    pub(super) fn skip_word(&mut self, word: &str) {
        if self.rest().starts_with(word) {
            self.at += word.len();
        }
    }

    pub(super) fn skip_number(&mut self) {
        let from = self.at;
        let signed = matches!(self.peek_byte(), Some(b'+' | b'-'));
        self.at += usize::from(signed);
        let digits = self.rest().as_bytes();
        match (digits.first(), digits.get(1)) {
            (Some(word @ (b'I' | b'N')), _) => {
                self.skip_word(if *word == b'I' { "Infinity" } else { "NaN" });
                self.note(Spelling::NotFinite, from);
            }
            (Some(b'0'), Some(b'x' | b'X')) => {
                self.at += 2;
                self.skip_while(|b| b.is_ascii_hexdigit());
                self.note(Spelling::Hexadecimal, from);
            }
            // The grammar ends a number after a 0 that neither a point nor an exponent follows.
            (Some(b'0'), next) if !matches!(next, Some(b'.' | b'e' | b'E')) => self.at += 1,
            _ => self.skip_decimal(from),
        }
        if self.text.as_bytes()[from] == b'+' {
            self.note(Spelling::PlusSign, from);
        }
    }

    fn skip_decimal(&mut self, from: usize) {
        let digits = self.at;
        self.skip_while(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
        let written = &self.text.as_bytes()[digits..self.at];
        let point = written.iter().position(|&b| b == b'.');
        let digit_at = |at: Option<usize>| {
            let byte = at.and_then(|at| written.get(at));
            byte.is_some_and(u8::is_ascii_digit)
        };
        if point.is_some_and(|at| !digit_at(at.checked_sub(1)) || !digit_at(Some(at + 1))) {
            self.note(Spelling::DecimalPoint, from);
        }
    }

    /// One character that must be there: an opening or closing bracket.
    pub(super) fn skip_bracket(&mut self, bracket: u8) {
        self.at += usize::from(self.peek_byte() == Some(bracket));
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        let rest = self.rest().as_bytes();
        let length = rest.iter().position(|&b| !wanted(b)).unwrap_or(rest.len());
        self.at += length;
    }
}

/// The length of the comment that a text begins with; `None` when it is unclosed or no comment.
fn comment_length(text: &str) -> Option<usize> {
    if let Some(comment) = text.strip_prefix("//") {
        let end = comment.find(json5::char::is_json5_line_terminator);
        Some(2 + end.unwrap_or(comment.len()))
    } else {
        let comment = text.strip_prefix("/*")?;
        Some(2 + comment.find("*/")? + 2)
    }
}
