//! How a subcommand ends when it does not succeed, split by what the person sees.

use crate::exit::Exit;
use crate::terminal::color;

/// Ends a subcommand early.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The command line does not make sense: `Error: <message>`, a blank line and the help of the
    /// subcommand on stderr, exit 2.
    Usage(String),
    /// A file that the command line names cannot be read: `Error: <message>` on stderr, exit 2.
    Unreadable(String),
    /// Doing it failed: `Error: <message>` on stderr, exit 1.
    Failed(String),
    /// The reason is on the screen already (the diagnostics of a configuration): only the code.
    Reported(Exit),
}

impl Failure {
    /// The code that goes with it.
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::Unreadable(_) => Exit::USAGE,
            Self::Failed(_) => Exit::FAILURE,
            Self::Reported(exit) => *exit,
        }
    }

    /// The line on stderr, its end included; empty for what was reported already.
    pub(crate) fn line(&self, colored: bool) -> String {
        match self {
            Self::Usage(message) | Self::Unreadable(message) | Self::Failed(message) => {
                format!(
                    "{} {message}\n",
                    color::paint(color::ERROR, "Error:", colored)
                )
            }
            Self::Reported(_) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_the_error_and_has_color_only_when_allowed() {
        let failure = Failure::Failed("cannot bind 127.0.0.1:6999".to_owned());
        assert_eq!(failure.line(false), "Error: cannot bind 127.0.0.1:6999\n");
        assert_eq!(
            failure.line(true),
            "\u{1b}[1m\u{1b}[31mError:\u{1b}[0m cannot bind 127.0.0.1:6999\n"
        );
    }
}
