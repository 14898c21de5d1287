//! Server or guardian killed with SIGKILL at random moments of boot, run, reload and stop: nothing is left,
//! the order and the stop commands are kept, and the log files are whole
//! (docs/lifecycle.md, The guardian; docs/logs.md, What the files promise).
//!
//! `FLOWLAYER_KILLS` sets how many moments each of them is killed at, `FLOWLAYER_SEED` which ones; a failure
//! names both.

mod reloads;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::harness::{Child, Finished, Home, Stack, free_port, journal, through};

/// How many moments, unless the environment says otherwise.
const MOMENTS: u64 = 25;

/// Numbers that look random and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ x >> 31) % limit
    }

    fn micros(&mut self, limit_ms: u64) -> Duration {
        Duration::from_micros(self.below(limit_ms * 1000))
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}

/// A stack of services that make it hard. `asleep` is an argument that everything of it sleeps with, so that
/// it can be found whatever it does with its environment. What is stopped in an orderly way notes its wave.
fn awkward(asleep: &str) -> Stack {
    let noting = |wave: u8| {
        format!("trap 'echo {wave} >> order; exit 0' TERM; while :; do sleep 0.02; done")
    };
    Stack::new()
        .field("logs", json!({ "dir": "logs" }))
        .shell("base", &noting(0), json!({}))
        .shell(
            "wild",
            &format!(
                "setsid sleep {asleep} & (setsid sh -c 'sleep {asleep} & sleep {asleep}' &); \
                 (env -i setsid sleep {asleep} </dev/null >/dev/null 2>&1 &); sleep {asleep}; :"
            ),
            json!({}),
        )
        .shell(
            "chatty",
            "while :; do echo one; echo two >&2; sleep 0.001; done",
            json!({}),
        )
        .shell(
            "stubborn",
            &format!("trap '' TERM; while :; do setsid sleep {asleep} & sleep 0.05; done"),
            json!({ "stopGraceMs": 100, "dependsOn": ["base"] }),
        )
        .shell(
            "polite",
            "echo $$ > polite.new; mv polite.new polite.pid; while :; do sleep 0.02; done",
            json!({
                "dependsOn": ["base"],
                "stopCmd": ["sh", "-c", "echo 1 >> order; kill -KILL $(cat polite.pid)"],
            }),
        )
        .shell(
            "migrate",
            &format!("(setsid sleep {asleep} &) ; echo migrated"),
            json!({ "kind": "oneshot", "dependsOn": ["polite"] }),
        )
        .shell("top", &noting(2), json!({ "dependsOn": ["polite"] }))
}

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Server,
    Guardian,
}

struct Trial {
    home: Home,
    command: Command,
    asleep: String,
}

impl Trial {
    fn new(asleep: String, tty: bool) -> Self {
        let stack = awkward(&asleep).each_service("tty", &json!(tty));
        let prepared = stack.prepare();
        Self {
            home: prepared.home,
            command: prepared.command,
            asleep,
        }
    }

    fn path(&self) -> &Path {
        self.home.directory.path()
    }

    /// The command once more.
    fn command(&self) -> Command {
        through(&[], &self.command)
    }

    /// What is left, by environment or by arguments.
    fn left(&self) -> Vec<String> {
        let mut left: Vec<String> = self
            .home
            .processes()
            .into_iter()
            .map(|process| format!("{} {}", process.pid, process.command))
            .collect();
        for entry in fs::read_dir("/proc").expect("a Linux").flatten() {
            let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            if command.contains(&self.asleep) {
                left.push(format!("{} {command}", entry.file_name().display()));
            }
        }
        left
    }

    /// Starts the stack, kills the victim after a random time, and checks what is left.
    fn run_and_kill(&self, dice: &mut Dice, victim: Victim) {
        for file in ["order", "polite.pid"] {
            let _ = fs::remove_file(self.path().join(file));
        }
        let child = Child::spawn(self.command());
        match dice.below(3) {
            0 => std::thread::sleep(dice.micros(150)),
            1 => {
                child.wait_for_line("STARTUP COMPLETE");
                std::thread::sleep(dice.micros(30));
            }
            _ => {
                child.wait_for_line("STARTUP COMPLETE");
                child.signal(Signal::SIGTERM);
                std::thread::sleep(dice.micros(200));
            }
        }
        let end = self.kill(&child, victim);
        self.check_order(&end.stdout);
    }

    /// Kills the victim, and checks that nothing is left.
    fn kill(&self, child: &Child, victim: Victim) -> Finished {
        match victim {
            Victim::Server => {
                if let Some(server) = only_child(child) {
                    let _ = kill(Pid::from_raw(server), Signal::SIGKILL);
                }
            }
            Victim::Guardian => child.signal(Signal::SIGKILL),
        }
        // The server's end too, because it holds the same output.
        let end = child.wait_for_end();
        let mut left = self.left();
        if victim == Victim::Guardian {
            // The server, which is not our child, closes its output before it has ended.
            let deadline = Instant::now() + Duration::from_secs(5);
            while !left.is_empty() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(2));
                left = self.left();
            }
        }
        assert!(left.is_empty(), "left: {left:#?}\n{}", end.stdout);
        end
    }

    /// Waves went down in reverse, and the stop command ran if there was something to stop.
    fn check_order(&self, output: &str) {
        let order = fs::read_to_string(self.path().join("order")).unwrap_or_default();
        let waves: Vec<&str> = order.lines().collect();
        assert!(
            waves.is_sorted_by(|one, next| one >= next),
            "waves went down as {waves:?}\n{output}"
        );
        if self.path().join("polite.pid").exists() {
            assert!(waves.contains(&"1"), "stopCmd did not run\n{output}");
        }
    }
}

/// The server, as long as there is one.
fn only_child(guardian: &Child) -> Option<i32> {
    let pid = guardian.pid();
    let deadline = Instant::now() + Duration::from_secs(10);
    while guardian.is_running() && Instant::now() < deadline {
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let first = children.unwrap_or_default();
        if let Some(first) = first.split_whitespace().next() {
            return first.parse().ok();
        }
        std::thread::yield_now();
    }
    None
}

/// How many moments, by default so many, and which ones.
fn moments_and_seed(victim: Victim, default: u64) -> (u64, u64) {
    let moments = number("FLOWLAYER_KILLS").unwrap_or(default);
    let random = uuid::Uuid::new_v4().as_u64_pair().0 % 1_000_000;
    let seed = number("FLOWLAYER_SEED").unwrap_or(random);
    println!("{victim:?}: FLOWLAYER_KILLS={moments} FLOWLAYER_SEED={seed}");
    (moments, seed)
}

/// Kills one of the two at many moments, in the same directory, so that each server finds what the one before
/// it had to leave.
fn kill_at_many_moments(victim: Victim, tty: bool) {
    let (moments, seed) = moments_and_seed(victim, MOMENTS);
    let trial = Trial::new(format!("8{}{}.25", std::process::id(), free_port()), tty);
    for moment in 0..moments {
        println!("moment {moment}");
        trial.run_and_kill(&mut Dice(seed.wrapping_add(moment << 32)), victim);
    }
    // One that is left alone mends what the last one has torn.
    let last = Child::spawn(trial.command());
    last.wait_for_line("STARTUP COMPLETE");
    last.signal(Signal::SIGTERM);
    let end = last.wait_for_end();
    assert_eq!(end.code, Some(0), "{}", end.stdout);
    assert_eq!(trial.left(), [""; 0]);
    let sessions = usize::try_from(moments).expect("few") + 1;
    check_files(&trial.path().join("logs"), sessions);
}

/// Every line of every file is an entry; numbers grow, and jump only where a session ended.
fn check_files(directory: &Path, sessions: usize) {
    let files = journal::entries_of(directory);
    let all = &files["all"];
    let jumps = all
        .windows(2)
        .filter(|two| two[1]["seq"].as_u64() != two[0]["seq"].as_u64().map(|seq| seq + 1))
        .count();
    assert!(jumps < sessions, "{jumps} jumps in {sessions} sessions");
    let by_seq: BTreeMap<u64, &Value> = all
        .iter()
        .map(|entry| (entry["seq"].as_u64().expect("a number"), entry))
        .collect();
    assert_eq!(by_seq.len(), all.len(), "a number was used twice");
    for (name, entries) in files.iter().filter(|(name, _)| *name != "all") {
        for entry in entries {
            assert_eq!(entry["service"], json!(name));
            let seq = entry["seq"].as_u64().expect("a number");
            if let Some(same) = by_seq.get(&seq) {
                assert_eq!(*same, entry);
            }
        }
    }
}

#[test]
fn the_server_is_killed_at_any_moment() {
    kill_at_many_moments(Victim::Server, false);
}

#[test]
fn the_guardian_is_killed_at_any_moment() {
    kill_at_many_moments(Victim::Guardian, false);
}

#[test]
fn the_server_is_killed_while_services_have_terminals() {
    kill_at_many_moments(Victim::Server, true);
}

#[test]
fn the_guardian_is_killed_while_services_have_terminals() {
    kill_at_many_moments(Victim::Guardian, true);
}
