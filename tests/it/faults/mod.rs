//! Whatever goes wrong around a server: disks, limits of the system, clients, services, other users, the
//! clock. After each: nothing is left, the server lives or is cleanly gone, the log files are whole.

mod clients;
mod clock;
mod disk;
mod limits;
mod secrets;
mod services;
mod slow;
mod users;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Server, TOKEN, flowlayer, journal, through};

/// Ends a server: well, and with log files in which nothing is missing.
#[track_caller]
fn ends_well(server: &Server) {
    let end = server.stop();
    assert_eq!(end.code, Some(0), "{}\n{}", end.stdout, end.stderr);
    contiguous(&server.path().join("logs"));
}

/// Whether the binary runs when started through this command.
fn runs_through(before: &[&str]) -> bool {
    let mut version = through(before, &flowlayer());
    let out = version.arg("--version").output();
    out.is_ok_and(|out| out.status.success())
}

/// A connection and what is said on it first.
fn say(server: &Server, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

/// A WebSocket up to the first bytes that come.
fn upgrade(server: &Server) -> TcpStream {
    let mut stream = say(
        server,
        &format!(
            "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
             Authorization: Bearer {TOKEN}\r\n\r\n"
        ),
    );
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 101");
    stream
}

/// Reads until the other end closes; how long that took.
#[track_caller]
fn closed_after(mut stream: TcpStream) -> Duration {
    let began = Instant::now();
    // No limit of the server's is longer.
    stream
        .set_read_timeout(Some(Duration::from_secs(100)))
        .unwrap();
    loop {
        match stream.read(&mut [0; 4096]) {
            Ok(0) => return began.elapsed(),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return began.elapsed(),
            Err(error) => panic!("not closed: {error}"),
        }
    }
}

/// Every number once, from the first that is there; what one file says of it the other says too. Returns the
/// entries of all services.
#[track_caller]
fn contiguous(directory: &Path) -> Vec<Value> {
    let mut files = journal::entries_of(directory);
    let all = files.remove("all").unwrap_or_default();
    let seq = |entry: &Value| entry["seq"].as_u64().unwrap();
    for two in all.windows(2) {
        assert_eq!(seq(&two[0]) + 1, seq(&two[1]), "a hole");
    }
    for (name, entries) in files {
        let of_it: Vec<&Value> = all
            .iter()
            .filter(|entry| entry["service"] == *name)
            .collect();
        // Older ones may be cut by size in one file and not yet in the other.
        let common = of_it.len().min(entries.len());
        let tail = &entries[entries.len() - common..];
        assert!(
            tail.iter()
                .eq(of_it[of_it.len() - common..].iter().copied()),
            "{name}.jsonl differs from all.jsonl"
        );
    }
    all
}
