//! An entry as it stands in a file or an answer, taken apart again.

use std::borrow::Cow;

/// One entry, borrowed from its JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryLine<'a> {
    /// Its number.
    pub seq: u64,
    /// Name of the service.
    pub service: Text<'a>,
    /// Status of the service when the line was read.
    pub phase: Text<'a>,
    /// `stdout` or `stderr`.
    pub stream: Text<'a>,
    /// The line.
    pub message: Text<'a>,
    /// RFC 3339.
    pub timestamp: Text<'a>,
    /// The next entry of this service and stream continues the line.
    pub partial: bool,
}

/// A string of a JSON object. What needs no unescaping is not copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'a>(Inner<'a>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Inner<'a> {
    /// Between its quotes, without escapes.
    Plain(&'a str),
    /// With its quotes, with escapes.
    Escaped(&'a str),
    /// Read by somebody else.
    Owned(String),
}

impl Text<'_> {
    /// The text itself.
    pub fn decode(&self) -> Cow<'_, str> {
        match &self.0 {
            Inner::Plain(text) => Cow::Borrowed(text),
            Inner::Owned(text) => Cow::Borrowed(text),
            Inner::Escaped(quoted) => {
                Cow::Owned(serde_json::from_str(quoted).unwrap_or_else(|_| (*quoted).to_owned()))
            }
        }
    }
}

impl<'a> EntryLine<'a> {
    /// Takes an object apart. One that looks exactly as ours do costs next to nothing; others
    /// are read as JSON; `None` for what is no entry.
    pub fn parse(object: &'a str) -> Option<Self> {
        Self::parse_ours(object).or_else(|| Self::parse_any(object))
    }

    fn parse_ours(object: &'a str) -> Option<Self> {
        let rest = object.strip_prefix("{\"seq\":")?;
        let (digits, rest) = rest.split_once(',')?;
        let seq = digits.parse().ok()?;
        let (service, rest) = string(rest.strip_prefix("\"service\":")?)?;
        let (phase, rest) = string(rest.strip_prefix(",\"phase\":")?)?;
        let (stream, rest) = string(rest.strip_prefix(",\"stream\":")?)?;
        let (message, rest) = string(rest.strip_prefix(",\"message\":")?)?;
        let (timestamp, rest) = string(rest.strip_prefix(",\"timestamp\":")?)?;
        let partial = match rest {
            "}" | ",\"origin\":\"flowlayer\"}" => false,
            ",\"partial\":true}" => true,
            _ => return None,
        };
        Some(Self {
            seq,
            service,
            phase,
            stream,
            message,
            timestamp,
            partial,
        })
    }

    fn parse_any(object: &str) -> Option<Self> {
        #[derive(serde::Deserialize)]
        struct AsWritten {
            seq: u64,
            service: String,
            phase: String,
            stream: String,
            message: String,
            timestamp: String,
            #[serde(default)]
            partial: bool,
        }
        let entry: AsWritten = serde_json::from_str(object).ok()?;
        let text = |text| Text(Inner::Owned(text));
        Some(Self {
            seq: entry.seq,
            service: text(entry.service),
            phase: text(entry.phase),
            stream: text(entry.stream),
            message: text(entry.message),
            timestamp: text(entry.timestamp),
            partial: entry.partial,
        })
    }
}

/// The string at the beginning of some JSON, and what follows.
fn string(json: &str) -> Option<(Text<'_>, &str)> {
    let inside = json.strip_prefix('"')?;
    let mut at = memchr::memchr2(b'"', b'\\', inside.as_bytes())?;
    if inside.as_bytes()[at] == b'"' {
        return Some((Text(Inner::Plain(&inside[..at])), &inside[at + 1..]));
    }
    while inside.as_bytes()[at] == b'\\' {
        let next = at + 2;
        at = next + memchr::memchr2(b'"', b'\\', inside.as_bytes().get(next..)?)?;
    }
    let (quoted, rest) = json.split_at(at + 2);
    Some((Text(Inner::Escaped(quoted)), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_in_the_reference_are_ours() {
        let reference = include_str!("../../docs/logs.md");
        let examples = reference
            .lines()
            .filter(|line| line.starts_with("{\"seq\""));
        let parsed: Vec<_> = examples.map(EntryLine::parse_ours).collect();
        assert_eq!(parsed.len(), 3);
        assert!(
            parsed
                .iter()
                .flatten()
                .map(|entry| entry.partial)
                .eq([false, true, false])
        );
    }

    proptest! {
        #[test]
        fn what_is_ours_is_read_as_any_json_is(
            seq in 0..1u64 << 53,
            texts in proptest::array::uniform5("\\PC{0,8}|[\"\\\\\u{0}-\u{1f}]{0,8}"),
            partial in proptest::bool::ANY,
        ) {
            let [service, phase, stream, message, timestamp] = &texts;
            let text = |text: &String| serde_json::to_string(text).unwrap();
            let object = format!(
                "{{\"seq\":{seq},\"service\":{},\"phase\":{},\"stream\":{},\"message\":{},\"timestamp\":{}{}}}",
                text(service), text(phase), text(stream), text(message), text(timestamp),
                if partial { ",\"partial\":true" } else { "" },
            );
            let fast = EntryLine::parse_ours(&object).unwrap();
            let slow = EntryLine::parse_any(&object).unwrap();
            prop_assert_eq!((fast.seq, fast.partial), (slow.seq, slow.partial));
            prop_assert_eq!(fast.message.decode(), message.as_str());
            let pairs = [(&fast.service, &slow.service), (&fast.phase, &slow.phase),
                (&fast.stream, &slow.stream), (&fast.timestamp, &slow.timestamp)];
            for (fast, slow) in pairs {
                prop_assert_eq!(fast.decode(), slow.decode());
            }
        }

        #[test]
        fn garbage_is_no_entry_and_no_panic(text in "\\PC{0,40}|[{}\",:a-z\\\\0-9]{0,60}") {
            prop_assert_eq!(EntryLine::parse(&text), None);
            let torn = format!("{{\"seq\":1,\"service\":\"{text}");
            let _ = EntryLine::parse(&torn);
        }
    }
}
