//! Where the references of a text are, and what they say.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// What stands in a text for something that is only known when the session starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// `${services.NAME.port}`
    Port(Arc<str>),
    /// `${services.NAME.url}`
    Url(Arc<str>),
    /// `${session.name}`
    SessionName,
    /// `${env.NAME}`, `${env.NAME:-default}`
    Variable {
        /// The name of the variable.
        name: Box<str>,
        /// What it stands for when the variable is unset or empty.
        default: Option<Box<str>>,
    },
    /// `$${`, where that keeps the text behind from being a reference.
    Escape,
}

/// Why something that begins like a reference is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// No `}`.
    #[error("a reference without its `}}`")]
    Unclosed,
    /// `${services.NAME}`.
    #[error("the reference says nothing of what it wants of the service")]
    NoProperty,
    /// `${services.NAME.prt}`, `${session.id}`.
    #[error("a {of} has no {found:?} to refer to")]
    UnknownProperty {
        /// `service` or `session`.
        of: &'static str,
        /// What is asked for.
        found: String,
        /// What there is.
        known: &'static [&'static str],
    },
    /// `${env.}`, `${env.A B}`.
    #[error("{0:?} is no name of a variable")]
    VariableName(String),
    /// The token of the session.
    #[error("FLOWLAYER_TOKEN is the key to the session, and no service gets it")]
    Token,
}

impl ReferenceError {
    /// What to write instead, where that is not a word near the one that was written.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Unclosed => Some("write $$ for the text itself: \"$${env.NAME}\""),
            Self::NoProperty => Some("write ${services.NAME.port} or ${services.NAME.url}"),
            Self::VariableName(_) => Some("write ${env.NAME} or ${env.NAME:-default}"),
            Self::UnknownProperty { .. } | Self::Token => None,
        }
    }
}

/// One reference of a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where it stands, in bytes.
    pub(crate) at: Range<usize>,
    pub(crate) what: Result<Reference, ReferenceError>,
}

const SERVICES: &str = "services.";
const SESSION: &str = "session.";
const ENV: &str = "env.";

/// The references of a text, in its order. Every other `$` is an ordinary character.
pub(crate) fn find(text: &str) -> impl Iterator<Item = Found> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        let found = next(text, from)?;
        from = found.at.end;
        Some(found)
    })
}

fn next(text: &str, from: usize) -> Option<Found> {
    let mut from = from;
    loop {
        let at = from + text[from..].find("${")?;
        let Some(opening) = opening(&text[at + 2..]) else {
            from = at + 2;
            continue;
        };
        let inside = at + 2 + opening.len();
        // Only a `$` that belongs to nothing before it keeps this from being a reference.
        if text[from..at].ends_with('$') {
            let what = Ok(Reference::Escape);
            return Some(Found {
                at: at - 1..inside,
                what,
            });
        }
        return Some(match text[inside..].find('}') {
            Some(length) => Found {
                at: at..inside + length + 1,
                what: read(opening, &text[inside..inside + length]),
            },
            None => Found {
                at: at..text.len() - text[inside..].trim_start_matches(is_inside).len(),
                what: Err(ReferenceError::Unclosed),
            },
        });
    }
}

fn is_inside(c: char) -> bool {
    !c.is_whitespace()
}

fn opening(text: &str) -> Option<&'static str> {
    let mut openings = [SERVICES, SESSION, ENV].into_iter();
    openings.find(|opening| text.starts_with(opening))
}

fn read(opening: &'static str, text: &str) -> Result<Reference, ReferenceError> {
    match opening {
        SERVICES => match text.rsplit_once('.') {
            None | Some(("", _)) => Err(ReferenceError::NoProperty),
            Some((name, "port")) => Ok(Reference::Port(name.into())),
            Some((name, "url")) => Ok(Reference::Url(name.into())),
            Some((_, other)) => Err(unknown("service", other, &["port", "url"])),
        },
        SESSION => match text {
            "name" => Ok(Reference::SessionName),
            other => Err(unknown("session", other, &["name"])),
        },
        _ => variable(text),
    }
}

fn unknown(of: &'static str, found: &str, known: &'static [&'static str]) -> ReferenceError {
    let found = found.to_owned();
    ReferenceError::UnknownProperty { of, found, known }
}

fn variable(text: &str) -> Result<Reference, ReferenceError> {
    let (name, default) = match text.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (text, None),
    };
    let is_name = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_name {
        return Err(ReferenceError::VariableName(name.to_owned()));
    }
    if name == "FLOWLAYER_TOKEN" {
        return Err(ReferenceError::Token);
    }
    Ok(Reference::Variable {
        name: name.into(),
        default: default.map(Into::into),
    })
}

/// The words of a command line, as ranges: split on white space outside of references.
pub(crate) fn words(line: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut begun = None;
    let mut split = |from: usize, to: usize, begun: &mut Option<usize>| {
        for (at, c) in line[from..to].char_indices() {
            let at = from + at;
            if !c.is_whitespace() {
                begun.get_or_insert(at);
            } else if let Some(start) = begun.take() {
                words.push(start..at);
            }
        }
    };
    let mut from = 0;
    for found in find(line) {
        split(from, found.at.start, &mut begun);
        begun.get_or_insert(found.at.start);
        from = found.at.end;
    }
    split(from, line.len(), &mut begun);
    words.extend(begun.map(|start| start..line.len()));
    words
}

/// The text with a letter for each reference: what else is in it.
pub(crate) fn without_references(text: &str) -> Cow<'_, str> {
    if !text.contains("${") {
        return Cow::Borrowed(text);
    }
    let mut rest = String::with_capacity(text.len());
    let mut from = 0;
    for found in find(text) {
        rest.push_str(&text[from..found.at.start]);
        rest.push('x');
        from = found.at.end;
    }
    rest.push_str(&text[from..]);
    Cow::Owned(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> Result<Reference, ReferenceError> {
        let mut found: Vec<_> = find(text).collect();
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        found.remove(0).what
    }

    #[test]
    fn references_are_read() {
        let variable = |name: &str, default: Option<&str>| {
            Ok(Reference::Variable {
                name: name.into(),
                default: default.map(Into::into),
            })
        };
        for (text, expected) in [
            ("${services.api.port}", Ok(Reference::Port("api".into()))),
            (
                "${services.my.api.url}",
                Ok(Reference::Url("my.api".into())),
            ),
            ("x${session.name}y", Ok(Reference::SessionName)),
            ("${env.A_1}", variable("A_1", None)),
            ("${env.A:-}", variable("A", Some(""))),
            ("${env.A:-b c:-d}", variable("A", Some("b c:-d"))),
            ("$${env.A}", Ok(Reference::Escape)),
            ("${services.api}", Err(ReferenceError::NoProperty)),
            ("${services..port}", Err(ReferenceError::NoProperty)),
            ("${env.A x", Err(ReferenceError::Unclosed)),
            ("${env.1}", Err(ReferenceError::VariableName("1".into()))),
            (
                "${env.A-b}",
                Err(ReferenceError::VariableName("A-b".into())),
            ),
            ("${env.FLOWLAYER_TOKEN:-x}", Err(ReferenceError::Token)),
            ("${session.id}", Err(unknown("session", "id", &["name"]))),
        ] {
            assert_eq!(one(text), expected, "{text}");
        }
    }

    #[test]
    fn every_other_dollar_is_a_character() {
        for text in [
            "$",
            "$$",
            "${",
            "$HOME",
            "${HOME}",
            "${HOME:-x}",
            "$(ls)",
            "${environment}",
            "${services}",
            "${Env.A}",
            "$ {env.A}",
            "{env.A}",
            "${#env.A}",
            "pa$$w0rd",
        ] {
            assert_eq!(find(text).count(), 0, "{text}");
        }
    }

    #[test]
    fn a_doubled_dollar_stands_for_the_text_itself() {
        let at = |text: &str| find(text).map(|found| found.at).collect::<Vec<_>>();
        assert_eq!(at("$$${env.A}"), vec![1..8; 1]);
        assert_eq!(at("$${env.A}${env.B}"), [0..7, 9..17]);
        assert_eq!(at("${env.A}${env.B}"), [0..8, 8..16]);
    }

    #[test]
    fn white_space_in_a_reference_does_not_split_a_command() {
        let split = |line: &str| {
            words(line)
                .into_iter()
                .map(|at| line[at].to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            split(" run --a=${env.A:-b c}d  ${services.my api.port} e"),
            ["run", "--a=${env.A:-b c}d", "${services.my api.port}", "e"]
        );
        assert_eq!(
            split("a ${A:-b c} ${env.A b"),
            ["a", "${A:-b", "c}", "${env.A", "b"]
        );
        assert!(split(" \t").is_empty());
    }

    proptest! {
        #[test]
        fn what_is_found_is_in_the_text_and_in_order(text in "([$]|[{}. :-]|env|A|services|é){0,30}") {
            let mut end = 0;
            for found in find(&text) {
                prop_assert!(found.at.start >= end && found.at.end > found.at.start);
                prop_assert!(text[found.at.clone()].starts_with('$'));
                end = found.at.end;
            }
            prop_assert!(end <= text.len());
        }

        #[test]
        fn a_command_without_references_is_split_on_white_space(text in "[$a-z{} \u{a0}é]{0,20}") {
            let split: Vec<_> = words(&text).into_iter().map(|at| text[at].to_owned()).collect();
            prop_assert_eq!(split, text.split_whitespace().collect::<Vec<_>>());
        }
    }
}
