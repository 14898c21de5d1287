//! The same in the middle of a reload: while services are being stopped, and just when a new one is spawned.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Dice, Trial, Victim, moments_and_seed};
use crate::harness::{Child, flowlayer_in, free_port};

/// How many moments, unless the environment says otherwise.
const MOMENTS: u64 = 5;

/// What the configuration becomes: one service less, one more, and others that restart.
fn edited(config: &str, asleep: &str) -> String {
    let mut config: Value = serde_json::from_str(config).expect("the configuration of the stack");
    let services = config["services"].as_object_mut().expect("services");
    services.remove("top").expect("one to remove");
    for name in ["base", "wild", "stubborn", "polite"] {
        services[name]["env"] = json!({ "EDITED": "1" });
    }
    let script = format!(
        "echo > spawned; setsid sleep {asleep} & (env -i setsid sleep {asleep} </dev/null >/dev/null 2>&1 &); \
         sleep {asleep}; :"
    );
    services.insert(
        "late".to_owned(),
        json!({ "cmd": ["sh", "-c", script], "dependsOn": ["base"] }),
    );
    config.to_string()
}

/// Starts the stack, reloads it, kills the victim at one of two kinds of moments, and checks what is left.
fn reload_and_kill(trial: &Trial, config: &str, dice: &mut Dice, victim: Victim) {
    let path = trial.path().join("flowlayer.jsonc");
    for file in ["order", "polite.pid", "spawned"] {
        let _ = fs::remove_file(trial.path().join(file));
    }
    fs::write(&path, config).expect("the configuration");
    let child = Child::spawn(trial.command());
    child.wait_for_line("STARTUP COMPLETE");
    fs::write(&path, edited(config, &trial.asleep)).expect("the edited configuration");
    let mut reload = flowlayer_in(trial.path());
    reload.args(["reload", "--yes"]);
    let reload = Child::spawn(reload);
    if dice.below(2) == 0 {
        child.wait_for_line("→ stopping");
        std::thread::sleep(dice.micros(150));
    } else {
        let spawned = trial.path().join("spawned");
        let deadline = Instant::now() + Duration::from_secs(20);
        while !spawned.exists() {
            assert!(Instant::now() < deadline, "{}", child.transcript());
            std::thread::yield_now();
        }
        std::thread::sleep(dice.micros(3));
    }
    trial.kill(&child, victim);
    // Its connection is lost, unless it was over before.
    reload.finish();
}

fn kill_at_moments_of_reloads(victim: Victim) {
    let (moments, seed) = moments_and_seed(victim, MOMENTS);
    let trial = Trial::new(format!("7{}{}.25", std::process::id(), free_port()), false);
    let config = fs::read_to_string(trial.path().join("flowlayer.jsonc")).expect("a file");
    for moment in 0..moments {
        println!("moment {moment}");
        let mut dice = Dice(seed.wrapping_add(moment << 32));
        reload_and_kill(&trial, &config, &mut dice, victim);
    }
}

#[test]
fn the_server_is_killed_while_it_reloads() {
    kill_at_moments_of_reloads(Victim::Server);
}

#[test]
fn the_guardian_is_killed_while_the_server_reloads() {
    kill_at_moments_of_reloads(Victim::Guardian);
}
