//! Completion in real shells: the script is loaded, a line is typed, Tab is pressed.
//!
//! The names of services come from a config, and a config may come from a stranger: a name is offered
//! so that the shell reads exactly it, or not at all, and nothing is ever executed.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::{TempDir, tempdir};

use crate::harness::{Child, Terminal, binary, run};

/// Names that a shell would like to do something with, and some it would not.
const STACK: &str = r#"{ "services": {
    "web": {"cmd": "x"}, "worker": {"cmd": "x"}, "db:up": {"cmd": "x"}, "my web": {"cmd": "x"},
    "$(touch pwned)": {"cmd": "x"}, "`touch pwned`": {"cmd": "x"}, "it's": {"cmd": "x"},
    "x;touch pwned": {"cmd": "x"}, "p|touch pwned": {"cmd": "x"}, "*": {"cmd": "x"},
    "-rf": {"cmd": "x"}, "é": {"cmd": "x"}, "!!": {"cmd": "x"}, "k\u001b[2Jl": {"cmd": "x"},
    "n\ntouch pwned": {"cmd": "x"}
} }"#;

/// A directory with the stack in it, an executable called `flowlayer`, and nothing else.
fn directory() -> TempDir {
    let directory = tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("flowlayer.jsonc"), STACK).unwrap();
    fs::create_dir(at("bin")).unwrap();
    for name in ["flowlayer", "flowlayer-server"] {
        std::os::unix::fs::symlink(binary(), at("bin").join(name)).unwrap();
    }
    directory
}

/// A command in the directory that finds our binary, and no settings of the person who runs the test.
fn command(program: &str, directory: &Path) -> Command {
    let mut command = Command::new(program);
    let path = std::env::var("PATH").unwrap();
    let binaries = directory.join("bin");
    command
        .current_dir(directory)
        .env("PATH", format!("{}:{path}", binaries.display()))
        .env("HOME", directory)
        .env("XDG_CONFIG_HOME", directory)
        .env("XDG_DATA_HOME", directory)
        .env("LC_ALL", "C.UTF-8");
    command
}

/// Whether the shell is on this machine; `.ci/run` names those that are not.
fn has(shell: &str) -> bool {
    Command::new(shell).arg("-c").arg("exit").output().is_ok()
}

#[track_caller]
fn nothing_happened(directory: &Path) {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert!(!names.iter().any(|name| name == "pwned"), "{names:?}");
}

/// What bash has in COMPREPLY after Tab at the end of each line, one line each.
#[track_caller]
fn bash(lines: &[&str]) -> Vec<Vec<String>> {
    let directory = directory();
    let asks = lines.iter().map(|line| {
        let line = line.replace('\'', "'\\''");
        format!(
            "COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; _flowlayer\n\
             printf '%s\\0' \"${{COMPREPLY[@]}}\"; printf '\\1'\n"
        )
    });
    let script = format!(
        "source <(flowlayer completions bash)\nCOMP_WORDS=(flowlayer '') COMP_CWORD=1\n{}",
        asks.collect::<String>()
    );
    let mut bash = command("bash", directory.path());
    bash.args(["--norc", "--noprofile", "-c", &script]);
    let finished = Child::spawn(bash).finish();
    assert_eq!(finished.stderr, "");
    nothing_happened(directory.path());
    let answers = finished.stdout.split_terminator('\u{1}');
    answers
        .map(|answer| {
            let words = answer
                .split_terminator('\0')
                .filter(|word| !word.is_empty());
            words.map(str::to_owned).collect()
        })
        .collect()
}

#[test]
fn bash_gets_words_that_it_reads_as_the_names() {
    let answers = bash(&[
        "flowlayer serve --only ",
        "flowlayer serve --only w",
        "flowlayer-server --only=w",
        "flowlayer serve --only db:",
        "flowlayer serve --only 'my",
        "flowlayer serve --only \"$",
        "flowlayer serve --only '$",
        "flowlayer serve --only web --only w",
        "flowlayer plan --format j",
        "flowlayer serve --only \"$(touch pwned)",
        "flowlayer $(touch pwned) ",
    ]);
    let all = [
        "web",
        "worker",
        "db:up",
        "my\\ web",
        "\\$\\(touch\\ pwned\\)",
        "\\`touch\\ pwned\\`",
        "it\\'s",
        "x\\;touch\\ pwned",
        "p\\|touch\\ pwned",
        "\\*",
        "é",
        "\\!\\!",
    ];
    assert_eq!(answers[0], all);
    assert_eq!(answers[1], ["web", "worker"]);
    assert_eq!(answers[2], ["web", "worker"]);
    assert_eq!(answers[3], ["up"]);
    assert_eq!(answers[4], ["my web"]);
    assert!(answers[5].is_empty(), "{answers:?}");
    assert_eq!(answers[6], ["$(touch pwned)"]);
    assert_eq!(answers[7], ["worker"]);
    assert_eq!(answers[8], ["json"]);
    assert!(answers[9].is_empty(), "{answers:?}");

    // Each is one word to bash, and the word is the name.
    let directory = directory();
    let mut bash = command("bash", directory.path());
    bash.args(["-c", &format!("printf '%s\\n' {}", all.join(" "))]);
    let read = Child::spawn(bash).finish().stdout;
    let names: Vec<&str> = read.lines().collect();
    assert_eq!(names.len(), all.len());
    assert!(
        names.contains(&"$(touch pwned)") && names.contains(&"my web"),
        "{names:?}"
    );
    nothing_happened(directory.path());
}

#[test]
fn the_named_config_is_the_one_that_counts() {
    let directory = directory();
    let at = |name: &str| directory.path().join(name);
    fs::write(
        at("other.jsonc"),
        r#"{"services": {"other": {"cmd": "x"}, "#,
    )
    .unwrap();
    for named in [
        "-c other.jsonc",
        "--config other.jsonc",
        "-config=other.jsonc",
        "other.jsonc",
    ] {
        let words = format!("__complete zsh -- flowlayer serve {named} --only");
        let words = words.split(' ').chain([""]);
        let answer = run(directory.path(), words);
        assert_eq!(
            (answer.code, answer.stdout.as_str()),
            (Some(0), "none\nother\n"),
            "{named}"
        );
    }
    for broken in ["none.jsonc", "bin", "/dev/zero"] {
        let answer = run(
            directory.path(),
            [
                "__complete",
                "zsh",
                "--",
                "flowlayer",
                "serve",
                "-c",
                broken,
                "--only",
                "",
            ],
        );
        assert_eq!(
            (answer.stdout.as_str(), answer.stderr.as_str()),
            ("none\n", ""),
            "{broken}"
        );
    }
}

/// Types each line into a new shell, ending with Tab, and waits until the screen shows the other.
/// `load` also makes the prompt `ready>`.
#[track_caller]
fn typed(shell: &Command, load: &str, cases: &[(&str, &str)], directory: &Path) {
    for (line, wanted) in cases {
        let mut terminal = Terminal::run(shell, 40, 160);
        terminal.type_keys(&format!("{load}\r"));
        terminal.wait_for("the prompt", |screen| {
            screen.rows.iter().any(|row| row.starts_with("ready>"))
        });
        terminal.type_keys(&format!("{line}\t"));
        terminal.wait_for_text(wanted);
        terminal.hang_up();
    }
    nothing_happened(directory);
}

#[test]
fn bash_completes_at_its_prompt() {
    let directory = directory();
    let mut bash = command("bash", directory.path());
    bash.args(["--norc", "--noprofile", "-i"]);
    typed(
        &bash,
        "source <(flowlayer completions bash); PS1='re''ady> '",
        &[
            ("flowlayer serve --only wo", "--only worker"),
            ("flowlayer serve --only my", "--only my\\ web"),
            ("flowlayer serve --only 'my", "--only 'my web'"),
            (
                "flowlayer serve --only \\$",
                "--only \\$\\(touch\\ pwned\\)",
            ),
            ("flowlayer-server --only=db:", "--only=db:up"),
            ("flowlayer vali", "flowlayer validate"),
            ("flowlayer serve -c flow", "-c flowlayer.jsonc"),
        ],
        directory.path(),
    );
}

#[test]
fn zsh_completes_at_its_prompt() {
    if !has("zsh") {
        return;
    }
    let directory = directory();
    let mut zsh = command("zsh", directory.path());
    zsh.args(["-f", "-i"]);
    typed(
        &zsh,
        "autoload -Uz compinit; compinit -u -D; source <(flowlayer completions zsh); PS1='re''ady> '",
        &[
            ("flowlayer serve --only wo", "--only worker"),
            ("flowlayer serve --only my", "--only my\\ web"),
            (
                "flowlayer serve --only \\$",
                "--only \\$\\(touch\\ pwned\\)",
            ),
            ("flowlayer-server --only=db:", "--only=db:up"),
            ("flowlayer vali", "flowlayer validate"),
            ("flowlayer serve --config=flow", "--config=flowlayer.jsonc"),
        ],
        directory.path(),
    );
}

/// What fish would offer, without a terminal: it has a builtin for that.
#[test]
fn fish_completes() {
    if !has("fish") {
        return;
    }
    let directory = directory();
    let cases = [
        ("flowlayer serve --only w", "web\nworker\n"),
        ("flowlayer serve --only my", "my web\n"),
        ("flowlayer serve --only '$", "$(touch pwned)\n"),
        ("flowlayer-server --only=db:", "--only=db:up\n"),
        (
            "flowlayer vali",
            "validate\tCheck configurations and report every problem\n",
        ),
        (
            "flowlayer serve --config=flow",
            "--config=flowlayer.jsonc\n",
        ),
    ];
    for (line, wanted) in cases {
        let mut fish = command("fish", directory.path());
        let line = line.replace('\\', "\\\\").replace('\'', "\\'");
        fish.args(["--no-config", "-c"]);
        fish.arg(format!(
            "flowlayer completions fish | source; complete -C '{line}'"
        ));
        let finished = Child::spawn(fish).finish();
        assert_eq!(
            (finished.stdout.as_str(), finished.stderr.as_str()),
            (wanted, ""),
            "{line}"
        );
    }
    nothing_happened(directory.path());
}

#[test]
fn elvish_completes_at_its_prompt() {
    if !has("elvish") {
        return;
    }
    let directory = directory();
    let mut elvish = command("elvish", directory.path());
    elvish.arg("-norc");
    typed(
        &elvish,
        "eval (flowlayer completions elvish | slurp); set edit:prompt = { put re'ady> ' }",
        &[
            ("flowlayer serve --only wo", "--only worker"),
            ("flowlayer serve --only my", "--only 'my web'"),
            ("flowlayer vali", "flowlayer validate"),
        ],
        directory.path(),
    );
}
