//! What a search needs of a line, without taking it apart.

/// The parts of a line that is exactly as ours are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Glance<'a> {
    pub(super) stream: &'a [u8],
    /// Between its quotes, as it stands.
    pub(super) message: &'a [u8],
    /// Whether the message has escapes.
    pub(super) is_escaped: bool,
    /// RFC 3339, always of the same length and in UTC: as text it sorts as the times do.
    pub(super) timestamp: &'a [u8],
}

const BEFORE_TIME: &[u8] = b"\",\"timestamp\":\"";
const TIME: usize = b"2025-03-01T09:21:11.482Z".len();
/// How a line can end.
const AFTER_TIME: [&[u8]; 3] = [
    b"\"}",
    b"\",\"partial\":true}",
    b"\",\"origin\":\"flowlayer\"}",
];

impl<'a> Glance<'a> {
    /// `None` for a line that is not exactly as ours are, which may still be an entry.
    pub(super) fn at(line: &'a [u8]) -> Option<Self> {
        let (rest, timestamp) = split_time(line)?;
        let rest = rest.strip_prefix(b"{\"seq\":")?;
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let rest = rest[digits..].strip_prefix(b",\"service\":\"")?;
        let rest = skip_string(rest)?;
        let (_, rest) = word(rest.strip_prefix(b",\"phase\":\"")?)?;
        let (stream, rest) = word(rest.strip_prefix(b",\"stream\":\"")?)?;
        let message = rest.strip_prefix(b",\"message\":\"")?;
        let is_escaped = match memchr::memchr2(b'"', b'\\', message) {
            None => false,
            Some(at) if message[at] == b'\\' => true,
            // A quote without a backslash: two lines that ran into each other.
            Some(_) => return None,
        };
        Some(Self {
            stream,
            message,
            is_escaped,
            timestamp,
        })
    }
}

/// The timestamp of a line that ends as ours do.
pub(super) fn timestamp(line: &[u8]) -> Option<&[u8]> {
    Some(split_time(line)?.1)
}

/// What comes before the end of the message, and the timestamp.
fn split_time(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let before = |end: &[u8]| {
        let rest = line.strip_suffix(end)?;
        let (rest, time) = rest.split_at_checked(rest.len().checked_sub(TIME)?)?;
        let is_time = time.ends_with(b"Z") && time[0].is_ascii_digit() && time[10] == b'T';
        let rest = rest.strip_suffix(BEFORE_TIME)?;
        is_time.then_some((rest, time))
    };
    AFTER_TIME.iter().find_map(|end| before(end))
}

/// A string without escapes, after its first quote, and what follows its last one.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().take(16).position(|byte| *byte == b'"')?;
    Some((&text[..end], &text[end + 1..]))
}

/// What follows a string, after its first quote.
fn skip_string(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        let at = memchr::memchr2(b'"', b'\\', text)?;
        if text[at] == b'"' {
            return Some(&text[at + 1..]);
        }
        text = text.get(at + 2..)?;
    }
}

/// A message as it was before it was escaped; `None` for what is no string of JSON.
pub(super) fn unescape<'a>(message: &[u8], out: &'a mut String) -> Option<&'a str> {
    out.clear();
    // What is copied below is whole characters exactly when all of it is.
    let mut rest = std::str::from_utf8(message).ok()?;
    while let Some(at) = memchr::memchr2(b'\\', b'"', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        if rest.as_bytes()[at] == b'"' {
            return None;
        }
        let escaped = *rest.as_bytes().get(at + 1)?;
        let (character, length) = match escaped {
            b'"' | b'\\' | b'/' => (char::from(escaped), 2),
            b'n' => ('\n', 2),
            b'r' => ('\r', 2),
            b't' => ('\t', 2),
            b'b' => ('\u{8}', 2),
            b'f' => ('\u{c}', 2),
            b'u' => {
                let digits = rest.get(at + 2..at + 6)?;
                let code = u32::from_str_radix(digits, 16).ok()?;
                match char::from_u32(code) {
                    Some(character) => (character, 6),
                    // Half of a pair: others write them, we do not.
                    None => return unescape_all(message, out),
                }
            }
            _ => return None,
        };
        out.push(character);
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    Some(out)
}

#[cold]
fn unescape_all<'a>(message: &[u8], out: &'a mut String) -> Option<&'a str> {
    let quoted = [b"\"", message, b"\""].concat();
    *out = serde_json::from_slice(&quoted).ok()?;
    Some(out)
}
