//! How a subcommand ends when it does not succeed, split by what the person sees.

use crate::exit::Exit;
use crate::terminal::{color, sanitize};

/// Ends a subcommand early.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The command line does not make sense: `Error: <message>` and a line that names the help on
    /// stderr, exit 2.
    Usage(String),
    /// A file that the command line names cannot be read: `Error: <message>` on stderr, exit 2.
    Unreadable(String),
    /// The command line means something that is not there, or could mean several things:
    /// `Error: <message>` on stderr, exit 2. The help would not help.
    Mistaken(String),
    /// There is no session to talk to: `Error: <message>` on stderr, exit 3.
    NoSession(String),
    /// It did not happen within `--timeout`: `Error: <message>` on stderr, exit 124.
    TimedOut(String),
    /// Doing it failed: `Error: <message>` on stderr, exit 1.
    Failed(String),
    /// Something else ends it: `Error: <message>` on stderr, and this code.
    Other(Exit, String),
    /// The reason is on the screen already (the diagnostics of a configuration): only the code.
    Reported(Exit),
}

impl Failure {
    /// The code that goes with it.
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) | Self::Unreadable(_) | Self::Mistaken(_) => Exit::USAGE,
            Self::NoSession(_) => Exit::NO_SESSION,
            Self::TimedOut(_) => Exit::TIMEOUT,
            Self::Failed(_) => Exit::FAILURE,
            Self::Reported(exit) | Self::Other(exit, _) => *exit,
        }
    }

    /// What is wrong; `None` for what was reported already.
    pub(crate) fn message(&self) -> Option<&str> {
        match self {
            Self::Usage(message)
            | Self::Unreadable(message)
            | Self::Mistaken(message)
            | Self::NoSession(message)
            | Self::TimedOut(message)
            | Self::Other(_, message)
            | Self::Failed(message) => Some(message),
            Self::Reported(_) => None,
        }
    }

    /// The line on stderr, its end included; empty for what was reported already. What a message
    /// quotes (names, paths, messages of a server) is text on the terminal, whatever is in it.
    pub(crate) fn line(&self, colored: bool) -> String {
        let Some(message) = self.message() else {
            return String::new();
        };
        let mut line = color::paint(color::ERROR, "Error:", colored);
        line.push(' ');
        for (index, part) in message.split('\n').enumerate() {
            if index > 0 {
                line.push('\n');
            }
            sanitize::append_safe(&mut line, part, false);
        }
        line.push('\n');
        line
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

    #[test]
    fn what_a_message_quotes_does_not_steer_the_terminal() {
        let failure = Failure::Mistaken("no service \u{1b}]0;x\u{7}api\u{1b}[2J\nhelp".to_owned());
        assert_eq!(
            failure.line(true).matches('\u{1b}').count(),
            3,
            "our own colours"
        );
        assert_eq!(failure.line(false), "Error: no service api\nhelp\n");
    }
}
