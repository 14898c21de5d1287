//! Real processes. Each test runs a copy of this test binary as a driver, which is a guardian and a server
//! with nothing above them; the test tells it what to do, line by line, and reads what happened. At the
//! end of each test nothing that carries its token may be left.

mod descendants;
mod diary;
mod driver;
#[cfg(target_os = "linux")]
mod fork_chains;
mod guarding;
mod harness;
mod moments;
mod spawning;
mod stopping;
