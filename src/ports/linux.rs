//! `/proc/net/tcp` and `/proc/net/tcp6`, and whose descriptors they are.

use std::collections::HashSet;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::Socket;
use crate::facts::Holder;

/// The state of a socket that listens.
const LISTEN: &str = "0A";

pub(super) fn listener(port: u16) -> io::Result<Option<Holder>> {
    let sockets = sockets(port)?;
    Ok((!sockets.is_empty()).then(|| holder(&sockets, None)))
}

pub(super) fn is_taken(port: u16) -> io::Result<bool> {
    Ok(!sockets(port)?.is_empty())
}

pub(super) fn taken() -> io::Result<impl Fn(u16) -> bool> {
    let ports: HashSet<u16> = listeners()?.into_iter().map(|(port, _)| port).collect();
    Ok(move |port| ports.contains(&port))
}

pub(super) fn sockets(port: u16) -> io::Result<Vec<Socket>> {
    let all = listeners()?.into_iter();
    let there = all.filter(|(listens_on, _)| *listens_on == port);
    Ok(there.map(|(_, socket)| socket).collect())
}

pub(super) fn other_ports(port: u16, is_chosen: impl Fn(u32) -> bool) -> io::Result<Vec<u16>> {
    let listeners = listeners()?;
    if listeners.iter().any(|(listens_on, _)| *listens_on == port) {
        return Ok(Vec::new());
    }
    let chosen = pids().into_iter().filter(|pid| is_chosen(*pid));
    let sockets: HashSet<Socket> = chosen.flat_map(sockets_of).collect();
    let theirs = listeners.into_iter();
    let theirs = theirs.filter(|(_, socket)| sockets.contains(socket));
    let mut ports: Vec<u16> = theirs.map(|(port, _)| port).collect();
    ports.sort_unstable();
    ports.dedup();
    Ok(ports)
}

/// The sockets that we would collide with, and their ports.
fn listeners() -> io::Result<Vec<(u16, Socket)>> {
    let mut listeners = Vec::new();
    each_line(|line| listeners.extend(parse(line)))?;
    Ok(listeners)
}

pub(super) fn holder(sockets: &[Socket], likely: Option<u32>) -> Holder {
    let pid = pid_of(sockets, likely);
    let name = pid.and_then(|pid| fs::read_to_string(format!("/proc/{pid}/comm")).ok());
    Holder {
        pid,
        name: name.map(|name| name.trim_end().to_owned()),
    }
}

pub(super) fn users(server: SocketAddr, client: SocketAddr) -> io::Result<Vec<u32>> {
    let mut users = Vec::new();
    each_line(|line| users.extend(user(line, server, client)))?;
    Ok(users)
}

/// The user of a line's socket, if that is the server's end of a connection or listens for it.
fn user(line: &str, server: SocketAddr, client: SocketAddr) -> Option<u32> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let local = socket_address(fields.next()?)?;
    let remote = socket_address(fields.next()?)?;
    let is_listener = fields.next()? == LISTEN;
    let user = fields.nth(3)?.parse().ok()?;
    let inode = fields.nth(1)?;
    let is_meant = if is_listener {
        local.port() == server.port() && (local.ip() == server.ip() || local.ip().is_unspecified())
    } else {
        // Nobody has taken one without an inode; it is shown as root's.
        (local, remote) == (server, client) && inode != "0"
    };
    is_meant.then_some(user)
}

fn socket_address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    Some(SocketAddr::new(address_of(address)?, port))
}

/// The lines of both tables.
fn each_line(mut line: impl FnMut(&str)) -> io::Result<()> {
    for (table, needed) in [("/proc/net/tcp", true), ("/proc/net/tcp6", false)] {
        let file = match fs::File::open(table) {
            Ok(file) => file,
            // Without v6 there is no such table.
            Err(error) if !needed && error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for text in BufReader::new(file).lines().skip(1) {
            line(&text?);
        }
    }
    Ok(())
}

/// The port and the inode of a line's socket, if that is one we would collide with. The fields: number, local
/// address, remote address, state, queues, timer, retransmits, user, timeout, inode, …
fn parse(line: &str) -> Option<(u16, Socket)> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let local = fields.next()?;
    if fields.nth(1)? != LISTEN {
        return None;
    }
    let local = socket_address(local)?;
    let collides = local.ip().is_loopback() || local.ip().is_unspecified();
    if !collides {
        return None;
    }
    let inode = fields.nth(5)?.parse().ok()?;
    Some((local.port(), Socket(inode)))
}

/// An address as the kernel prints it: words of its memory, as numbers of the machine.
fn address_of(hex: &str) -> Option<IpAddr> {
    let words: Option<Vec<[u8; 4]>> = hex
        .as_bytes()
        .chunks(8)
        .map(|word| {
            let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
            Some(word.to_ne_bytes())
        })
        .collect();
    let bytes = words?.concat();
    if let Ok(v4) = <[u8; 4]>::try_from(bytes.as_slice()) {
        return Some(Ipv4Addr::from(v4).into());
    }
    let v6 = <[u8; 16]>::try_from(bytes.as_slice()).ok()?;
    Some(Ipv6Addr::from(v6).to_canonical())
}

/// The likely process or else the first one (the one with the lowest pid is most often the parent of the others)
/// that has one of these sockets. Other users' descriptors cannot be seen.
fn pid_of(sockets: &[Socket], likely: Option<u32>) -> Option<u32> {
    let has_one = |pid: &u32| sockets_of(*pid).any(|socket| sockets.contains(&socket));
    if let Some(pid) = likely.filter(has_one) {
        return Some(pid);
    }
    let mut pids = pids();
    pids.sort_unstable();
    pids.into_iter().find(has_one)
}

fn pids() -> Vec<u32> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// The sockets of a process, as far as its descriptors can be seen.
fn sockets_of(pid: u32) -> impl Iterator<Item = Socket> {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd"));
    descriptors
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let target = fs::read_link(entry.path()).ok()?;
            let inode = target.to_str()?.strip_prefix("socket:[")?;
            Some(Socket(inode.strip_suffix(']')?.parse().ok()?))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_the_kernel_writes_them() {
        let v4 = u32::from_ne_bytes([127, 0, 0, 1]);
        assert_eq!(
            address_of(&format!("{v4:08X}")),
            Some(Ipv4Addr::LOCALHOST.into())
        );
        assert_eq!(
            address_of(&"0".repeat(32)),
            Some(Ipv6Addr::UNSPECIFIED.into())
        );
        let one = u32::from_ne_bytes([0, 0, 0, 1]);
        assert_eq!(
            address_of(&format!("{}{one:08X}", "0".repeat(24))),
            Some(Ipv6Addr::LOCALHOST.into())
        );
        let mapped = u32::from_ne_bytes([0, 0, 0xff, 0xff]);
        assert_eq!(
            address_of(&format!("{}{mapped:08X}{v4:08X}", "0".repeat(16))),
            Some(Ipv4Addr::LOCALHOST.into())
        );
        assert_eq!(address_of("xyz"), None);
        assert_eq!(address_of(""), None);
    }

    fn line(address: [u8; 4], port: u16, state: &str) -> String {
        let address = u32::from_ne_bytes(address);
        format!(
            "   0: {address:08X}:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  1000        0 45678 1 0000000000000000 100 0 0 10 0"
        )
    }

    #[test]
    fn only_listeners_that_would_collide_count() {
        let found = Some((3000, Socket(45678)));
        assert_eq!(parse(&line([127, 0, 0, 1], 3000, "0A")), found);
        assert_eq!(parse(&line([127, 0, 0, 53], 3000, "0A")), found);
        assert_eq!(parse(&line([0, 0, 0, 0], 3000, "0A")), found);
        assert_eq!(parse(&line([127, 0, 0, 1], 3000, "06")), None);
        assert_eq!(parse(&line([192, 168, 1, 2], 3000, "0A")), None);
        assert_eq!(parse(""), None);
    }
}
