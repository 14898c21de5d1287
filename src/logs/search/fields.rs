//! The fields that a search needs, found without parsing the whole line.

/// Fields of a line that is formatted exactly as we write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fields<'a> {
    pub(super) stream: &'a [u8],
    /// Without its quotes, still escaped.
    pub(super) message: &'a [u8],
    pub(super) is_escaped: bool,
    /// RFC 3339 in UTC, always of the same length: texts sort as times do.
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

impl<'a> Fields<'a> {
    /// `None` for a line in another format, which may still be an entry.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
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

/// The message of an escaped one; `None` if it is not a JSON string.
pub(super) fn unescape(message: &[u8]) -> Option<String> {
    serde_json::from_slice(&[b"\"", message, b"\""].concat()).ok()
}
