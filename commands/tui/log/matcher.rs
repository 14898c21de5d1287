//! What the user searches for: plain text or a regular expression.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::item::Item;
use crate::terminal::sanitize::text;

/// A compiled filter or search. Without capitals it does not care about case.
#[derive(Debug, Clone)]
pub(crate) struct Matcher {
    regex: Regex,
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.regex.as_str() == other.regex.as_str()
    }
}

impl Eq for Matcher {}

impl Matcher {
    /// Compiles the typed pattern; the error is one line.
    pub(crate) fn new(text: &str, is_regex: bool) -> Result<Self, String> {
        let pattern = if is_regex {
            text.to_owned()
        } else {
            regex::escape(text)
        };
        RegexBuilder::new(&pattern)
            .case_insensitive(!text.chars().any(char::is_uppercase))
            .size_limit(1 << 20)
            .build()
            .map(|regex| Self { regex })
            .map_err(|error| {
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default();
                last.trim_start_matches("error: ").to_owned()
            })
    }

    /// Whether the text contains it.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// Whether the visible text of the item matches, without colours and escapes.
    pub(crate) fn matches(&self, item: &Item) -> bool {
        self.is_match(&text(item.raw()))
    }

    /// Where it is in the text, in bytes; empty matches left out.
    pub(crate) fn ranges(&self, text: &str) -> Vec<Range<usize>> {
        self.regex
            .find_iter(text)
            .map(|found| found.range())
            .filter(|range| !range.is_empty())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::line;
    use super::*;

    #[test]
    fn plain_text_takes_every_character() {
        let matcher = Matcher::new("a.b[(", false).unwrap();
        assert!(matcher.is_match("xa.b[(y") && !matcher.is_match("axb"));
    }

    #[test]
    fn case_counts_once_a_capital_is_typed() {
        assert!(Matcher::new("error", false).unwrap().is_match("ERROR"));
        assert!(!Matcher::new("Error", false).unwrap().is_match("error"));
    }

    #[test]
    fn colors_do_not_hide_a_match() {
        let item = line(1, "a", "GET \u{1b}[32m/hea\u{1b}[0mlth");
        assert!(Matcher::new("/health", false).unwrap().matches(&item));
    }

    #[test]
    fn a_broken_expression_says_why_in_one_line() {
        let error = Matcher::new("(", true).unwrap_err();
        assert_eq!(error, "unclosed group");
        assert!(Matcher::new("(a|b)+$", true).unwrap().is_match("xab"));
    }
}
