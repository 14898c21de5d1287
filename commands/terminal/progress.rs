//! A progress line on standard error, erased at the end.

use std::io::IsTerminal;

use super::wrap::truncate;
use super::{print, sanitize};

/// Only people at a terminal see it; elsewhere it shows nothing.
#[derive(Debug)]
pub(crate) struct Progress {
    /// Whether anybody sees it.
    pub(crate) is_shown: bool,
    line: String,
}

/// Back to the first column, and nothing left of the line.
const CLEAR: &str = "\r\u{1b}[2K";

impl Progress {
    /// Looks whether anybody would see it.
    pub(crate) fn new() -> Self {
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self {
            is_shown: std::io::stderr().is_terminal() && !is_dumb,
            line: String::new(),
        }
    }

    /// Replaces the line.
    pub(crate) fn show(&mut self, text: &str) {
        if !self.is_shown {
            return;
        }
        let columns = crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns));
        let line = fitting(text, columns.saturating_sub(1));
        if line != self.line {
            print::stderr(&format!("{CLEAR}{line}"));
            self.line = line;
        }
    }

    /// Makes room for other text.
    pub(crate) fn clear(&mut self) {
        if !std::mem::take(&mut self.line).is_empty() {
            print::stderr(CLEAR);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The text as one line of at most this many columns.
fn fitting(text: &str, columns: usize) -> String {
    truncate(&sanitize::text(text).replace('\t', " "), columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_line_that_fits() {
        assert_eq!(fitting("waiting for api", 20), "waiting for api");
        assert_eq!(fitting("waiting for api", 10), "waiting f…");
        assert_eq!(fitting("a\tb\u{1b}[2Jc\nd", 20), "a bc d");
        assert_eq!(fitting("", 0), "");
    }
}
