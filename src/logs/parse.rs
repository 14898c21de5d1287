//! An entry read from a file or an answer.

use std::borrow::Cow;

use serde::Deserialize;

/// One entry, borrowed from its JSON object where nothing needs unescaping.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct EntryLine<'a> {
    /// Its number.
    pub seq: u64,
    /// Name of the service.
    #[serde(borrow)]
    pub service: Cow<'a, str>,
    /// `stdout` or `stderr`.
    #[serde(borrow)]
    pub stream: Cow<'a, str>,
    /// The line.
    #[serde(borrow)]
    pub message: Cow<'a, str>,
    /// RFC 3339.
    #[serde(borrow)]
    pub timestamp: Cow<'a, str>,
}

impl<'a> EntryLine<'a> {
    /// Reads an object; `None` if it is not an entry.
    pub fn parse(object: &'a str) -> Option<Self> {
        serde_json::from_str(object).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_in_the_reference_are_entries() {
        let reference = include_str!("../../docs/logs.md");
        let examples = reference
            .lines()
            .filter(|line| line.starts_with("{\"seq\""));
        let parsed: Vec<_> = examples.filter_map(EntryLine::parse).collect();
        assert_eq!(parsed.len(), 3);
        assert!(matches!(parsed[0].message, Cow::Borrowed(_)));
    }
}
