//! Whether it is a stranger who answers a probe: somebody who listened on its port before the service was spawned
//! (docs/lifecycle.md, Probes).
//!
//! What began to listen later counts as the service's, whoever owns it, and so does a listener whose owner cannot be
//! told. Owners are looked up only when a probe passes on a port on which somebody listened.

use std::sync::Arc;

use crate::config::{ProbeOwner, Ready};
use crate::facts::Holder;
use crate::ports::{self, Socket};
use crate::process;

/// Programs that listen for containers, by the names of their processes.
const FORWARDERS: [&str; 8] = [
    "docker-proxy",
    "rootlesskit",
    "rootlessport",
    "gvproxy",
    "com.docker.backend",
    "slirp4netns",
    "pasta",
    // How it calls itself where the processor has AVX2.
    "pasta.avx2",
];

/// How much of its name the system shows of a process, in bytes.
const NAME_BYTES: usize = 15;

/// The port on which others may answer the probe of a service. None where that cannot be, because the port is the
/// service's own, on which nobody listens at its start, or does not matter.
pub(super) fn shared_port(ready: &Ready, own: Option<u16>) -> Option<u16> {
    let asked = ready
        .probe
        .port()
        .filter(|_| ready.owner == ProbeOwner::Service);
    asked.filter(|_| asked != own)
}

/// Those who listened on the port of a probe before its service was spawned.
#[derive(Debug, Clone, Default)]
pub(super) struct Earlier {
    port: u16,
    sockets: Vec<Socket>,
}

impl Earlier {
    /// Notes who listens on a port. Blocks.
    pub(super) fn note(port: u16) -> Self {
        let sockets = ports::sockets(port).unwrap_or_else(|error| {
            tracing::debug!(target: "flowlayer::runtime", port, %error, "nobody is known to listen");
            Vec::new()
        });
        Self { port, sockets }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }
}

/// Who may answer the probe of a service, and is none of it.
pub(super) struct Strangers {
    watch: Arc<Watch>,
    /// Who answered the last time.
    last: Option<u32>,
}

struct Watch {
    earlier: Earlier,
    /// The leaders of the services that the probed one does not depend on.
    others: Vec<u32>,
}

impl Strangers {
    pub(super) fn new(earlier: Earlier, others: Vec<u32>) -> Self {
        Self {
            watch: Arc::new(Watch { earlier, others }),
            last: None,
        }
    }

    /// The stranger who answers now, unless it may be somebody else.
    pub(super) async fn answering(&mut self) -> Option<Holder> {
        if self.watch.earlier.is_empty() {
            return None;
        }
        let (watch, last) = (self.watch.clone(), self.last);
        let look = tokio::task::spawn_blocking(move || watch.answering(last));
        let stranger = look.await.unwrap_or_default();
        self.last = stranger.as_ref().and_then(|stranger| stranger.pid);
        stranger
    }
}

impl Watch {
    fn answering(&self, likely: Option<u32>) -> Option<Holder> {
        let Earlier { port, sockets } = &self.earlier;
        let now = ports::sockets(*port).ok()?;
        if !now.iter().all(|socket| sockets.contains(socket)) {
            return None;
        }
        let stranger = |socket| {
            let holder = ports::holder(&[socket], likely);
            let above = holder.pid.and_then(process::child_above);
            is_stranger(&holder, above, &self.others).then_some(holder)
        };
        let strangers: Option<Vec<_>> = now.into_iter().map(stranger).collect();
        strangers?.into_iter().next()
    }
}

/// Whether it is known that a listener is a stranger's; `above` is the child of ours that its owner descends from.
fn is_stranger(holder: &Holder, above: Option<u32>, others: &[u32]) -> bool {
    match above {
        // One without a leader above it may be of the service, or of what it depends on.
        Some(child) => others.contains(&child),
        None => holder.pid.is_some() && !holder.name.as_deref().is_some_and(is_forwarder),
    }
}

fn is_forwarder(name: &str) -> bool {
    let mut forwarders = FORWARDERS.iter();
    forwarders.any(|forwarder| &forwarder[..forwarder.len().min(NAME_BYTES)] == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwarders_are_known_by_what_the_system_shows_of_their_names() {
        for name in ["docker-proxy", "com.docker.back", "pasta", "slirp4netns"] {
            assert!(is_forwarder(name), "{name}");
        }
        for name in ["", "docker", "com.docker.backend", "pasta2", "node"] {
            assert!(!is_forwarder(name), "{name}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn only_who_listened_before_and_still_does_is_a_stranger() {
        use std::net::TcpListener;
        let earlier = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = earlier.local_addr().unwrap().port();
        let noted = Earlier::note(port);
        let answering = |noted: &Earlier| {
            let watch = Watch {
                earlier: noted.clone(),
                others: Vec::new(),
            };
            watch.answering(None)?.pid
        };
        assert_eq!(answering(&noted), Some(std::process::id()));
        // On a machine without IPv6 there is no second listener.
        if let Ok(later) = TcpListener::bind(("::1", port)) {
            assert_eq!(answering(&noted), None, "somebody new may be the service");
            let both = Earlier::note(port);
            assert_eq!(answering(&both), Some(std::process::id()));
            drop(later);
        }
        drop(earlier);
        assert_eq!(answering(&noted), None);
        assert!(Earlier::note(port).is_empty());
        let _again = TcpListener::bind(("127.0.0.1", port)).unwrap();
        assert_eq!(answering(&noted), None, "a new socket on the same port");
    }

    #[test]
    fn of_ours_only_what_the_service_does_not_depend_on_is_a_stranger() {
        let holder = |pid, name: &str| Holder {
            pid,
            name: Some(name.to_owned()),
        };
        let node = holder(Some(42), "node");
        assert!(is_stranger(&node, None, &[7]));
        assert!(is_stranger(&node, Some(7), &[7]));
        assert!(!is_stranger(&node, Some(8), &[7]));
        assert!(!is_stranger(&holder(None, "node"), None, &[7]));
        let forwarder = holder(Some(42), "docker-proxy");
        assert!(!is_stranger(&forwarder, None, &[7]));
    }
}
