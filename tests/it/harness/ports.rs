//! Ports nobody listens on.

use std::collections::HashSet;
use std::net::TcpListener;
use std::sync::Mutex;

/// Ports given out in this run, so that two tests never get the same one.
static GIVEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

/// A TCP port that was free a moment ago. The system hands such ports out in turn, so that nobody
/// else gets it soon.
pub(crate) fn free_port() -> u16 {
    let mut given = GIVEN.lock().unwrap();
    let given = given.get_or_insert_default();
    // Held until one is new, so that the system does not offer the same again.
    let mut held = Vec::new();
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        held.push(listener);
        if given.insert(port) {
            return port;
        }
    }
}
