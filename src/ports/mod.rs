//! Is a port taken, and by whom (docs/lifecycle.md, Ports)?
//!
//! Only sockets that listen count, on a loopback address or on all addresses, v4 or v6: that is what a
//! service of ours would collide with. Connections that are still closing do not count, which is why
//! the system's table is asked and not a bind.

pub mod auto;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

#[cfg(target_os = "linux")]
use linux as os;
#[cfg(target_os = "macos")]
use macos as os;

use std::io;
use std::net::SocketAddr;

use crate::facts::Holder;

/// Who listens on a port; `None` when nobody does. Finding out who looks at every process: where that does
/// not matter, [`is_taken`] is cheaper.
///
/// # Errors
/// When the system's table of sockets cannot be read.
pub fn listener(port: u16) -> io::Result<Option<Holder>> {
    os::listener(port)
}

/// A socket that listens, by its inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Socket(u64);

/// The sockets that listen on a port; empty where the system does not show them.
///
/// # Errors
/// When the system's table of sockets cannot be read.
pub fn sockets(port: u16) -> io::Result<Vec<Socket>> {
    os::sockets(port)
}

/// Who has one of these sockets. Finding out looks at every process, at the likely one first.
pub fn holder(sockets: &[Socket], likely: Option<u32>) -> Holder {
    os::holder(sockets, likely)
}

/// The ports on which the chosen processes listen while nobody listens on this one; empty where the system does not
/// show it. Looks at every process.
///
/// # Errors
/// When the system's table of sockets cannot be read.
pub fn other_ports(port: u16, is_chosen: impl Fn(u32) -> bool) -> io::Result<Vec<u16>> {
    os::other_ports(port, is_chosen)
}

/// The users who have the server's end of a connection on this machine: those who listen at the address that was
/// dialled, and the one who has taken the connection, if somebody has. Empty when the system does not show it.
///
/// # Errors
/// When the system's table of sockets cannot be read.
pub fn users(server: SocketAddr, client: SocketAddr) -> io::Result<Vec<u32>> {
    os::users(server, client)
}

/// Whether anybody listens on a port.
///
/// # Errors
/// When the system's table of sockets cannot be read.
pub fn is_taken(port: u16) -> io::Result<bool> {
    os::is_taken(port)
}

/// Answers whether anybody listens on a port, for many ports.
///
/// # Errors
/// When the system's table of sockets cannot be read.
pub fn taken() -> io::Result<impl Fn(u16) -> bool> {
    os::taken()
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn listening_counts_on_every_address_a_service_could_collide_with() {
        for address in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"] {
            let Ok(socket) = TcpListener::bind(address) else {
                assert!(address.starts_with('['), "{address}");
                continue;
            };
            let port = socket.local_addr().unwrap().port();
            assert!(is_taken(port).unwrap(), "{address}");
            assert!(taken().unwrap()(port), "{address}");
            let holder = listener(port).unwrap().unwrap();
            if cfg!(target_os = "linux") {
                assert_eq!(holder.pid, Some(std::process::id()), "{address}");
                assert!(holder.name.is_some());
                let sockets = sockets(port).unwrap();
                for likely in [None, Some(1), holder.pid] {
                    assert_eq!(super::holder(&sockets, likely), holder, "{address}");
                }
            }
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_users_at_the_other_end_are_known() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = socket.local_addr().unwrap();
        let client = TcpStream::connect(server).unwrap();
        let own = nix::unistd::geteuid().as_raw();
        let users = || users(server, client.local_addr().unwrap()).unwrap();
        assert_eq!(users(), [own]);
        let _accepted = socket.accept().unwrap();
        assert_eq!(users(), [own, own]);
        // Who has taken it counts though nobody listens any more.
        drop(socket);
        assert_eq!(users(), [own]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn other_ports_count_while_nobody_has_the_one_asked_for() {
        let sockets = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [asked, other] = sockets.each_ref().map(|it| it.local_addr().unwrap().port());
        let [asked_socket, _other] = sockets;
        let own = std::process::id();
        assert_eq!(other_ports(asked, |_| true).unwrap(), Vec::<u16>::new());
        drop(asked_socket);
        let ports = other_ports(asked, |pid| pid == own).unwrap();
        assert!(
            ports.contains(&other) && !ports.contains(&asked),
            "{ports:?}"
        );
        assert!(ports.is_sorted(), "{ports:?}");
        assert_eq!(other_ports(asked, |_| false).unwrap(), Vec::<u16>::new());
    }

    #[test]
    fn what_is_still_connected_does_not_count() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let _client = TcpStream::connect(address).unwrap();
        let _accepted = socket.accept().unwrap();
        assert!(is_taken(address.port()).unwrap());
        drop(socket);
        assert!(!is_taken(address.port()).unwrap());
        assert!(!taken().unwrap()(address.port()));
        assert_eq!(listener(address.port()).unwrap(), None);
    }
}
