//! What a line has to match.

use regex::bytes::{Regex, RegexBuilder};
use thiserror::Error;

/// A regular expression over messages as people see them: colours and other terminal codes do not
/// count.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    inverted: bool,
}

/// A pattern that is none.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct PatternError(String);

impl Pattern {
    /// Compiles a pattern. `any_case`: upper and lower case are the same; `inverted`: lines that do
    /// not match are wanted.
    pub fn new(pattern: &str, any_case: bool, inverted: bool) -> Result<Self, PatternError> {
        let regex = RegexBuilder::new(pattern)
            .case_insensitive(any_case)
            .build()
            .map_err(|error| PatternError(in_one_line(&error.to_string())))?;
        Ok(Self { regex, inverted })
    }

    /// Whether a message matches.
    pub fn matches(&self, message: &str) -> bool {
        if memchr::memchr(0x1b, message.as_bytes()).is_none() {
            return self.matches_plain(message.as_bytes());
        }
        let plain: String = anstream::adapter::strip_str(message).collect();
        self.matches_plain(plain.as_bytes())
    }

    /// The same for one that is known to hold no terminal codes.
    pub(super) fn matches_plain(&self, message: &[u8]) -> bool {
        self.regex.is_match(message) != self.inverted
    }
}

/// Errors in the syntax come with a picture of several lines; what is wrong is in the last.
fn in_one_line(error: &str) -> String {
    let last = error.lines().next_back().unwrap_or(error);
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_in_one_line() {
        let error = |pattern| Pattern::new(pattern, false, false).unwrap_err().to_string();
        assert_eq!(error("("), "unclosed group");
        assert_eq!(
            error("a{2,1}"),
            "invalid repetition count range, the start must be <= the end"
        );
        assert!(!error("(a{1000}){1000}").contains('\n'));
    }

    #[test]
    fn colors_do_not_count() {
        let pattern = Pattern::new("^error$", false, false).unwrap();
        assert!(pattern.matches("\u{1b}[31merr\u{1b}[0mor"));
        assert!(!pattern.matches("\u{1b}[31merr\u{1b}[0mors"));
    }
}
