//! macOS has no table of sockets that could be read without its private interfaces: a bind is tried, which
//! tells whether, not who. It does not listen, and with `SO_REUSEADDR` what is still closing is no obstacle.

#![allow(
    clippy::unnecessary_wraps,
    reason = "functions have the signatures of those of `linux`"
)]

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpSocket;

use super::Socket;
use crate::facts::Holder;

/// Each is tried, because a listener on all addresses is no obstacle to one on a single one.
const ADDRESSES: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::UNSPECIFIED),
];

pub(super) fn listener(port: u16) -> io::Result<Option<Holder>> {
    Ok(is_taken(port)?.then(Holder::default))
}

pub(super) fn sockets(_: u16) -> io::Result<Vec<Socket>> {
    Ok(Vec::new())
}

pub(super) fn other_ports(_: u16, _: impl Fn(u32) -> bool) -> io::Result<Vec<u16>> {
    Ok(Vec::new())
}

pub(super) fn holder(_: &[Socket], _: Option<u32>) -> Holder {
    Holder::default()
}

pub(super) fn users(_: SocketAddr, _: SocketAddr) -> io::Result<Vec<u32>> {
    Ok(Vec::new())
}

pub(super) fn taken() -> io::Result<impl Fn(u16) -> bool> {
    Ok(|port| is_taken(port).unwrap_or(false))
}

pub(super) fn is_taken(port: u16) -> io::Result<bool> {
    for address in ADDRESSES {
        let socket = match address {
            IpAddr::V4(_) => TcpSocket::new_v4()?,
            IpAddr::V6(_) => match TcpSocket::new_v6() {
                Ok(socket) => socket,
                // There is no v6 here.
                Err(_) => continue,
            },
        };
        socket.set_reuseaddr(true)?;
        let bound = socket.bind(SocketAddr::new(address, port));
        // Anything else says nothing of somebody who listens.
        if bound.is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse) {
            return Ok(true);
        }
    }
    Ok(false)
}
