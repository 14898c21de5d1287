//! Commands that look as if a shell would read them, which none does.

use crate::config::code::Code;
use crate::config::problems::{Place, Problems};
use crate::config::tree::{NodeId, Value};

/// Warns about a command line (not an argv) with words that only a shell understands.
pub(super) fn check(node: Option<NodeId>, problems: &mut Problems<'_, '_>) {
    let Some(node) = node else { return };
    let Value::String(line) = problems.tree.value(node) else {
        return;
    };
    let Some(what) = for_a_shell(line) else {
        return;
    };
    let message = format!("{what}: no shell reads this command");
    let help =
        "for a shell write [\"sh\", \"-c\", \"…\"]; for spaces in an argument write an array";
    problems.warning(Code::ShellSyntax, Place::Value(node), message, Some(help));
}

/// What of a command line would mean something to a shell only.
fn for_a_shell(line: &str) -> Option<&'static str> {
    const OPERATORS: [&str; 11] = [
        "&&", "||", "|", ";", "&", ">", ">>", "<", "2>", "2>&1", "&>",
    ];
    let mut words = line.split_whitespace();
    let first = words.clone().next()?;
    if is_assignment(first) {
        return Some("a variable cannot be set in front of a command (use `env`)");
    }
    words.find_map(|word| {
        if word.starts_with(['"', '\'']) {
            Some("quotes are passed on as they stand")
        } else if OPERATORS.contains(&word) || word.len() > 1 && word.ends_with(';') {
            Some("operators are passed on as they stand")
        } else if is_expansion(word) {
            Some("variables are not expanded")
        } else {
            None
        }
    })
}

/// `NAME=value`.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// `$NAME`, `${NAME}`, `$(command)` anywhere in a word.
fn is_expansion(word: &str) -> bool {
    let after = word.split('$').skip(1);
    after.into_iter().any(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '{' | '('))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_shell_would_read_is_noticed() {
        for line in [
            "sh -c 'cd backend && pnpm start'",
            "cd backend && pnpm start",
            "make; make install",
            "node server.js > out.log",
            "echo $HOME",
            "echo a${B}c",
            "PORT=3000 npm start",
        ] {
            assert!(for_a_shell(line).is_some(), "{line}");
        }
        for line in [
            "",
            "npm --prefix ./billing run start:dev -- --preserveWatchOutput",
            "docker compose -f ./docker/python.compose.yml up",
            "grep it's",
            "find -name *.rs",
            "env PORT=3000 npm start",
            "price 5$ a$",
            "./a=b",
            "x a&b",
        ] {
            assert_eq!(for_a_shell(line), None, "{line}");
        }
    }
}
