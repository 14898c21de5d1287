//! The level of a line, read from what it says (docs/logs.md, Levels).

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use regex::bytes::Regex;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// How serious a line is, the least serious first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// `trace`
    Trace,
    /// `debug`
    Debug,
    /// `info`
    Info,
    /// `warn`
    Warn,
    /// `error`, and what is worse
    Error,
}

impl Level {
    /// All levels, the least serious first.
    pub const ALL: [Self; 5] = [
        Self::Trace,
        Self::Debug,
        Self::Info,
        Self::Warn,
        Self::Error,
    ];

    /// The level of a message: that of its JSON object, of its `level=` pair, or of a level word near its
    /// beginning. `None` if it has none.
    pub fn of(message: &str) -> Option<Self> {
        if memchr::memchr(0x1b, message.as_bytes()).is_none() {
            return Self::of_plain(message.as_bytes());
        }
        let plain: String = anstream::adapter::strip_str(message).collect();
        Self::of_plain(plain.as_bytes())
    }

    /// Whether the level of a message is [`Self::Error`]. Costs next to nothing where it cannot be.
    pub fn is_error(message: &str) -> bool {
        may_be_error(message) && Self::of(message) == Some(Self::Error)
    }

    /// The same for a message without terminal codes.
    pub(in crate::logs) fn of_plain(message: &[u8]) -> Option<Self> {
        let message = message.trim_ascii_start();
        if message.first() == Some(&b'{')
            && let Ok(object) = serde_json::from_slice::<LevelOfObject>(message)
        {
            return object.0;
        }
        if let Some(found) = PAIR.captures(&message[..message.len().min(PAIR_WITHIN)]) {
            return Self::named(&found[1]);
        }
        let beginning = &message[..message.len().min(WORD_WITHIN)];
        if let Some(found) = WORD.captures(beginning) {
            let word = found.iter().skip(1).flatten().next()?;
            return Self::named(word.as_bytes());
        }
        FAILURE.is_match(beginning).then_some(Self::Error)
    }

    /// The level that a word or a number stands for.
    fn named(word: &[u8]) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        let names: [(Self, &[&str]); 5] = [
            (Self::Trace, &["trace", "trc", "verbose", "10"]),
            (Self::Debug, &["debug", "dbg", "d", "20"]),
            (
                Self::Info,
                &["info", "inf", "information", "notice", "log", "i", "30"],
            ),
            (Self::Warn, &["warn", "warning", "wrn", "w", "40"]),
            (
                Self::Error,
                &[
                    "error",
                    "err",
                    "eror",
                    "fatal",
                    "ftl",
                    "critical",
                    "crit",
                    "panic",
                    "severe",
                    "alert",
                    "emerg",
                    "emergency",
                    "e",
                    "f",
                    "50",
                    "60",
                ],
            ),
        ];
        let is_named =
            |(_, names): &&(Self, &[&str])| names.iter().any(|name| name.as_bytes() == word);
        names.iter().find(is_named).map(|(level, _)| *level)
    }
}

/// How far into a line a `level=` pair, and a level word, may be.
const PAIR_WITHIN: usize = 512;
const WORD_WITHIN: usize = 80;

/// Whether the message has anything in it that the level of an error is read from.
fn may_be_error(message: &str) -> bool {
    if memchr::memchr(0x1b, message.as_bytes()).is_none() {
        return hints_at_error(message.as_bytes());
    }
    let mut beginning = String::new();
    for plain in anstream::adapter::strip_str(message) {
        if beginning.is_empty() {
            beginning.push_str(plain.trim_ascii_start());
        } else {
            beginning.push_str(plain);
        }
        if beginning.len() >= PAIR_WITHIN {
            break;
        }
    }
    hints_at_error(beginning.as_bytes())
}

/// The same for a message without terminal codes, of which the beginning is enough.
fn hints_at_error(message: &[u8]) -> bool {
    let message = message.trim_ascii_start();
    message.first() == Some(&b'{')
        || ERROR_HINT.is_match(&message[..message.len().min(WORD_WITHIN)])
        || PAIR_HINT.is_match(&message[..message.len().min(PAIR_WITHIN)])
}

/// What every match of [`PAIR`] contains.
static PAIR_HINT: LazyLock<Regex> = LazyLock::new(|| regex("(?-u)level=|lvl=|severity="));

/// What [`WORD`] and [`FAILURE`] find in the line of an error.
static ERROR_HINT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        "(?i-u)^[ef][0-9]{4} |err|fatal|ftl|crit|panic|severe|alert|emerg|exception|traceback|uncaught",
    )
});

/// A pair as logfmt has it.
static PAIR: LazyLock<Regex> = LazyLock::new(|| {
    regex(r#"(?-u)(?:^|[\s,])(?:level|lvl|severity)="?([A-Za-z0-9]+)"?(?:$|[\s,])"#)
});

/// A level word in capitals, in any case if it is marked as one by what surrounds it, or the letter with which
/// a line of klog begins.
static WORD: LazyLock<Regex> = LazyLock::new(|| {
    regex(concat!(
        r"(?-u)^([IWEF])\d{4} \d\d:|",
        r#"(?:^|[\s\[(<|:="'])(?:"#,
        "(TRACE|TRC|VERBOSE|DEBUG|DBG|INFO|INF|NOTICE|LOG|WARN|WARNING|WRN|ERROR|ERR|FATAL|FTL|CRITICAL|CRIT|PANIC|SEVERE|ALERT|EMERG)",
        r#"(?:$|[\s\])>|:,!"'\-])|"#,
        r"((?i:trace|verbose|debug|info|notice|warn|warning|error|err|fatal|critical|crit|panic|severe))",
        r"(?:[\])>|:]|\[E\d))",
    ))
});

/// How uncaught exceptions begin.
static FAILURE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?-u)^Traceback \(most recent call last\)|^thread '.*panicked at|^Uncaught |^[A-Za-z.]*(?:Error|Exception): ",
    )
});

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant expression")
}

/// The keys under which a level is looked for.
const KEYS: [&str; 4] = ["level", "severity", "lvl", "log.level"];

/// The level of a JSON object; the other fields are skipped.
struct LevelOfObject(Option<Level>);

impl<'de> Deserialize<'de> for LevelOfObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = LevelOfObject;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut level = None;
                while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    if level.is_none() && KEYS.contains(&&*key) {
                        let value: serde_json::Value = map.next_value()?;
                        level = match &value {
                            serde_json::Value::String(word) => Level::named(word.as_bytes()),
                            serde_json::Value::Number(number) => {
                                Level::named(number.to_string().as_bytes())
                            }
                            _ => None,
                        };
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(LevelOfObject(level))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        })
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL
            .into_iter()
            .find(|level| level.to_string() == text);
        found.ok_or_else(|| "it is none of trace, debug, info, warn, error".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The page reads levels by the same rules: one table of cases tests both.
    #[test]
    fn the_cases_of_the_page_hold() {
        let cases: Vec<(String, Option<String>)> =
            serde_json::from_str(include_str!("level.json")).unwrap();
        assert!(cases.len() > 40);
        for (message, level) in cases {
            let found = Level::of(&message).map(|level| level.to_string());
            assert_eq!(found, level, "{message}");
            let is_error = level.as_deref() == Some("error");
            assert_eq!(Level::is_error(&message), is_error, "{message}");
        }
    }

    #[test]
    fn a_deep_object_and_a_long_line_are_no_trouble() {
        let deep = format!("{}{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
        assert_eq!(Level::of(&deep), None);
        let long = format!(r#"{{"text":"{}","level":"warn"}}"#, "x".repeat(1_000_000));
        assert_eq!(Level::of(&long), Some(Level::Warn));
    }

    /// Lines of whatever makes a level, and of what is around it.
    fn line() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            Just("\u{1b}[31m".to_owned()),
            Just("\u{1b}[0m".to_owned()),
            "[ \\[\\]:|=\"'<>{},-]{1,3}",
            "(?i:error|err|fatal|ftl|crit|critical|panic|severe|alert|emerg|warn|info)",
            "(level|lvl|severity|[EFW])(=|\":\")?(error|e|f|50|60|warn)?",
            "[EFIW][0-9]{4} [0-9]{2}:",
            "Traceback \\(most recent call last\\)|thread '.*panicked at|Uncaught |KeyError: ",
            "[a-z ]{0,90}",
        ];
        prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn every_line_has_a_level_or_none(message in any::<String>()) {
            let _ = Level::of(&message);
        }

        #[test]
        fn no_error_is_passed_over(message in prop_oneof![line(), any::<String>()]) {
            let is_error = Level::of(&message) == Some(Level::Error);
            prop_assert_eq!(Level::is_error(&message), is_error);
        }

        #[test]
        fn colours_make_no_difference(word in "[a-zA-Z\\[\\]: ]{0,20}") {
            let coloured = format!("\u{1b}[1;31m{word}\u{1b}[0m");
            prop_assert_eq!(Level::of(&coloured), Level::of(&word));
        }
    }
}
