//! Linux: `/proc/net/tcp` has the listening sockets, `/proc/<pid>/fd` their owners.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Holder;

/// `TCP_LISTEN` in the socket table.
const LISTEN: &str = "0A";

pub(super) fn listener(port: u16) -> io::Result<Option<Holder>> {
    let mut inodes = Vec::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        match fs::read_to_string(table) {
            Ok(text) => inodes.extend(
                text.lines()
                    .skip(1)
                    .filter_map(|line| listening(line, port)),
            ),
            // A kernel without IPv6 has no such table.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok((!inodes.is_empty()).then(|| holder(&inodes)))
}

/// The inode of the socket of a line, if it listens where it would be in the way.
fn listening(line: &str, port: u16) -> Option<u64> {
    let mut words = line.split_ascii_whitespace().skip(1);
    let (local, _remote, state) = (words.next()?, words.next()?, words.next()?);
    // Queues, timer, retransmits, user and timeout stand in between.
    let inode = words.nth(5)?.parse().ok()?;
    let (address, local_port) = local.split_once(':')?;
    let matches = state == LISTEN && u16::from_str_radix(local_port, 16).ok()? == port;
    let address = address_of(address)?;
    (matches && (address.is_loopback() || address.is_unspecified())).then_some(inode)
}

/// An address as the table has it: 32-bit words in the byte order of the machine.
fn address_of(hex: &str) -> Option<IpAddr> {
    let word = |index: usize| {
        let digits = hex.get(index * 8..index * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    match hex.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let mut bytes = [0; 16];
            for (index, chunk) in bytes.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&word(index)?);
            }
            Some(Ipv6Addr::from(bytes).to_canonical())
        }
        _ => None,
    }
}

/// Whose socket one of these is. Only our own user's processes let themselves be looked into.
fn holder(inodes: &[u64]) -> Holder {
    let links: Vec<String> = inodes
        .iter()
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    let Ok(processes) = fs::read_dir("/proc") else {
        return Holder::default();
    };
    for process in processes.flatten() {
        let Some(pid) = process
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let Ok(descriptors) = fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        let holds = descriptors.flatten().any(|descriptor| {
            fs::read_link(descriptor.path()).is_ok_and(|target| {
                target
                    .to_str()
                    .is_some_and(|target| links.iter().any(|link| link == target))
            })
        });
        if holds {
            let name = fs::read_to_string(process.path().join("comm")).ok();
            return Holder {
                pid: Some(pid),
                name: name.map(|name| name.trim_end().to_owned()),
            };
        }
    }
    Holder::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_table_are_read() {
        let line = |local: &str, state: &str| {
            format!(
                "   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0"
            )
        };
        let v4 =
            |address: [u8; 4], port: u16| format!("{:08X}:{port:04X}", u32::from_ne_bytes(address));
        assert_eq!(
            listening(&line(&v4([127, 0, 0, 1], 3000), "0A"), 3000),
            Some(4711)
        );
        assert_eq!(
            listening(&line(&v4([0, 0, 0, 0], 3000), "0A"), 3000),
            Some(4711)
        );
        assert_eq!(
            listening(&line(&v4([127, 0, 0, 1], 3000), "06"), 3000),
            None,
            "TIME_WAIT"
        );
        assert_eq!(
            listening(&line(&v4([127, 0, 0, 1], 3001), "0A"), 3000),
            None
        );
        assert_eq!(
            listening(&line(&v4([10, 0, 0, 1], 3000), "0A"), 3000),
            None,
            "another interface"
        );
        let zeros = format!("{:032X}:0BB8", 0);
        assert_eq!(listening(&line(&zeros, "0A"), 3000), Some(4711));
        for garbage in ["", "a b c", "0: xx:yy 0:0 0A 0 0 0 0 0 1"] {
            assert_eq!(listening(garbage, 3000), None);
        }
    }

    #[test]
    fn mapped_addresses_are_ipv4() {
        let mapped =
            Ipv6Addr::from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1]).octets();
        let words = mapped
            .chunks(4)
            .map(|word| u32::from_ne_bytes(word.try_into().unwrap()));
        let words: Vec<String> = words.map(|word| format!("{word:08X}")).collect();
        assert_eq!(
            address_of(&words.concat()),
            Some(Ipv4Addr::LOCALHOST.into())
        );
    }
}
