//! Ports that are chosen for a configuration: always the same ones, unless somebody else has them
//! (docs/config.md, Ports). Pure; who listens is for the caller to say.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// The lowest port that is chosen.
const FIRST: u16 = 20_000;

/// How many there are to choose from.
const COUNT: u16 = 12_000;

/// A port that has been chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen {
    /// The port.
    pub port: u16,
    /// The one it would have been, had nobody else listened there.
    pub instead_of: Option<u16>,
}

/// Every port that can be chosen is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "none of the ports {FIRST} to {} is free; end what listens there, or write a port of your own",
    FIRST + (COUNT - 1)
)]
pub struct Exhausted;

/// Chooses a port for a name in a configuration, and adds it to those that are `reserved`, which are never
/// chosen. `is_taken`: whether anybody listens on a port.
///
/// # Errors
/// When all are reserved or taken.
pub fn choose(
    config: &Path,
    name: &str,
    reserved: &mut BTreeSet<u16>,
    is_taken: impl Fn(u16) -> bool,
) -> Result<Chosen, Exhausted> {
    let first = hash(config, name) % u64::from(COUNT);
    // The remainder fits.
    let first = u16::try_from(first).unwrap_or_default();
    let candidates = (0..COUNT).map(|step| FIRST + (first + step) % COUNT);
    let mut instead_of = None;
    for port in candidates {
        if reserved.contains(&port) {
            continue;
        }
        if is_taken(port) {
            instead_of = instead_of.or(Some(port));
            continue;
        }
        reserved.insert(port);
        return Ok(Chosen { port, instead_of });
    }
    Err(Exhausted)
}

/// FNV-1a of the path, NUL, and the name.
fn hash(config: &Path, name: &str) -> u64 {
    let bytes = config.as_os_str().as_bytes().iter();
    let bytes = bytes.chain([&0]).chain(name.as_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first(config: &str, name: &str) -> u16 {
        let chosen = choose(Path::new(config), name, &mut BTreeSet::new(), |_| false);
        chosen.unwrap().port
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        // The published value of a NUL alone.
        assert_eq!(hash(Path::new(""), ""), 0xaf63_bd4c_8601_b7df);
        let whole = b"foobar\0x"
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        assert_eq!(hash(Path::new("foobar"), "x"), whole);
    }

    #[test]
    fn a_port_that_is_taken_or_reserved_is_left_out() {
        let port = first("/shop/flowlayer.jsonc", "api");
        let next = |port: u16| if port == 31_999 { 20_000 } else { port + 1 };
        let path = Path::new("/shop/flowlayer.jsonc");
        let mut reserved = BTreeSet::from([next(port)]);
        let chosen = choose(path, "api", &mut reserved, |taken| taken == port).unwrap();
        assert_eq!(chosen.port, next(next(port)));
        assert_eq!(chosen.instead_of, Some(port));
        assert!(reserved.contains(&chosen.port));
        let again = choose(path, "api", &mut BTreeSet::from([port]), |_| false).unwrap();
        assert_eq!((again.port, again.instead_of), (next(port), None));
    }

    #[test]
    fn without_a_free_port_there_is_none() {
        let path = Path::new("/x");
        assert_eq!(
            choose(path, "a", &mut BTreeSet::new(), |_| true),
            Err(Exhausted)
        );
        let mut reserved: BTreeSet<u16> = (20_000..32_000).collect();
        assert_eq!(choose(path, "a", &mut reserved, |_| false), Err(Exhausted));
        reserved.remove(&31_999);
        assert_eq!(
            choose(path, "a", &mut reserved, |_| false).unwrap().port,
            31_999
        );
        assert!(Exhausted.to_string().contains("20000 to 31999"));
    }

    proptest! {
        #[test]
        fn a_choice_is_in_range_and_the_same_again(config in "[^\0]{0,20}", name in "[^\0]{0,9}") {
            let port = first(&config, &name);
            prop_assert!((20_000..32_000).contains(&port));
            prop_assert_eq!(first(&config, &name), port);
        }
    }
}
