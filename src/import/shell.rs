//! Command lines that were written for a shell, as FlowLayer takes commands: plain ones as a string,
//! ones with quotes as an argv, and what only a shell understands as `["sh", "-c", "…"]`.

// Writing into a string cannot fail; what it says is dropped everywhere below.
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::values::is_identifier;
pub(super) use crate::shell::quoted;

/// A command line for a shell, taken apart as far as it can be.
#[derive(Debug, PartialEq)]
pub(super) struct Line {
    /// Plain assignments in front of the command (`PORT=3000 npm start`).
    pub(super) env: Vec<(String, String)>,
    /// The value of `cmd`.
    pub(super) cmd: Value,
}

/// Words that a shell runs itself: no program of that name does the same.
const BUILTINS: [&str; 35] = [
    ".", ":", "!", "[[", "alias", "bg", "break", "case", "cd", "command", "continue", "declare",
    "eval", "exit", "export", "fg", "for", "function", "if", "local", "popd", "pushd", "read",
    "return", "set", "shift", "shopt", "source", "time", "trap", "ulimit", "umask", "until",
    "wait", "while",
];

/// Takes a command line apart. `None` when there is no command in it.
pub(super) fn line(text: &str) -> Option<Line> {
    line_for(text, &script)
}

/// The same for another shell: `script` is how it runs a text.
pub(super) fn line_for(text: &str, script: &dyn Fn(&str) -> Value) -> Option<Line> {
    let text = text.trim();
    if text.is_empty() || text.contains('\0') {
        return None;
    }
    let whole = || Line {
        env: Vec::new(),
        cmd: script(text),
    };
    let Some(words) = words(text) else {
        return Some(whole());
    };
    let assigned = words.iter().map_while(Word::assignment).count();
    let (assignments, mut command) = words.split_at(assigned);
    // Plain words need no shell that replaces itself.
    if let [first, rest @ ..] = command
        && !rest.is_empty()
        && first.text == "exec"
        && !rest[0].text.starts_with('-')
    {
        command = rest;
    }
    let Some(first) = command.first() else {
        // Only assignments: nothing runs, and a shell says so.
        return Some(whole());
    };
    if first.text.is_empty() || !first.quoted && BUILTINS.contains(&first.text.as_str()) {
        return Some(whole());
    }
    let argv: Vec<&str> = command.iter().map(|word| word.text.as_str()).collect();
    let is_plain = |word: &Word| {
        !word.text.is_empty()
            && !word
                .text
                .contains(|c: char| c.is_whitespace() || "'\"$".contains(c))
    };
    let cmd = if command.iter().all(|word| !word.quoted && is_plain(word)) {
        Value::String(argv.join(" "))
    } else {
        json!(argv)
    };
    Some(Line {
        env: assignments.iter().filter_map(Word::assignment).collect(),
        cmd,
    })
}

/// A script for the shell that understands it.
pub(super) fn script(text: &str) -> Value {
    const ONLY_BASH: [&str; 9] = [
        "[[",
        "<(",
        ">(",
        "<<<",
        "&>",
        "pipefail",
        "$'",
        "source ",
        "function ",
    ];
    let shell = if ONLY_BASH.iter().any(|word| text.contains(word)) {
        "bash"
    } else {
        "sh"
    };
    json!([shell, "-c", text])
}

/// The port that a command line names: `PORT=3000`, `--port 3000`, `-p 3000`. Below 1024 `-p` is
/// hardly a port.
pub(super) fn port(line: &str) -> Option<u16> {
    let mut words = line.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let next = words.peek().copied();
        let port = word
            .strip_prefix("PORT=")
            .or_else(|| word.strip_prefix("--port="))
            .or_else(|| next.filter(|_| word == "--port"))
            .and_then(positive);
        let short = word.strip_prefix("-p").and_then(|number| match number {
            "" => next,
            number => Some(number),
        });
        let short = short.and_then(positive).filter(|&port| port >= 1024);
        if port.or(short).is_some() {
            return port.or(short);
        }
    }
    None
}

/// A port number that is not 0.
pub(super) fn positive(port: &str) -> Option<u16> {
    port.trim().parse().ok().filter(|&port| port > 0)
}

/// A command in front of which variables are set by a shell, because their values refer to others.
pub(super) fn with_exports(cmd: &Value, exports: &[(String, String)]) -> Value {
    let mut text = String::new();
    for (name, value) in exports {
        let _ = write!(text, "export {name}=\"{}\"; ", in_double_quotes(value));
    }
    after(text, cmd)
}

/// A command that a shell runs after this text.
pub(super) fn after(mut text: String, cmd: &Value) -> Value {
    if text.is_empty() {
        return cmd.clone();
    }
    let words: Vec<String> = match cmd {
        Value::String(line) => line.split_whitespace().map(quoted).collect(),
        Value::Array(argv) => {
            let words: Vec<&str> = argv.iter().filter_map(Value::as_str).collect();
            if let [
                shell @ ("sh" | "bash" | "dash" | "ksh" | "zsh"),
                "-c",
                script,
            ] = words.as_slice()
            {
                text.push_str(script);
                return json!([shell, "-c", text]);
            }
            words.into_iter().map(quoted).collect()
        }
        other => return other.clone(),
    };
    let _ = write!(text, "exec {}", words.join(" "));
    json!(["sh", "-c", text])
}

/// A value in which a shell replaces variables, and nothing else.
pub(super) fn in_double_quotes(value: &str) -> String {
    let mut text = String::new();
    for (at, c) in value.char_indices() {
        let is_command = c == '$' && value[at + 1..].starts_with('(');
        if matches!(c, '"' | '\\' | '`') || is_command {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

/// A word of a command line.
#[derive(Debug, Default)]
pub(super) struct Word {
    pub(super) text: String,
    /// Whether a part of it was quoted.
    quoted: bool,
}

impl Word {
    /// `NAME=value`.
    fn assignment(&self) -> Option<(String, String)> {
        let (name, value) = self.text.split_once('=')?;
        is_identifier(name).then(|| (name.to_owned(), value.to_owned()))
    }
}

/// The words of a line in which a shell would only take quotes away; `None` when it would do more.
pub(super) fn words(text: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                word.quoted = true;
                loop {
                    match chars.next()? {
                        '\'' => break,
                        c => word.text.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                word.quoted = true;
                loop {
                    match chars.next()? {
                        '"' => break,
                        '$' | '`' => return None,
                        '\\' => match chars.next()? {
                            c @ ('"' | '\\' | '$' | '`') => word.text.push(c),
                            c => word.text.extend(['\\', c]),
                        },
                        c => word.text.push(c),
                    }
                }
            }
            '\\' => {
                let word = word.get_or_insert_default();
                word.quoted = true;
                match chars.next()? {
                    '\n' => return None,
                    c => word.text.push(c),
                }
            }
            '#' | '~' if word.is_none() => return None,
            '|' | '&' | ';' | '<' | '>' | '(' | ')' | '$' | '`' | '*' | '?' | '[' | ']' | '{'
            | '}' | '!' | '\n' | '\r' => return None,
            // `a=~/b`
            '~' if word
                .as_ref()
                .is_some_and(|word| word.text.ends_with(['=', ':'])) =>
            {
                return None;
            }
            c => word.get_or_insert_default().text.push(c),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_command_takes_its_simplest_form() {
        for (text, env, cmd) in [
            ("npm run dev", json!({}), json!("npm run dev")),
            ("  node   x.js  ", json!({}), json!("node x.js")),
            ("exec ./run", json!({}), json!("./run")),
            ("exec -a x y", json!({}), json!("exec -a x y")),
            (
                "PORT=3000 A='b c' npm start",
                json!({"PORT": "3000", "A": "b c"}),
                json!("npm start"),
            ),
            ("node -e 'a b'", json!({}), json!(["node", "-e", "a b"])),
            ("echo \"a \\\" b\"", json!({}), json!(["echo", "a \" b"])),
            ("cd x && y", json!({}), json!(["sh", "-c", "cd x && y"])),
            ("cd x", json!({}), json!(["sh", "-c", "cd x"])),
            (
                "puma -p $PORT",
                json!({}),
                json!(["sh", "-c", "puma -p $PORT"]),
            ),
            ("A=$B c", json!({}), json!(["sh", "-c", "A=$B c"])),
            ("ls *.rs", json!({}), json!(["sh", "-c", "ls *.rs"])),
            ("a ~/b", json!({}), json!(["sh", "-c", "a ~/b"])),
            ("a b#c", json!({}), json!("a b#c")),
            ("a # b", json!({}), json!(["sh", "-c", "a # b"])),
            ("a 'b", json!({}), json!(["sh", "-c", "a 'b"])),
            ("A=b", json!({}), json!(["sh", "-c", "A=b"])),
            ("'' a", json!({}), json!(["sh", "-c", "'' a"])),
            ("a\nb", json!({}), json!(["sh", "-c", "a\nb"])),
            (
                "[[ a ]] && b",
                json!({}),
                json!(["bash", "-c", "[[ a ]] && b"]),
            ),
            ("a\u{a0}b c", json!({}), json!(["a\u{a0}b", "c"])),
        ] {
            let line = line(text).unwrap();
            let given: serde_json::Map<_, _> = line
                .env
                .into_iter()
                .map(|(name, value)| (name, value.into()))
                .collect();
            assert_eq!((Value::Object(given), line.cmd), (env, cmd), "{text}");
        }
        assert_eq!(line(" \n"), None);
        assert_eq!(line("a\0b"), None);
    }

    #[test]
    fn ports_are_those_that_are_written() {
        for (line, wanted) in [
            ("next dev --port 3001", Some(3001)),
            ("PORT=80 node x", Some(80)),
            ("vite --port=5173", Some(5173)),
            ("storybook dev -p 6006", Some(6006)),
            ("bin/rails server -p3000 -b 0", Some(3000)),
            ("node x.js", None),
            ("x --port $PORT", None),
            ("tsc -p tsconfig.json", None),
            ("pytest -p 4", None),
        ] {
            assert_eq!(port(line), wanted, "{line}");
        }
    }

    #[test]
    fn variables_that_refer_to_others_are_set_by_a_shell() {
        let exports = [("A".to_owned(), "$HOME/\"x\"`y`$(z)".to_owned())];
        let set = |cmd| with_exports(&cmd, &exports)[2].as_str().unwrap().to_owned();
        let export = "export A=\"$HOME/\\\"x\\\"\\`y\\`\\$(z)\"; ";
        assert_eq!(set(json!("a b")), format!("{export}exec a b"));
        assert_eq!(
            set(json!(["a", "b c'"])),
            format!("{export}exec a 'b c'\\'''")
        );
        assert_eq!(
            set(json!(["sh", "-c", "x && y"])),
            format!("{export}x && y")
        );
        assert_eq!(with_exports(&json!("a"), &[]), json!("a"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Where a shell would only take quotes away, a real one takes away the same.
        #[test]
        fn a_real_shell_agrees(text in "[ a-c0-9'\"\\\\=#~.,:/@%+^-]{1,24}") {
            let Some(words) = words(&text) else { return Ok(()) };
            let output = std::process::Command::new("sh")
                .args(["-c", &format!("printf '%s\\0' x {text}")])
                .output()
                .unwrap();
            let read = String::from_utf8(output.stdout).unwrap();
            let read: Vec<&str> = read.split_terminator('\0').skip(1).collect();
            let ours: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
            prop_assert_eq!(read, ours);
        }

        #[test]
        fn any_line_becomes_a_command_that_is_valid(text in "[ -~é\n]{0,24}") {
            let Some(line) = line(&text) else { return Ok(()) };
            match line.cmd {
                Value::String(cmd) => prop_assert!(!cmd.trim().is_empty()),
                Value::Array(argv) => prop_assert!(argv[0].as_str().is_some_and(|program| !program.is_empty())),
                other => prop_assert!(false, "{other}"),
            }
        }
    }
}
