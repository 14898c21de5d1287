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

use std::path::Path;

use serde_json::Value;

use crate::harness::{Server, journal};

/// Ends a server: well, and with log files in which nothing is missing.
#[track_caller]
fn ends_well(server: &Server) {
    let end = server.stop();
    assert_eq!(end.code, Some(0), "{}\n{}", end.stdout, end.stderr);
    contiguous(&server.path().join("logs"));
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
