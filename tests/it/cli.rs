//! The command line as a person types it: help, versions, names, usage errors, colour
//! (docs/cli.md, Names and options).

use std::os::unix::process::CommandExt;

use tempfile::tempdir;

use crate::harness::{Child, Terminal, binary, flowlayer, run};

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[test]
fn bare_and_help_print_the_help_and_succeed() {
    let directory = tempdir().unwrap();
    let bare = run(directory.path(), [""; 0]);
    assert_eq!((bare.code, bare.stderr.as_str()), (Some(0), ""));
    assert!(
        bare.stdout.contains("Usage: flowlayer [OPTIONS] [COMMAND]"),
        "{}",
        bare.stdout
    );
    for option in ["-h", "--help", "help"] {
        let help = run(directory.path(), [option]);
        assert_eq!(
            (help.code, &help.stdout),
            (Some(0), &bare.stdout),
            "{option}"
        );
    }
    for command in ["serve", "validate", "plan", "completions", "schema"] {
        let help = run(directory.path(), [command, "--help"]);
        assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
        assert!(
            help.stdout
                .contains(&format!("Usage: flowlayer {command} ")),
            "{}",
            help.stdout
        );
        assert_eq!(run(directory.path(), [command, "-h"]).stdout, help.stdout);
    }
}

#[test]
fn version_names_the_program_as_it_was_called() {
    let directory = tempdir().unwrap();
    let version = run(directory.path(), ["--version"]);
    assert_eq!(
        (version.code, version.stdout),
        (Some(0), format!("flowlayer {VERSION}\n"))
    );
    let link = directory.path().join("flowlayer-server");
    std::os::unix::fs::symlink(binary(), &link).unwrap();
    let mut linked = std::process::Command::new(&link);
    linked.arg("--version");
    let version = Child::spawn(linked).finish();
    assert_eq!(
        (version.code, version.stdout),
        (Some(0), format!("flowlayer-server {VERSION}\n"))
    );
}

#[test]
fn a_usage_error_ends_with_one_line_about_the_help() {
    let directory = tempdir().unwrap();
    let cases: &[(&[&str], &str)] = &[
        (
            &["serve", "-c", "a", "--config", "b"],
            "-c and --config are one option: give it once",
        ),
        (
            &["serve", "-c", "a", "-config=b"],
            "-c and --config are one option: give it once",
        ),
        (
            &["serve", "a", "b"],
            "unexpected argument \"b\": only one configuration file can be given",
        ),
        (
            &["serve", "-token", ""],
            "invalid --token: the token is empty: give one, or leave it out to have one generated",
        ),
        (&["serve", "--port", "1"], "unknown option \"--port\""),
        (&["plan", "-x"], "unknown option \"-x\""),
        (
            &["validate", "--format", "xml"],
            "invalid --format: \"xml\" is none of text, json, github",
        ),
    ];
    for (arguments, message) in cases {
        let wrong = run(directory.path(), *arguments);
        assert_eq!(
            (wrong.code, wrong.stdout.as_str()),
            (Some(2), ""),
            "{arguments:?}"
        );
        assert_eq!(
            wrong.stderr,
            format!(
                "Error: {message}\nFor all that can be given: flowlayer {} --help\n",
                arguments[0]
            ),
            "{arguments:?}"
        );
    }
}

#[test]
fn without_a_configuration_there_is_nothing_to_do() {
    let directory = tempdir().unwrap();
    for command in ["serve", "plan", "validate"] {
        let wrong = run(directory.path(), [command]);
        assert_eq!(
            (wrong.code, wrong.stdout.as_str()),
            (Some(2), ""),
            "{command}"
        );
        assert!(
            wrong
                .stderr
                .starts_with("Error: no configuration found: none of flowlayer.jsonc, "),
            "{}",
            wrong.stderr
        );
        let last = format!("\nFor all that can be given: flowlayer {command} --help\n");
        assert!(wrong.stderr.ends_with(&last), "{}", wrong.stderr);
    }
}

#[test]
fn under_its_server_name_it_is_serve() {
    let directory = tempdir().unwrap();
    let mut command = flowlayer();
    command
        .arg0("/opt/bin/flowlayer-server")
        .current_dir(directory.path());
    let wrong = Child::spawn(command).finish();
    assert_eq!(wrong.code, Some(2));
    assert!(
        wrong.stderr.starts_with("Error: no configuration found"),
        "{}",
        wrong.stderr
    );
    assert!(
        wrong
            .stderr
            .contains("Usage: flowlayer-server [OPTIONS] [CONFIG]"),
        "{}",
        wrong.stderr
    );
}

/// docs/cli.md, Exit codes: a configuration that cannot be used is its problems, in every command.
#[test]
fn a_broken_configuration_is_its_problems_and_their_number() {
    let directory = tempdir().unwrap();
    let text = "{\"services\": {\"a\": {\"command\": \"x\"}}}";
    std::fs::write(directory.path().join("flowlayer.jsonc"), text).unwrap();
    for arguments in [
        &["validate"][..],
        &["serve"],
        &["plan"],
        &["run", "--", "true"],
        &["status", "-c", "flowlayer.jsonc"],
    ] {
        let stderr = run(directory.path(), arguments).stderr;
        assert!(stderr.starts_with("error["), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("Error: "), "{arguments:?}: {stderr}");
        let last = stderr.lines().last();
        assert_eq!(last, Some("flowlayer.jsonc: 2 errors"), "{arguments:?}");
    }
}

#[test]
fn links_make_the_two_names_of_the_original() {
    let directory = tempdir().unwrap();
    let at = directory.path().join("bin");
    for _ in 0..2 {
        let made = run(directory.path(), ["links", "bin"]);
        assert_eq!((made.code, made.stderr.as_str()), (Some(0), ""));
        assert_eq!(made.stdout.lines().count(), 2, "{}", made.stdout);
    }
    for (name, usage) in [
        (
            "flowlayer-server",
            "Usage: flowlayer-server [OPTIONS] [CONFIG]",
        ),
        (
            "flowlayer-client-tui",
            "Usage: flowlayer-client-tui [OPTIONS]",
        ),
    ] {
        let mut linked = std::process::Command::new(at.join(name));
        linked.arg("--bogus");
        let wrong = Child::spawn(linked).finish();
        assert_eq!(wrong.code, Some(2));
        assert!(
            wrong
                .stderr
                .starts_with("Error: unknown option \"--bogus\"\n\n")
        );
        assert!(wrong.stderr.contains(usage), "{}", wrong.stderr);
    }
    std::fs::remove_file(at.join("flowlayer-client-tui")).unwrap();
    std::fs::write(at.join("flowlayer-client-tui"), "mine").unwrap();
    std::fs::remove_file(at.join("flowlayer-server")).unwrap();
    let refused = run(directory.path(), ["links", "bin"]);
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(!at.join("flowlayer-server").exists(), "nothing is changed");
}

#[test]
fn our_own_colors_need_a_terminal_and_nobody_against_it() {
    let usage_error = |arguments: &[&str], no_color: Option<&str>| {
        let mut command = flowlayer();
        command.args(["plan", "--bogus"]).args(arguments);
        if let Some(value) = no_color {
            command.env("NO_COLOR", value);
        }
        let terminal = Terminal::run(&command, 40, 120);
        terminal.wait_for_text("flowlayer plan --help");
        assert_eq!(terminal.wait_for_end().code, Some(2));
        terminal.raw().contains(&0x1b)
    };
    assert!(usage_error(&[], None));
    assert!(usage_error(&[], Some("")), "an empty NO_COLOR says nothing");
    assert!(!usage_error(&[], Some("1")));
    assert!(!usage_error(&["--no-color"], None));
    let piped = run(tempdir().unwrap().path(), ["plan", "--bogus"]);
    assert!(!piped.stderr.contains('\u{1b}'));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = Child::spawn_unread({
        let mut command = flowlayer();
        command.args(["serve", "--help"]);
        command
    });
    drop(child.take_stdout());
    let finished = child.finish();
    assert_eq!((finished.code, finished.signal), (Some(0), None));
    assert_eq!(finished.stderr, "");
}
