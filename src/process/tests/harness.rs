//! What tests hold: a driver, its lines, and the search for what is left.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};

use super::driver;
use crate::process::system::{self, pid};

/// Longer than anything takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// A test that runs in a copy of this binary and in the test itself.
macro_rules! process_test {
    ($(#[$meta:meta])* fn $name:ident($setup:ident: Setup) $body:block) => {
        $(#[$meta])*
        #[test]
        fn $name() {
            let name = concat!(module_path!(), "::", stringify!($name));
            $crate::process::tests::harness::run_with(name, |$setup| $body);
        }
    };
    ($(#[$meta:meta])* fn $name:ident($driver:ident) $body:block) => {
        $(#[$meta])*
        #[test]
        fn $name() {
            let name = concat!(module_path!(), "::", stringify!($name));
            $crate::process::tests::harness::run(name, |$driver| $body);
        }
    };
}
pub(super) use process_test;

/// Runs a test, or, in the copy, what it drives.
#[track_caller]
pub(super) fn run(name: &str, test: impl FnOnce(&mut Driver)) {
    run_with(name, |setup| {
        let mut driver = Driver::start(&setup);
        test(&mut driver);
        driver.end();
    });
}

/// The same for a test that starts its drivers itself.
#[track_caller]
pub(super) fn run_with(name: &str, test: impl FnOnce(Setup)) {
    if std::env::var_os(driver::VARIABLE).is_some() {
        driver::drive();
    }
    test(Setup::new(name));
}

/// How a driver is started.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) name: String,
    /// So many hundreds of kilobytes of environment.
    pub(super) ballast: usize,
    /// A shell script that execs the driver (`"$@"`) in its own way.
    pub(super) through: Option<&'static str>,
}

impl Setup {
    pub(super) fn new(name: &str) -> Self {
        let name = name.split_once("::").expect("a path").1;
        Self {
            name: name.to_owned(),
            ballast: 0,
            through: None,
        }
    }
}

/// A guardian and a server, under orders.
pub(super) struct Driver {
    child: Child,
    orders: Option<ChildStdin>,
    lines: Receiver<String>,
    pub(super) server: u32,
    /// In everything that the test starts, one way or another.
    pub(super) token: String,
    next_life: u64,
    /// Lines that nobody has waited for yet.
    came: Vec<String>,
}

static TOKENS: AtomicU32 = AtomicU32::new(0);

impl Driver {
    #[track_caller]
    pub(super) fn start(setup: &Setup) -> Self {
        let number = TOKENS.fetch_add(1, Ordering::Relaxed);
        // A number, so that it can be a time to sleep.
        let token = format!("{}{number:05}", std::process::id());
        let exe = std::env::current_exe().expect("it runs");
        let mut command = match setup.through {
            None => Command::new(&exe),
            Some(script) => {
                let mut command = Command::new("sh");
                command.args(["-c", script, "sh"]).arg(&exe);
                command
            }
        };
        let mut child = command
            .args(["--exact", &setup.name, "--nocapture", "--test-threads=1"])
            .env(driver::VARIABLE, "1")
            .env("BALLAST", setup.ballast.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a copy of this binary runs");
        let (lines, received) = channel();
        pass_on(child.stdout.take().expect("piped"), lines.clone());
        pass_on(child.stderr.take().expect("piped"), lines);
        let mut driver = Self {
            orders: child.stdin.take(),
            child,
            lines: received,
            server: 0,
            token: token.clone(),
            next_life: 1,
            came: Vec::new(),
        };
        driver.order(&token);
        let line = driver.expect(|line| line.contains("server "));
        driver.server = line
            .rsplit(' ')
            .next()
            .and_then(|pid| pid.parse().ok())
            .expect("a pid");
        driver
    }

    pub(super) fn guardian(&self) -> u32 {
        self.child.id()
    }

    /// Sends a line.
    pub(super) fn order(&mut self, line: &str) {
        let orders = self.orders.as_mut().expect("not ended");
        // A driver that is gone shows in what it does not answer.
        let _ = writeln!(orders, "{line}");
    }

    /// Starts a service and waits until it runs; returns the number of its life.
    #[track_caller]
    pub(super) fn service(&mut self, service: usize, script: &str) -> u64 {
        let life = self.begin(&Service::new(service, script));
        self.expect(|line| line.starts_with(&format!("spawned {life} ")));
        life
    }

    /// Starts a service.
    pub(super) fn begin(&mut self, service: &Service<'_>) -> u64 {
        let life = self.next_life;
        self.next_life += 1;
        let up = if service.up_after_success { "up" } else { "" };
        let script = service.script.replace("TOKEN", &self.token);
        let stop = service.stop.replace("TOKEN", &self.token);
        assert!(!script.contains(['\n', '\t']));
        self.order(&format!(
            "spawn\t{life}\t{}\t{}\t{}\t{}\t{up}\t{}\t{}\t{stop}\t{script}",
            service.number,
            service.role,
            service.wave,
            service.grace,
            service.signal,
            service.scope
        ));
        life
    }

    /// Waits for a line; others that come before it can still be waited for. Only lines about the same
    /// service come in an order that means something: what a service says is copied by other threads.
    #[track_caller]
    pub(super) fn expect(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        if let Some(at) = self.came.iter().position(|line| wanted(line)) {
            return self.came.remove(at);
        }
        let deadline = Instant::now() + DEADLINE;
        loop {
            let rest = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(rest) {
                Ok(line) if wanted(&line) => return line,
                Ok(line) => self.came.push(line),
                Err(RecvTimeoutError::Timeout) => panic!("did not come; came: {:#?}", self.came),
                Err(RecvTimeoutError::Disconnected) => panic!("it ended; came: {:#?}", self.came),
            }
        }
    }

    #[track_caller]
    pub(super) fn expect_line(&mut self, line: &str) {
        self.expect(|came| came == line);
    }

    /// Takes a service down and waits until it is gone.
    #[track_caller]
    pub(super) fn down(&mut self, service: usize, mode: &str) {
        self.order(&format!("down\t{service}\t{mode}"));
        self.expect_line(&format!("gone {service}"));
    }

    /// Waits until guardian and server have ended, without having asked for it.
    #[track_caller]
    pub(super) fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + DEADLINE;
        while let Ok(_) | Err(RecvTimeoutError::Timeout) = self
            .lines
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            assert!(Instant::now() < deadline, "it does not end");
        }
        self.child.wait().expect("it is our child")
    }

    /// Ends the session as it should be ended.
    #[track_caller]
    pub(super) fn end(mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.order("finish");
            self.expect_line("finished []");
            assert_eq!(self.wait().code(), Some(0));
        }
        self.nothing_left();
    }

    /// Looks for what should be gone.
    #[track_caller]
    pub(super) fn nothing_left(&self) {
        let left = self.left();
        assert!(left.is_empty(), "left: {left:#?}");
    }

    /// Waits until nothing is left.
    #[track_caller]
    pub(super) fn nothing_left_soon(&self) {
        eventually("nothing is left", || self.left().is_empty());
    }

    /// Processes that carry the token in their arguments or their environment.
    pub(super) fn left(&self) -> Vec<String> {
        carrying(&self.token)
    }

    /// Waits until just so many processes carry the token, all of them sleep, and all are children of the
    /// server: whatever leads there is over.
    #[track_caller]
    pub(super) fn sleepers(&self, count: usize) {
        let sleep = format!(" sleep {} ", self.token);
        let settled = |words: &String| {
            let pid = words.split(' ').next().and_then(|pid| pid.parse().ok());
            let process = pid.and_then(|pid| system::find(pid).ok().flatten());
            words.ends_with(&sleep) && process.is_some_and(|p| p.parent == self.server)
        };
        eventually("all sleep", || {
            let left = self.left();
            left.len() == count && left.iter().all(settled)
        });
    }
}

/// Passes on lines until there are no more.
fn pass_on(from: impl Read + Send + 'static, lines: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let _ = lines.send(line);
        }
    });
}

/// Sends a signal to what a test has started.
pub(super) fn signal(to: u32, signal: Signal) {
    let _ = kill(pid(to), signal);
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The driver kills everything when its orders end.
        drop(self.orders.take());
        if std::thread::panicking() {
            let _ = kill(pid(self.guardian()), Signal::SIGCONT);
        }
        let _ = self.child.wait();
    }
}

/// A service to be started.
pub(super) struct Service<'a> {
    pub(super) number: usize,
    pub(super) role: &'a str,
    pub(super) script: &'a str,
    pub(super) wave: usize,
    /// In milliseconds.
    pub(super) grace: u64,
    pub(super) signal: &'a str,
    pub(super) scope: &'a str,
    pub(super) stop: &'a str,
    pub(super) up_after_success: bool,
}

impl<'a> Service<'a> {
    pub(super) fn new(number: usize, script: &'a str) -> Self {
        Self {
            number,
            role: "service",
            script,
            wave: 0,
            grace: 8000,
            signal: "SIGTERM",
            scope: "group",
            stop: "",
            up_after_success: false,
        }
    }
}

/// Processes with this in their arguments or their environment, with what they are.
pub(super) fn carrying(token: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("/proc").flatten() {
        let path = entry.path();
        let has = |file: &str| {
            let bytes = fs::read(path.join(file)).unwrap_or_default();
            bytes
                .windows(token.len())
                .any(|part| part == token.as_bytes())
        };
        if has("cmdline") || has("environ") {
            let words = fs::read(path.join("cmdline")).unwrap_or_default();
            let words = String::from_utf8_lossy(&words).replace('\0', " ");
            found.push(format!("{} {words}", entry.file_name().display()));
        }
    }
    found
}

/// Asks again and again until something is true.
#[track_caller]
pub(super) fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !is() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::yield_now();
    }
}

/// Starts a service and waits until it says that it is ready; returns the number of its life.
#[track_caller]
pub(super) fn ready(driver: &mut Driver, service: &Service<'_>) -> u64 {
    let life = driver.begin(service);
    driver.expect_line(&format!("out {life} ready"));
    life
}
