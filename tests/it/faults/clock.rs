//! A clock that is set forward and back while the server runs. The machine's own is not touched: a small
//! library between the server and the system adds what a file says.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use super::ends_well;
use crate::harness::{Stack, binary, skipped};

/// Stands before the system's `clock_gettime`: while the file named by `CLOCK_STEP` exists, it is a day later.
const SHIM: &str = r#"
use std::ffi::{c_char, c_int, c_long};
#[repr(C)]
pub struct Time { seconds: i64, nanos: c_long }
unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
    fn getenv(name: *const c_char) -> *const c_char;
    fn access(path: *const c_char, mode: c_int) -> c_int;
}
const NUMBER: c_long = if cfg!(target_arch = "x86_64") { 228 } else { 113 };
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: c_int, time: *mut Time) -> c_int {
    unsafe {
        let done = syscall(NUMBER, clock, time);
        let path = getenv(c"CLOCK_STEP".as_ptr());
        if done == 0 && clock == 0 && !path.is_null() && access(path, 0) == 0 {
            (*time).seconds += 86_400;
        }
        done as c_int
    }
}
"#;

/// The library, if this machine can make it.
fn shim(directory: &std::path::Path) -> Option<PathBuf> {
    let (source, library) = (directory.join("shim.rs"), directory.join("shim.so"));
    fs::write(&source, SHIM).unwrap();
    let made = Command::new("rustc")
        .args(["--edition", "2024", "--crate-type", "cdylib", "-O", "-o"])
        .args([&library, &source])
        .output();
    made.is_ok_and(|made| made.status.success())
        .then_some(library)
}

/// Whether a program names the interpreter that would load a library into it: next to its headers.
fn is_dynamic(program: &Path) -> bool {
    let mut head = Vec::new();
    let file = fs::File::open(program).unwrap();
    file.take(4096).read_to_end(&mut head).unwrap();
    head.windows(4).any(|window| window == b"/ld-")
}

#[test]
fn steps_of_the_clock_change_time_stamps_and_nothing_else() {
    let is_linux = cfg!(all(
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64")
    ));
    if !is_dynamic(binary()) {
        return skipped("steps of the clock", "a static program loads no library");
    }
    let scratch = tempfile::tempdir().unwrap();
    let Some(library) = is_linux.then(|| shim(scratch.path())).flatten() else {
        return skipped("steps of the clock", "rustc not found");
    };
    let step = scratch.path().join("step");
    let server = Stack::new()
        .field("logs", json!({ "dir": "logs" }))
        .shell("api", "while :; do echo tick; sleep 0.01; done", json!({}))
        .stubborn(300)
        .variable("LD_PRELOAD", &library)
        .variable("CLOCK_STEP", &step)
        .start()
        .booted();
    let mut client = server.connect();
    let mut wait_for_day = |tomorrow: bool| {
        let today = Instant::now();
        loop {
            let message = client.wait_for("a line", |message| message["name"] == "log");
            let at = message["payload"]["timestamp"].as_str().unwrap().to_owned();
            let at: jiff::Timestamp = at.parse().unwrap();
            let ahead = at.duration_since(jiff::Timestamp::now()).as_secs() > 40_000;
            if ahead == tomorrow {
                return;
            }
            assert!(
                today.elapsed() < Duration::from_secs(20),
                "the clock does not step"
            );
        }
    };
    wait_for_day(false);
    fs::write(&step, "").unwrap();
    wait_for_day(true);
    fs::remove_file(&step).unwrap();
    wait_for_day(false);
    // Waiting goes by another clock: a grace is neither a day longer nor over at once.
    fs::write(&step, "").unwrap();
    let began = Instant::now();
    let mut client = server.connect();
    assert!(
        client
            .command("stop_service", &json!({ "service": "stubborn" }))
            .is_ok()
    );
    let took = began.elapsed();
    assert!(
        took > Duration::from_millis(290) && took < Duration::from_secs(20),
        "{took:?}"
    );
    fs::remove_file(&step).unwrap();
    let reply = client.command("start_service", &json!({ "service": "stubborn" }));
    assert!(reply.is_ok(), "{reply:?}");
    ends_well(&server);
}
