//! macOS: there is no table of sockets to be read without private interfaces, so the port is tried
//! on the addresses that count. Who holds it is not known; a connection that is still closing does
//! not count, because the attempt reuses addresses as servers do.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use super::Holder;

pub(super) fn listener(port: u16) -> io::Result<Option<Holder>> {
    let addresses: [SocketAddr; 4] = [
        (Ipv4Addr::LOCALHOST, port).into(),
        (Ipv4Addr::UNSPECIFIED, port).into(),
        (Ipv6Addr::LOCALHOST, port).into(),
        (Ipv6Addr::UNSPECIFIED, port).into(),
    ];
    for address in addresses {
        // The standard library sets SO_REUSEADDR on listeners.
        match TcpListener::bind(address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Ok(Some(Holder::default()));
            }
            // An address family that this machine does not have is in nobody's use.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(None)
}
