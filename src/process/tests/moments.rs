//! Server or guardian killed at any moment of starting, running and stopping.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::harness::{Driver, Service, Setup, process_test, signal};

/// How many moments, unless the environment says otherwise.
const MOMENTS: u64 = 15;
/// The longest time, in microseconds, until the kill.
const SPAN: u64 = 60_000;

/// What services do to make it hard.
const SCRIPTS: [&str; 6] = [
    "exec sleep TOKEN",
    "setsid sleep TOKEN & sleep TOKEN & wait",
    "(env -i setsid sh -c 'exec sleep TOKEN' </dev/null >/dev/null 2>&1 &); exec sleep TOKEN",
    "trap '' TERM; while :; do sleep 0.01; setsid sleep TOKEN & done",
    "setsid sh -c 'trap \"\" TERM; sleep TOKEN' & exit 0",
    "kill -STOP $$; exec sleep TOKEN",
];

/// Numbers that look random and are the same each time.
fn shuffled(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

fn moments() -> u64 {
    std::env::var("MOMENTS").map_or(MOMENTS, |number| number.parse().unwrap())
}

#[track_caller]
fn kill_at_a_moment(setup: &Setup, seed: u64, victim: impl Fn(&Driver) -> u32) {
    let mut driver = Driver::start(setup);
    for (number, script) in SCRIPTS.into_iter().enumerate() {
        driver.begin(&Service {
            wave: number % 3,
            grace: 100,
            ..Service::new(number, script)
        });
    }
    let stopped = shuffled(seed) % 12;
    if stopped < 6 {
        driver.order(&format!("down\t{stopped}\tterm"));
    }
    std::thread::sleep(Duration::from_micros(shuffled(seed + 1000) % SPAN));
    signal(victim(&driver), Signal::SIGKILL);
    driver.wait();
    driver.nothing_left_soon();
}

process_test! {
    fn the_server_is_killed_at_any_moment(setup: Setup) {
        for seed in 0..moments() {
            kill_at_a_moment(&setup, seed, |driver| driver.server);
        }
    }
}

process_test! {
    fn the_guardian_is_killed_at_any_moment(setup: Setup) {
        for seed in 0..moments() {
            kill_at_a_moment(&setup, seed, Driver::guardian);
        }
    }
}
