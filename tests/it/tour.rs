//! The day in the README (`A day with it`), command by command: two checkouts, an edit, a browser.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Child, Here, Terminal, skipped, until};

/// The commands of the README, without their comments.
fn commands() -> Vec<String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let section = readme.split("### A day with it\n").nth(1).unwrap();
    let block = section.split("```").nth(1).unwrap();
    let lines = block.lines().filter_map(|line| line.strip_prefix("$ "));
    let uncommented = lines.map(|line| line.split(" #").next().unwrap_or_default().trim_end());
    uncommented.map(str::to_owned).collect()
}

/// Where the day takes place.
struct Day {
    here: Here,
    /// The directory that the next command is typed in.
    directory: PathBuf,
}

impl Day {
    fn command(&self, arguments: &[&str]) -> Command {
        let path = std::env::var("PATH").unwrap();
        let path = format!("{}:{path}", self.here.path().join("bin").display());
        let mut command = self.here.command(arguments);
        command
            .current_dir(&self.directory)
            .env("HOME", self.here.path())
            .env("TZ", "UTC")
            .env("PATH", path)
            .env("DISPLAY", ":0");
        command
    }

    /// Runs a line that is none of ours with a shell, which says where it has gone.
    fn shell(&mut self, line: &str) {
        let script = format!("exec 3>&1; set -e; {{ {line}; }} >&2; pwd >&3");
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &script])
            .current_dir(&self.directory)
            .env("FLOWLAYER", self.here.path().join("origin"));
        let done = Child::spawn(shell).finish();
        assert_eq!(done.code, Some(0), "{line}: {done:?}");
        self.directory = done.stdout.trim_end().into();
    }

    /// Runs a line of ours on a terminal.
    fn terminal(&self, line: &str) -> Terminal {
        let arguments = line.strip_prefix("flowlayer ").unwrap();
        let arguments: Vec<&str> = arguments.split(' ').collect();
        Terminal::run(&self.command(&arguments), 30, 120)
    }

    fn run(&self, arguments: &[&str]) -> String {
        let done = Child::spawn(self.command(arguments)).finish();
        assert_eq!(done.code, Some(0), "{arguments:?}: {done:?}");
        done.stdout
    }

    fn pids(&self) -> BTreeMap<String, Option<u64>> {
        let status: Value = serde_json::from_str(&self.run(&["status", "--json"])).unwrap();
        let services = status["services"].as_array().unwrap().iter();
        let pids = services.map(|it| (it["name"].as_str().unwrap().into(), it["pid"].as_u64()));
        pids.collect()
    }

    fn gateway(&self) -> u16 {
        self.run(&["port", "gateway"]).trim().parse().unwrap()
    }
}

/// This repository as far as the quickstart needs it, to be cloned.
fn origin(at: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["examples/demo.rs", "examples/quickstart/flowlayer.jsonc"] {
        fs::create_dir_all(at.join(file).parent().unwrap()).unwrap();
        fs::copy(from.join(file), at.join(file)).unwrap();
    }
    fs::write(at.join(".gitignore"), "target/\n*.bak\n").unwrap();
    for arguments in [
        &["init", "-q"][..],
        &["add", "."],
        &["commit", "-qm", "Begin"],
    ] {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@localhost"]);
        git.args(arguments).current_dir(at);
        let done = Child::spawn(git).finish();
        assert_eq!(done.code, Some(0), "{done:?}");
    }
}

fn get(port: u16, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The cockpit, until everything is up in it.
#[track_caller]
fn up(day: &Day, line: &str) -> Terminal {
    let terminal = day.terminal(line);
    terminal.wait_for_text("6/6 up");
    terminal
}

/// Quits it, and leaves the session running.
#[track_caller]
fn leave(mut terminal: Terminal) {
    terminal.type_keys("q");
    terminal.wait_for_text("running, or stop it?");
    terminal.type_keys("\r");
    assert_eq!(terminal.wait_for_end().code, Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn the_day_in_the_readme_goes_as_it_says() {
    if Command::new("git").arg("--version").output().is_err() {
        skipped("the day in the README", "there is no git");
        return;
    }
    let here = Here::with(&json!({}));
    fs::remove_file(here.path().join("flowlayer.jsonc")).unwrap();
    origin(&here.path().join("origin"));
    // A browser that only notes what it is to open.
    let (bin, seen) = (here.path().join("bin"), here.path().join("seen"));
    fs::create_dir(&bin).unwrap();
    let browser = bin.join("xdg-open");
    fs::write(
        &browser,
        format!("#!/bin/sh\necho \"$@\" >> {}\n", seen.display()),
    )
    .unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();

    let commands = commands();
    let [clone, start, edit, reload, second, again, open, down] = commands.as_slice() else {
        panic!("other commands than this test knows: {commands:#?}")
    };
    let directory = here.path().canonicalize().unwrap();
    let mut day = Day { here, directory };
    day.shell(clone);
    let first_checkout = day.directory.clone();
    let cockpit = up(&day, start);
    let (before, first_port) = (day.pids(), day.gateway());
    day.shell(edit);
    cockpit.wait_for_text("edited: R reloads");
    leave(cockpit);

    let mut question = day.terminal(reload);
    let screen = question.wait_for_text("Apply this? [Y/n]");
    assert!(screen.has("worker  env.STORE  changed"), "{screen:?}");
    question.type_keys("\r");
    assert_eq!(question.wait_for_end().code, Some(0));
    let after = day.pids();
    for (name, pid) in &before {
        assert_eq!(pid == &after[name], name != "worker", "{name}");
    }

    day.shell(second);
    assert_ne!(day.directory, first_checkout);
    leave(up(&day, again));
    let second_port = day.gateway();
    assert_ne!(first_port, second_port);
    for port in [first_port, second_port] {
        assert!(get(port, "/items").contains("item:1 apples"));
    }
    assert_eq!(day.here.sessions().len(), 2);

    assert_eq!(day.terminal(open).wait_for_end().code, Some(0));
    let url = format!("http://localhost:{second_port}/items\n");
    until("the browser is started", || {
        let seen = fs::read_to_string(&seen).unwrap_or_default();
        (seen == url).then_some(()).ok_or(seen)
    });
    assert_eq!(day.terminal(down).wait_for_end().code, Some(0));
    assert!(
        get(first_port, "/items").contains("item:1 apples"),
        "the other one"
    );
    day.directory = first_checkout;
    assert_eq!(day.terminal(down).wait_for_end().code, Some(0));
    assert!(day.here.sessions().is_empty());
    day.here.wait_for_their_end();
}
