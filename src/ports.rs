//! TCP ports: does somebody listen on one, and who (SPEC 4.4).
//!
//! The socket table is asked, not the port tried: a bind would also fail on connections that are
//! still closing, which do not count, and would disturb a server that starts at the same moment.

use std::fmt;
use std::io;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

#[cfg(target_os = "linux")]
use linux as os;
#[cfg(target_os = "macos")]
use macos as os;

/// Who listens on a port. Displays as `node (pid 4242)`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holder {
    /// Its process; `None` when the system does not tell (another user's process).
    pub pid: Option<u32>,
    /// Its name as the system has it.
    pub name: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.pid) {
            (Some(name), Some(pid)) => write!(f, "{name} (pid {pid})"),
            (None, Some(pid)) => write!(f, "pid {pid}"),
            (_, None) => f.write_str("a process of another user"),
        }
    }
}

/// Who listens on a port of this machine, on loopback or on all interfaces, over IPv4 or IPv6.
/// Blocking: it reads tables of the system, a few milliseconds at the most.
pub fn listener(port: u16) -> io::Result<Option<Holder>> {
    os::listener(port)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};

    use super::*;

    fn ours(port: u16) -> bool {
        let holder = listener(port).unwrap();
        holder.is_some_and(|holder| holder.pid == Some(std::process::id()))
    }

    #[test]
    fn a_listener_is_found_on_loopback_and_on_all_interfaces() {
        let addresses: [SocketAddr; 4] = [
            (Ipv4Addr::LOCALHOST, 0).into(),
            (Ipv4Addr::UNSPECIFIED, 0).into(),
            (Ipv6Addr::LOCALHOST, 0).into(),
            (Ipv6Addr::UNSPECIFIED, 0).into(),
        ];
        for address in addresses {
            let Ok(socket) = TcpListener::bind(address) else {
                // A machine without IPv6 cannot have it in use.
                assert!(address.is_ipv6());
                continue;
            };
            let port = socket.local_addr().unwrap().port();
            assert!(ours(port), "{address}");
            drop(socket);
            assert_eq!(listener(port).unwrap(), None, "{address}");
        }
    }

    #[test]
    fn a_connection_that_is_closing_does_not_count() {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        let client = TcpStream::connect(address).unwrap();
        let (server, _) = socket.accept().unwrap();
        drop(socket);
        // The side that closes first keeps the port in TIME_WAIT.
        drop(server);
        drop(client);
        assert_eq!(listener(address.port()).unwrap(), None);
    }

    #[test]
    fn people_are_told_name_and_pid() {
        let holder = |name: Option<&str>, pid| Holder {
            pid,
            name: name.map(str::to_owned),
        };
        assert_eq!(
            holder(Some("node"), Some(4242)).to_string(),
            "node (pid 4242)"
        );
        assert_eq!(holder(None, Some(4242)).to_string(), "pid 4242");
        assert_eq!(holder(None, None).to_string(), "a process of another user");
    }
}
