//! Commands that look as if a shell would read them, which none does.

use super::expansion::{has_variable, is_glob, is_home};
use crate::config::code::Code;
use crate::config::problems::{Place, Problems};
use crate::config::references::scan::without_references;
use crate::config::tree::{NodeId, Value};

const OPERATORS: [&str; 11] = [
    "&&", "||", "|", ";", "&", ">", ">>", "<", "2>", "2>&1", "&>",
];

/// Warns about a command with words that only a shell understands.
pub(super) fn check(node: Option<NodeId>, problems: &mut Problems<'_, '_>) {
    let Some(node) = node else { return };
    let tree = problems.tree;
    match tree.value(node) {
        Value::String(line) => {
            let Some(what) = for_a_shell(&without_references(line)) else {
                return;
            };
            let message = format!("{what}: no shell reads this command");
            let help = "for a shell write [\"sh\", \"-c\", \"…\"]; for spaces in an argument write an array";
            problems.warning(Code::ShellSyntax, Place::Value(node), message, Some(help));
        }
        Value::Array(items) => {
            let mut words = Vec::new();
            for &item in &items.nodes {
                let Value::String(word) = tree.value(item) else {
                    return;
                };
                words.push(without_references(word));
            }
            let words: Vec<&str> = words.iter().map(|word| &**word).collect();
            if let Some((at, message, help)) = in_argv(&words) {
                let place = Place::Value(items.nodes[at]);
                problems.warning(Code::ShellSyntax, place, message, Some(help));
            }
        }
        _ => {}
    }
}

/// What of a command line would mean something to a shell only.
fn for_a_shell(line: &str) -> Option<&'static str> {
    let first = line.split_whitespace().next()?;
    if is_assignment(first) {
        return Some("a variable cannot be set in front of a command (use `env`)");
    }
    if line.trim_end().ends_with('\\') {
        return Some("a `\\` at the end does not continue the line");
    }
    let mut before = "";
    line.split_whitespace().find_map(|word| {
        let is_of_option = std::mem::replace(&mut before, word).starts_with('-');
        if word.starts_with(['"', '\'']) {
            Some("quotes are passed on as they stand")
        } else if OPERATORS.contains(&word) || word.len() > 1 && word.ends_with(';') {
            Some("operators are passed on as they stand")
        } else if is_expansion(word) {
            Some("variables are not expanded")
        } else if is_home(word) {
            Some("`~` is not expanded")
        } else if word == "\\" {
            Some("a `\\` does not continue the line")
        } else if is_glob(word) && !is_of_option {
            Some("`*` is not expanded")
        } else {
            None
        }
    })
}

/// The first word of an argv that means something to a shell only, why, and what to do.
fn in_argv(words: &[&str]) -> Option<(usize, &'static str, &'static str)> {
    const EXPAND: &str = "write the text itself, or let a shell expand it: [\"sh\", \"-c\", \"…\"]";
    if let [program] = words
        && let Some((name, rest)) = program.trim().split_once(char::is_whitespace)
        && !(name.contains('/') && rest.contains('/'))
    {
        return Some((
            0,
            "the first item is the name of the program, spaces included",
            "write one item a word: [\"node\", \"server.js\"]",
        ));
    }
    if words.first().is_some_and(|program| is_home(program)) {
        return Some((0, "`~` is not expanded", EXPAND));
    }
    let script = script(words);
    for (at, word) in words.iter().enumerate().skip(1) {
        if Some(at) == script {
            continue;
        }
        // `;` ends the command of `find -exec`.
        if *word != ";" && OPERATORS.contains(word) {
            let help = match script {
                Some(script) if script < at => {
                    "a shell reads the one item behind -c: write the whole script there"
                }
                _ => "for a shell write [\"sh\", \"-c\", \"…\"]",
            };
            return Some((at, "operators are passed on as they stand", help));
        }
        // Behind the script are its arguments, and code has its own use for `$` and `*`.
        if script.is_some_and(|script| script < at) || word.contains(char::is_whitespace) {
            continue;
        }
        let what = if is_home(word) {
            "`~` is not expanded"
        } else if has_variable(word) {
            "variables are not expanded"
        } else if *word == "\\" {
            "a `\\` does not continue the line"
        } else if word.ends_with('\\') {
            "a `\\` at the end does not continue the line"
        } else if is_glob(word) && !words[at - 1].starts_with('-') {
            "`*` is not expanded"
        } else {
            continue;
        };
        return Some((at, what, EXPAND));
    }
    None
}

/// Which item of an argv a shell reads: the one behind its `-c`.
fn script(words: &[&str]) -> Option<usize> {
    let shell = words.iter().position(|word| {
        let name = word.rsplit('/').next().unwrap_or(word);
        matches!(
            name,
            "sh" | "bash" | "dash" | "zsh" | "ksh" | "fish" | "ash"
        )
    })?;
    let is_c =
        |word: &&str| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c');
    let option = words.iter().skip(shell + 1).position(is_c)?;
    Some(shell + option + 2)
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
            "~/bin/server",
            "eslint src/*.ts",
            "node server.js \\",
            "node \\ server.js",
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

    #[test]
    fn an_argv_that_a_shell_would_read_is_noticed_too() {
        for (argv, at) in [
            (&["node server.js"][..], 0),
            (&["sh", "-c", "x", "&&", "y"], 3),
            (&["node", "x.js", ">", "log"], 2),
            (&["node", "--port=$PORT"], 1),
            (&["node", "~/x.js"], 1),
            (&["eslint", "src/*.ts"], 1),
            (&["node", "x.js", "\\"], 2),
        ] {
            assert_eq!(in_argv(argv).map(|found| found.0), Some(at), "{argv:?}");
        }
        for argv in [
            &["sh", "-c", "cd x && exec $CMD *"][..],
            &["/bin/bash", "-lc", "$RUN"],
            &["docker", "exec", "db", "sh", "-c", "exec $CMD", "~/x"],
            &["/opt/my app/run", "x"],
            &["find", ".", "-name", "*.rs", "-exec", "ls", "{}", ";"],
            &["mongosh", "--eval", "db.x.find({$gt:1})"],
            &["awk", "{ print $NF }"],
            &["echo", "", "a b"],
        ] {
            assert_eq!(in_argv(argv), None, "{argv:?}");
        }
    }
}
