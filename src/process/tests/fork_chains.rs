//! Processes that replace themselves faster than a scan lists them: each forks, goes on in the child, in a session of
//! its own, and ends. A copy of this test binary is the service.

use std::time::{Duration, Instant};

use nix::libc;
use nix::sys::signal::Signal;

use super::harness::{Service, process_test, ready, signal};

/// Set for the copy that is the service.
const VARIABLE: &str = "FLOWLAYER_TEST_FORK_CHAINS";
/// How many chains it begins, unless `FLOWLAYER_CHAINS` says otherwise.
const CHAINS: usize = 16;
/// When they end by themselves, so that a failure leaves nothing.
const LIFETIME: Duration = Duration::from_secs(20);

/// With so many processes on the machine they pause: zombies that wait for a busy reaper must not fill the table of
/// processes, which everybody needs.
const CROWDED: u16 = 8_000;

/// How many processes and threads there are.
fn processes() -> u16 {
    // SAFETY: all zeros are a value of this struct, which the call fills in.
    unsafe {
        let mut info: libc::sysinfo = std::mem::zeroed();
        libc::sysinfo(&raw mut info);
        info.procs
    }
}

/// Not a test, but the service of those below.
#[test]
fn fork_chains() {
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    // The least urgent work of the machine: it ends what it outruns, and other tests go on.
    // SAFETY: changes the priority of this process alone.
    unsafe { libc::nice(19) };
    let end = Instant::now() + LIFETIME;
    for signal in 1..64 {
        // SAFETY: no handler is set.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
    let chains = std::env::var("FLOWLAYER_CHAINS");
    let chains = chains.map_or(CHAINS, |chains| chains.parse().expect("a number"));
    for _ in 0..chains {
        // SAFETY: the child calls what may be called after a fork, and never returns.
        unsafe {
            if libc::fork() == 0 {
                while Instant::now() < end {
                    if processes() > CROWDED {
                        libc::usleep(20_000);
                        continue;
                    }
                    match libc::fork() {
                        0 => drop(libc::setsid()),
                        child if child > 0 => libc::_exit(0),
                        _ => {}
                    }
                }
                libc::_exit(0);
            }
        }
    }
    // The harness has begun a line.
    println!("\nready");
    std::thread::sleep(LIFETIME);
}

fn script() -> String {
    let exe = std::env::current_exe().expect("it runs");
    let name = concat!(module_path!(), "::fork_chains");
    let name = name.split_once("::").expect("a path").1;
    let exe = exe.display();
    format!("{VARIABLE}=1 exec {exe} --exact {name} --nocapture --test-threads=1; : TOKEN")
}

process_test! {
    fn chains_of_one_service_are_killed_and_the_others_stay(driver) {
        driver.service(1, "exec sleep TOKEN");
        ready(driver, &Service::new(0, &script()));
        driver.down(0, "kill");
        assert_eq!(driver.left().len(), 1, "the other service");
        driver.down(1, "term");
    }
}

process_test! {
    fn chains_end_with_the_session_and_leave_no_zombies(driver) {
        ready(driver, &Service::new(0, &script()));
        driver.order("killall");
        driver.order("finish");
        driver.expect_line("finished []");
        driver.wait();
        driver.nothing_left();
    }
}

process_test! {
    fn the_guardian_ends_them_too(driver) {
        ready(driver, &Service { grace: 100, ..Service::new(0, &script()) });
        signal(driver.server, Signal::SIGKILL);
        assert_eq!(driver.wait().code(), Some(1));
        driver.nothing_left();
    }
}
