//! Whether our own output has colour (docs/cli.md, Colour), and the few styles it uses.

use std::ffi::OsStr;
use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};

/// `Error:`.
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();

/// For each stream, whether ANSI codes of our own may go there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colors {
    /// Standard output.
    pub(crate) stdout: bool,
    /// Standard error.
    pub(crate) stderr: bool,
}

impl Colors {
    /// Reads the environment and the streams, once per run.
    pub(crate) fn detect(no_color_flag: bool) -> Self {
        let no_color = std::env::var_os("NO_COLOR");
        let term = std::env::var_os("TERM");
        let allowed = |is_terminal| {
            allowed(
                no_color_flag,
                no_color.as_deref(),
                term.as_deref(),
                is_terminal,
            )
        };
        Self {
            stdout: allowed(std::io::stdout().is_terminal()),
            stderr: allowed(std::io::stderr().is_terminal()),
        }
    }
}

/// `--no-color`, a non-empty `NO_COLOR`, a stream that is no terminal, or one that says it
/// understands no codes (`TERM=dumb`): no colour.
fn allowed(
    no_color_flag: bool,
    no_color: Option<&OsStr>,
    term: Option<&OsStr>,
    is_terminal: bool,
) -> bool {
    !no_color_flag
        && no_color.is_none_or(OsStr::is_empty)
        && term.is_none_or(|term| term != "dumb")
        && is_terminal
}

/// The text in a style, or unchanged.
pub(crate) fn paint(style: Style, text: &str, colored: bool) -> String {
    if colored {
        format!("{style}{text}{style:#}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn color_needs_a_terminal_and_nobody_against_it() {
        let set = |value: &'static str| Some(OsStr::new(value));
        assert!(allowed(false, None, set("xterm"), true));
        assert!(allowed(false, None, None, true));
        assert!(
            allowed(false, set(""), set("xterm"), true),
            "an empty NO_COLOR says nothing"
        );
        assert!(!allowed(true, None, set("xterm"), true));
        assert!(!allowed(false, set("1"), set("xterm"), true));
        assert!(
            !allowed(false, set("0"), set("xterm"), true),
            "any value counts"
        );
        assert!(!allowed(false, None, set("xterm"), false));
        assert!(!allowed(false, None, set("dumb"), true));
    }
}
