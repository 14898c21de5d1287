//! Entries as JSON objects (docs/logs.md, An entry), fast: everything but the number and the
//! message is the same for a whole batch.

use std::ops::Range;

use super::batch::Batch;
use crate::octets;

/// Appends the entries `range` of a batch, each as one JSON object followed by `after`. `mark` is
/// told the length of `out` after each object, before `after`.
pub(super) fn render(
    batch: &Batch,
    range: Range<usize>,
    after: &[u8],
    out: &mut Vec<u8>,
    mut mark: impl FnMut(usize),
) {
    let mut head = Head::new(batch, range.start);
    let middle = format!("\",\"timestamp\":\"{}\"", batch.timestamp());
    let last = [middle.as_bytes(), b"}", after].concat();
    let continued = [middle.as_bytes(), b",\"partial\":true}", after].concat();
    let plain = !needs_escapes(batch.text());
    out.reserve(batch.text().len() + range.len() * (head.bytes.len() + last.len()));
    for index in range {
        let (message, partial) = batch.line_bytes(index);
        out.extend_from_slice(&head.bytes);
        if plain {
            out.extend_from_slice(message);
        } else {
            escape_into(out, message);
        }
        out.extend_from_slice(if partial { &continued } else { &last });
        mark(out.len() - after.len());
        head.advance();
    }
}

/// `{"seq":41,…,"message":"`: one template, whose number counts up in place.
struct Head {
    bytes: Vec<u8>,
    /// Where the digits end.
    digits_end: usize,
}

const BEFORE_DIGITS: &[u8] = b"{\"seq\":";

impl Head {
    fn new(batch: &Batch, index: usize) -> Self {
        let digits = (batch.first_seq() + index as u64).to_string();
        let rest = format!(
            ",\"service\":{},\"phase\":\"{}\",\"stream\":\"{}\",\"message\":\"",
            batch.tag().json,
            batch.phase().0,
            batch.stream().as_str(),
        );
        Self {
            bytes: [BEFORE_DIGITS, digits.as_bytes(), rest.as_bytes()].concat(),
            digits_end: BEFORE_DIGITS.len() + digits.len(),
        }
    }

    fn advance(&mut self) {
        for at in (BEFORE_DIGITS.len()..self.digits_end).rev() {
            if self.bytes[at] < b'9' {
                self.bytes[at] += 1;
                return;
            }
            self.bytes[at] = b'0';
        }
        self.bytes.insert(BEFORE_DIGITS.len(), b'1');
        self.digits_end += 1;
    }
}

/// Whether any line of a text holds a character that JSON escapes. The line breaks between the
/// entries do not count; a `\r` before one does, although it is not part of the message: the
/// answer may be yes where no would do, never the other way round.
fn needs_escapes(text: &str) -> bool {
    let of_word = |word| {
        let controls = octets::controls(word) & !octets::equal(word, b'\n');
        controls | octets::equal(word, b'"') | octets::equal(word, b'\\')
    };
    octets::found_in(text.as_bytes(), of_word, |byte| {
        is_escaped(byte) && byte != b'\n'
    })
}

const fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Appends the inside of a JSON string, escaped exactly as `serde_json` does.
pub(super) fn escape_into(out: &mut Vec<u8>, text: &[u8]) {
    let mut start = 0;
    for (at, &byte) in text.iter().enumerate() {
        if !is_escaped(byte) {
            continue;
        }
        out.extend_from_slice(&text[start..at]);
        start = at + 1;
        let short = match byte {
            b'"' => b'"',
            b'\\' => b'\\',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0C => b'f',
            _ => {
                let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0') as u8;
                let (high, low) = (digit(byte >> 4), digit(byte & 15));
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', short]);
    }
    out.extend_from_slice(&text[start..]);
}

/// Bytes that were put together from whole strings.
pub(super) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::logs::entry::{Phase, Stream, Tag, Timestamp};
    use crate::logs::lines::Splitter;

    /// One entry as `serde_json` writes it.
    #[derive(serde::Serialize)]
    struct Entry<'a> {
        seq: u64,
        service: &'a str,
        phase: &'a str,
        stream: &'a str,
        message: &'a str,
        timestamp: String,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        partial: bool,
    }

    proptest! {
        #[test]
        fn what_is_escaped_is_found_in_any_place(text in "[ -~é\u{7f}\n]{0,40}", at in 0..40usize, byte in 0..0x80u8) {
            let mut text: Vec<_> = text.chars().filter(|&c| c == '\n' || !is_escaped(u8::try_from(c).unwrap_or(b'a'))).collect();
            prop_assert!(!needs_escapes(&text.iter().collect::<String>()));
            text.insert(at.min(text.len()), char::from(byte));
            let escaped = is_escaped(byte) && byte != b'\n';
            prop_assert_eq!(needs_escapes(&text.iter().collect::<String>()), escaped);
        }

        #[test]
        fn entries_are_what_serde_json_makes_of_them(
            name in "\\PC{0,9}|[\"\\\\\u{0}-\u{1f}]{1,3}",
            text in proptest::collection::vec("\\PC{0,9}|[\"\\\\\u{0}-\u{9}\u{b}-\u{1f}\u{7f}]{0,5}", 1..30),
            first in prop_oneof![1..2000u64, Just(999_999_999_990u64)],
            cut in 0..30usize,
        ) {
            let mut batches = Vec::new();
            let text = text.join("\n") + "\n";
            let long = format!("{}\r\n", "é".repeat(40_000));
            Splitter::default().push((text + &long).as_bytes(), &mut |lines| batches.push(lines));
            for lines in batches {
                let tag = Arc::new(Tag::new(name.as_str().into()));
                let mut batch = Batch::new(0, tag, Stream::Stderr, lines);
                batch.number(first, Phase("ready"), Timestamp(1_735_689_600_120));
                let wanted = batch.lines().map(|(seq, message, partial)| {
                    serde_json::to_string(&Entry {
                        seq,
                        service: &name,
                        phase: "ready",
                        stream: "stderr",
                        message,
                        timestamp: batch.timestamp().to_string(),
                        partial,
                    })
                    .unwrap()
                });
                let wanted: Vec<_> = wanted.collect();
                let rendered = batch.rendered();
                prop_assert_eq!(rendered.entries().collect::<Vec<_>>(), wanted.clone());
                prop_assert_eq!(rendered.as_str(), wanted.join("\n") + "\n");
                let (mut page, mut ends) = (Vec::new(), Vec::new());
                let cut = cut.min(batch.len());
                batch.render_page(cut..batch.len(), &mut page, &mut ends);
                prop_assert_eq!(text_of(page), wanted[cut..].iter().map(|e| e.clone() + ",").collect::<String>());
            }
        }
    }

    fn text_of(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }
}
