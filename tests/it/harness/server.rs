//! A running `flowlayer serve`.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::child::{Child, Finished};
use super::client::Client;
use super::flowlayer_in;
use super::processes::{self, Process};
use super::stack::{Home, TOKEN};

/// A server that a test started. On drop it is ended, and whatever it left behind fails the test.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    home: Home,
}

impl Server {
    pub(super) fn new(child: Child, home: Home) -> Self {
        Self { child, home }
    }

    /// The directory with the configuration.
    pub(crate) fn path(&self) -> &Path {
        self.home.directory.path()
    }

    /// The process that was started, with what it prints.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The id of the process that was started.
    pub(crate) fn child_pid(&self) -> u32 {
        self.child.pid()
    }

    /// Waits for a line on its standard output that contains the text.
    #[track_caller]
    pub(crate) fn wait_for_line(&self, text: &str) -> String {
        self.child.wait_for_line(text)
    }

    /// Starts it once more after its end, at the same address.
    #[track_caller]
    pub(crate) fn start_again(&mut self) {
        assert!(!self.child.is_running(), "it runs still");
        self.child = Child::spawn(self.home.command());
    }

    /// The id of the process that serves, below the guardian, which is the one that was started.
    #[track_caller]
    pub(crate) fn serving_pid(&self) -> u32 {
        let all = self.servers();
        let serving = all.iter().find(|process| process.pid != self.child_pid());
        serving.expect("both live").pid
    }

    /// Ends the process that serves with a SIGKILL: the guardian takes everything down.
    #[track_caller]
    pub(crate) fn kill_serving(&self) {
        let pid = Pid::from_raw(self.serving_pid().cast_signed());
        kill(pid, Signal::SIGKILL).unwrap();
    }

    /// The same, and waits until the guardian has done so.
    #[track_caller]
    pub(crate) fn crash(&self) -> Finished {
        self.kill_serving();
        self.wait_for_end()
    }

    /// Waits until the boot has ended well.
    #[track_caller]
    pub(crate) fn booted(self) -> Self {
        let summary = self.wait_for_line("STARTUP ");
        assert_eq!(
            summary,
            "STARTUP COMPLETE — runtime active",
            "{}",
            self.child.transcript()
        );
        self
    }

    /// What it printed until now.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.child.lines()
    }

    /// The lines of the server itself, without the output of services.
    pub(crate) fn own_lines(&self) -> Vec<String> {
        let is_own = |line: &String| line.starts_with("[flowlayer]") || line.starts_with("STARTUP");
        self.lines().into_iter().filter(is_own).collect()
    }

    /// Where its session API is.
    pub(crate) fn address(&self) -> &str {
        self.home.address.as_deref().unwrap()
    }

    /// Connects a client with the stack's token, as soon as the server accepts one.
    #[track_caller]
    pub(crate) fn connect(&self) -> Client {
        self.connect_with(TOKEN)
    }

    /// Connects a client with this token.
    #[track_caller]
    pub(crate) fn connect_with(&self, token: &str) -> Client {
        Client::connect(self.address(), token, || self.child.is_running())
    }

    /// A command line of a client that finds this server's session: in its directory, with its
    /// session files.
    pub(crate) fn client(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = flowlayer_in(self.path());
        command.args(arguments);
        command
    }

    /// Runs such a command line to its end.
    #[track_caller]
    pub(crate) fn run(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Finished {
        Child::spawn(self.client(arguments)).finish()
    }

    /// Sends a signal to the process that was started.
    pub(crate) fn signal(&self, signal: Signal) {
        self.child.signal(signal);
    }

    /// Ends the server with a SIGTERM and waits for that.
    #[track_caller]
    pub(crate) fn stop(&self) -> Finished {
        self.signal(Signal::SIGTERM);
        self.wait_for_end()
    }

    /// Waits for its end; nothing of it may be left then.
    #[track_caller]
    pub(crate) fn wait_for_end(&self) -> Finished {
        let finished = self.child.wait_for_end();
        let left = self.home.processes();
        assert!(
            left.is_empty(),
            "left behind: {left:#?}\n{}",
            self.child.transcript()
        );
        finished
    }

    /// The living processes of its services.
    pub(crate) fn services(&self) -> Vec<Process> {
        let all = self.home.processes();
        all.into_iter()
            .filter(|process| process.is_of_service)
            .collect()
    }

    /// The living processes of the server itself, the one that was started among them.
    pub(crate) fn servers(&self) -> Vec<Process> {
        let all = self.home.processes();
        all.into_iter()
            .filter(|process| !process.is_of_service)
            .collect()
    }

    /// Waits until something is true of all its processes.
    #[track_caller]
    pub(crate) fn wait_for_processes(
        &self,
        what: &str,
        is_so: impl Fn(&[Process]) -> bool,
    ) -> Vec<Process> {
        processes::wait(&self.home.identity, what, is_so)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that has failed already needs no second reason.
        if !std::thread::panicking() {
            if self.child.is_running() {
                self.stop();
            }
            self.home.assert_nothing_left();
        }
    }
}
