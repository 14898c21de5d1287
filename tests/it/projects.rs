//! Whose session a command means, among several projects of one user, and one session for each.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::harness::{Child, Finished, Here, Terminal, free_port, until};

/// The home directory of a user with the projects `shop` and `blog`, both with a service `api`, and
/// a directory `none` that belongs to neither.
struct Projects(Here);

impl Projects {
    fn new() -> Self {
        Self::with(&json!({}))
    }

    /// These fields in both configurations.
    fn with(fields: &Value) -> Self {
        let home = Here::with(&json!({}));
        fs::remove_file(home.path().join("flowlayer.jsonc")).unwrap();
        let projects = Self(home);
        for name in ["shop", "blog"] {
            let mut config = json!({"services": {"api": {"cmd": ["sleep", "1000"]}}});
            let fields = fields.as_object().unwrap().clone();
            config.as_object_mut().unwrap().extend(fields);
            fs::create_dir_all(projects.path(name).join("src/deep")).unwrap();
            fs::write(projects.config(name), config.to_string()).unwrap();
        }
        fs::create_dir(projects.path("none")).unwrap();
        projects
    }

    fn path(&self, directory: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(directory)
    }

    fn config(&self, name: &str) -> PathBuf {
        self.path(name).join("flowlayer.jsonc")
    }

    fn command(&self, directory: &str, arguments: &[&str]) -> Command {
        let mut command = self.0.command(arguments);
        command
            .current_dir(self.path(directory))
            .env("HOME", self.0.path());
        command
    }

    #[track_caller]
    fn run(&self, directory: &str, arguments: &[&str]) -> Finished {
        Child::spawn(self.command(directory, arguments)).finish()
    }

    /// Starts the session of a project in the background.
    #[track_caller]
    fn start(&self, name: &str) {
        let serve = self.run(name, &["serve", "--detach"]);
        assert_eq!(serve.code, Some(0), "{serve:?}");
    }

    #[track_caller]
    fn end(&self, name: &str) {
        let down = self.run(name, &["down"]);
        assert_eq!(down.code, Some(0), "{down:?}");
    }

    /// Starts the session of a project in the foreground, without an address.
    #[track_caller]
    fn start_without_api(&self, name: &str) -> Child {
        let serve = Child::spawn(self.command(name, &["serve"]));
        serve.wait_for_line("STARTUP COMPLETE");
        serve
    }

    /// The status of the service of a project.
    #[track_caller]
    fn status(&self, name: &str) -> String {
        let status = self.run(name, &["status", "--json"]);
        assert_eq!(status.code, Some(0), "{status:?}");
        let status = status.json()["services"][0]["status"].clone();
        status.as_str().unwrap().to_owned()
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_subdirectory_means_the_project_it_is_in_and_no_other() {
    let projects = Projects::new();
    projects.start("blog");
    for command in [["stop", "api"], ["status", "api"], ["wait", "api"]] {
        let timeout = ["--timeout", "200ms"].iter();
        let timeout = timeout.take(if command[0] == "wait" { 2 } else { 0 });
        let arguments: Vec<&str> = command.iter().chain(timeout).copied().collect();
        projects
            .run("shop", &arguments)
            .refused(3, &["in this directory", "`flowlayer up`"]);
        projects
            .run("shop/src/deep", &arguments)
            .refused(3, &[text(&projects.config("shop")), "`flowlayer up`"]);
    }
    assert_eq!(projects.status("blog"), "running");
    projects.start("shop");
    let stop = projects.run("shop/src/deep", &["stop", "api"]);
    assert_eq!(stop.code, Some(0), "{stop:?}");
    assert_eq!(projects.status("shop"), "stopped");
    assert_eq!(projects.status("blog"), "running");
    // What is named comes first, and so does the environment.
    let other = projects.config("blog");
    let stop = projects.run("shop", &["stop", "api", "-c", text(&other)]);
    assert_eq!(stop.code, Some(0), "{stop:?}");
    assert_eq!(projects.status("blog"), "stopped");
    let listed = projects.run("none", &["sessions", "--json"]).json();
    let mut sessions = listed["sessions"].as_array().unwrap().iter();
    let blog = sessions.find(|session| session["config"] == text(&other));
    let address = blog.unwrap()["address"].as_str().unwrap();
    let mut start = projects.command("shop", &["start", "api"]);
    start.env("FLOWLAYER_ADDR", address);
    assert_eq!(Child::spawn(start).finish().code, Some(0));
    assert_eq!(projects.status("blog"), "running");
    assert_eq!(projects.status("shop"), "stopped");
    projects.end("shop/src");
    projects.end("blog");
}

#[test]
fn a_link_to_a_directory_means_the_project_that_the_directory_is_in() {
    let projects = Projects::new();
    symlink(projects.path("blog/src"), projects.path("shop/link")).unwrap();
    symlink(projects.path("shop"), projects.path("alias")).unwrap();
    projects.start("alias");
    projects
        .run("shop/link", &["status"])
        .refused(3, &[text(&projects.config("blog"))]);
    assert_eq!(projects.status("shop/src"), "running");
    let again = projects.run("shop", &["serve"]);
    again.refused(1, &["runs already", text(&projects.config("shop"))]);
    projects.end("alias/src");
}

#[test]
fn without_any_configuration_one_may_look_at_the_only_session_and_not_touch_it() {
    let projects = Projects::new();
    projects.start("shop");
    let shop = projects.config("shop");
    for look in [&["status"][..], &["why"], &["logs"], &["wait"]] {
        let seen = projects.run("none", look);
        assert_eq!(seen.code, Some(0), "{seen:?}");
        let words = format!("the only session that runs is that of {}", text(&shop));
        assert!(seen.stderr.contains(&words), "{seen:?}");
    }
    for change in [&["stop", "api"][..], &["restart", "--all"], &["down"]] {
        projects
            .run("none", change)
            .refused(2, &["no configuration", text(&shop), "-c"]);
    }
    projects.start("blog");
    for any in [&["status"][..], &["stop", "api"]] {
        let words = ["several sessions run", text(&shop)];
        projects.run("none", any).refused(2, &words);
    }
    assert_eq!(projects.status("shop"), "running");
    projects.end("shop");
    projects.end("blog");
}

#[test]
fn logs_answers_from_the_files_of_the_project() {
    let projects = Projects::with(&json!({
        "logs": {"dir": "logs"},
        "services": {"api": {"cmd": ["sh", "-c", "echo hello; exec sleep 1000"]}},
    }));
    projects.start("blog");
    projects.start("shop");
    projects.end("shop");
    let logs = projects.run("shop/src", &["logs"]);
    assert_eq!(logs.code, Some(0), "{logs:?}");
    assert!(logs.stdout.contains("hello"), "{logs:?}");
    projects.end("blog");
    // Of a session that cannot be reached, too.
    let serve = projects.start_without_api("shop");
    let logs = projects.run("shop/src", &["logs"]);
    assert_eq!(logs.code, Some(0), "{logs:?}");
    serve.signal(Signal::SIGTERM);
    assert_eq!(serve.finish().code, Some(0));
}

#[test]
fn what_starts_something_takes_a_configuration_above_for_none_and_names_it() {
    let projects = Projects::new();
    let shop = projects.config("shop");
    for command in [
        &["serve"][..],
        &["serve", "--detach"],
        &["run", "--", "true"],
        &["plan"],
        &["validate"],
    ] {
        let refused = projects.run("shop/src", command);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        let words = format!("{} is above it", text(&shop));
        assert!(refused.stderr.contains(&words), "{refused:?}");
    }
    let init = projects.run("shop/src", &["init", "--template"]);
    assert_eq!(init.code, Some(0), "{init:?}");
    assert!(init.stderr.contains(text(&shop)), "{init:?}");
    let refused = projects.run("none", &["plan"]);
    assert!(refused.stderr.contains("none was named"), "{refused:?}");
}

#[test]
fn a_session_without_an_address_is_seen_and_not_started_again() {
    let projects = Projects::new();
    let serve = projects.start_without_api("shop");
    let listed = projects.run("none", &["sessions", "--json"]).json();
    let session = &listed["sessions"][0];
    assert_eq!(session["config"], text(&projects.config("shop")));
    assert_eq!(session["address"], Value::Null);
    assert_eq!(session["pid"], serve.pid());
    let pid = format!("kill {}", serve.pid());
    for (arguments, code) in [
        (&["serve"][..], 1),
        (&["serve", "-s", "127.0.0.1:0"], 1),
        (&["serve", "--detach"], 1),
        (&["run", "--", "true"], 125),
        (&["down"], 1),
        (&["status"], 3),
        (&["stop", "api"], 3),
        (&["wait"], 3),
    ] {
        let refused = projects.run("shop", arguments);
        refused.refused(code, &["without an address", &pid]);
    }
    assert!(serve.is_running());
    serve.signal(Signal::SIGTERM);
    assert_eq!(serve.finish().code, Some(0));
    projects.start("shop");
    projects.end("shop");
}

#[test]
fn of_many_that_serve_a_configuration_at_once_one_does() {
    let projects = Projects::new();
    symlink(projects.path("shop"), projects.path("alias")).unwrap();
    let serve = |number: u32| {
        let directory = ["shop", "alias"][number as usize % 2];
        let arguments: &[&str] = match number % 3 {
            0 => &["serve"],
            1 => &["serve", "-s", "127.0.0.1:0"],
            _ => &["serve", "-c", "./flowlayer.jsonc", "-s", "0"],
        };
        Child::spawn(projects.command(directory, arguments))
    };
    let all: Vec<Child> = (0..8).map(serve).collect();
    let running = until("all others to end", || {
        let running: Vec<&Child> = all.iter().filter(|serve| serve.is_running()).collect();
        match running[..] {
            [one] => Ok(one),
            _ => Err(running.len()),
        }
    });
    running.wait_for_line("STARTUP COMPLETE");
    for serve in all.iter().filter(|serve| serve.pid() != running.pid()) {
        let words = format!("runs already (pid {}, started", running.pid());
        serve.wait_for_end().refused(1, &[&words]);
    }
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait_for_end().code, Some(0));
}

#[test]
fn a_second_one_in_the_foreground_says_how_the_first_is_reached() {
    let projects = Projects::new();
    projects.start("shop");
    let words = [
        "runs already",
        "started",
        "`flowlayer tui`",
        "`flowlayer down`",
    ];
    projects.run("shop", &["serve"]).refused(1, &words);
    let config = projects.config("shop");
    let named = format!("`flowlayer down -c {}`", text(&config));
    projects
        .run("none", &["serve", "-c", text(&config)])
        .refused(1, &["runs already", &named]);
    projects.end("shop");
}

#[test]
fn an_address_in_use_names_the_session_that_has_it() {
    let address = format!("127.0.0.1:{}", free_port());
    let projects = Projects::with(&json!({"session": {"bind": address}}));
    projects.start("shop");
    let shop = projects.config("shop");
    for arguments in [&["serve"][..], &["serve", "--detach"]] {
        let refused = projects.run("blog", arguments);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        let words = format!("the session of {} (pid ", text(&shop));
        assert!(refused.stderr.contains(&words), "{refused:?}");
    }
    // The address stands in the file, and is that of another configuration's session.
    projects
        .run("blog/src", &["stop", "api"])
        .refused(3, &[text(&shop), "has this address"]);
    assert_eq!(projects.status("shop"), "running");
    projects.end("shop");
}

#[test]
fn where_nothing_can_be_registered_it_warns_and_serves() {
    let projects = Projects::new();
    let address = format!("127.0.0.1:{}", free_port());
    let mut serve = projects.command("shop", &["serve", "-s", &address, "--token", "secret"]);
    serve
        .env("XDG_RUNTIME_DIR", "/dev/null")
        .env("TMPDIR", "/dev/null");
    let serve = Child::spawn(serve);
    serve.wait_for_line("STARTUP COMPLETE");
    serve.wait_for_complaint("warning: this session is not registered");
    let arguments = ["status", "--addr", &address, "--token", "secret"];
    assert_eq!(projects.run("none", &arguments).code, Some(0));
    serve.signal(Signal::SIGTERM);
    assert_eq!(serve.finish().code, Some(0));
}

#[test]
fn what_a_killed_session_leaves_keeps_nobody_from_the_next() {
    let projects = Projects::new();
    let serve = projects.start_without_api("shop");
    for process in projects.0.processes() {
        let pid = Pid::from_raw(i32::try_from(process.pid).unwrap());
        // One may have ended with another.
        let _ = kill(pid, Signal::SIGKILL);
    }
    assert_eq!(serve.finish().signal, Some(9));
    let serve = projects.start_without_api("shop");
    let listed = projects.run("none", &["sessions", "--json"]).json();
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 1);
    serve.signal(Signal::SIGTERM);
    assert_eq!(serve.finish().code, Some(0));
}

#[test]
fn the_cockpit_waits_for_its_own_project_and_offers_the_others() {
    let projects = Projects::new();
    projects.start("blog");
    let mut tui = projects.command("shop/src", &["tui"]);
    tui.env("TZ", "UTC");
    let mut tui = Terminal::run(&tui, 30, 160);
    let shop = projects.config("shop");
    tui.wait_for_text(&format!("no session of {} runs", text(&shop)));
    tui.wait_for_text("flowlayer up");
    tui.wait_for_text(text(&projects.config("blog")));
    projects.start("shop");
    tui.type_keys("R");
    let screen = tui.wait_for_text("● connected");
    assert!(screen.has("shop"), "{screen:?}");
    projects.end("shop");
    tui.type_keys("o");
    tui.wait_for_text("blog");
    tui.type_keys("\r");
    tui.wait_for("the other project", |screen| {
        screen.has("● connected") && screen.has("blog")
    });
    tui.type_keys("q");
    assert_eq!(tui.wait_for_end().code, Some(0));
    projects.end("blog");
}
