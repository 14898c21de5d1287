//! The marks that show which service a descendant belongs to when it has lost its parents.
//!
//! Everything a service starts inherits three: an environment variable, which names service and run and which
//! people can read (`ps e`), and the soft limits on file locks and on resident memory, which Linux has ignored since
//! 2.4.25 and 2.4.30 and which, unlike the environment, no process sheds by accident. The variable's name contains
//! the session, so that a nested FlowLayer adds its own instead of replacing ours.

use super::Owner;
use crate::process::message::LifeId;

/// Bits of the limit that hold the lowest bits of the run, enough to distinguish recent ones.
const LIFE_BITS: u32 = 20;
/// Bits of the limit that hold the service.
const SERVICE_BITS: u32 = 20;
/// Bits of the limit that hold the session; one bit stays free, so that it is never infinity.
const SESSION_BITS: u32 = 23;

/// The marks of one session.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    /// `FLOWLAYER_OWNER_<session>=`, the start of the environment entry.
    prefix: Vec<u8>,
    /// The session's bits in the limit; never 0, so that a small limit set by somebody is not ours.
    tag: u64,
}

impl Mark {
    /// The longest name of a session.
    pub(crate) const MAX_SESSION: usize = 40;

    /// The marks of a session, whose name must be 1 to 40 of `A-Za-z0-9_-`. Shells drop variables whose names
    /// are no identifiers, so `-` becomes `_`.
    pub(crate) fn new(session: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_SESSION).contains(&session.len())
            && session
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        fits.then(|| Self {
            prefix: format!("FLOWLAYER_OWNER_{}=", session.replace('-', "_")).into_bytes(),
            tag: fold(session.as_bytes()),
        })
    }

    /// Marks that no process carries.
    pub(crate) fn unused() -> Self {
        Self {
            prefix: b"FLOWLAYER_OWNER_=".to_vec(),
            tag: fold(b""),
        }
    }

    /// The environment entry of a run.
    pub(crate) fn entry(&self, service: usize, life: LifeId) -> Vec<u8> {
        let mut entry = self.prefix.clone();
        entry.extend_from_slice(format!("{service}/{}", life.0).as_bytes());
        entry
    }

    /// Whether an environment entry is this mark (a stop command started by the guardian has the server's
    /// environment, a nested run ours).
    pub(crate) fn is_entry(&self, entry: &[u8]) -> bool {
        entry.starts_with(&self.prefix)
    }

    /// The owner of a process with this environment (entries that end in NUL).
    pub(crate) fn in_environment(&self, environment: &[u8]) -> Option<Owner> {
        let entry = environment.split(|&b| b == 0).find(|e| self.is_entry(e))?;
        let (service, life) = std::str::from_utf8(&entry[self.prefix.len()..])
            .ok()?
            .split_once('/')?;
        Some(Owner {
            service: service.parse().ok()?,
            life: Some(LifeId(life.parse().ok()?)),
        })
    }

    /// The limit for a run; `None` for a service whose number does not fit.
    pub(crate) fn limit(&self, service: usize, life: LifeId) -> Option<u64> {
        let service = u64::try_from(service)
            .ok()
            .filter(|s| s >> SERVICE_BITS == 0)?;
        Some((self.tag << SERVICE_BITS | service) << LIFE_BITS | low_bits(life))
    }

    /// The service of a process with this limit, and the lowest bits of its run, for [`same_run`].
    pub(crate) fn in_limit(&self, limit: u64) -> Option<(usize, u64)> {
        if limit >> (SERVICE_BITS + LIFE_BITS) != self.tag {
            return None;
        }
        let service = (limit >> LIFE_BITS) & ((1 << SERVICE_BITS) - 1);
        Some((
            usize::try_from(service).ok()?,
            limit & ((1 << LIFE_BITS) - 1),
        ))
    }
}

/// Whether a run has these lowest bits.
pub(crate) fn same_run(life: LifeId, bits: u64) -> bool {
    low_bits(life) == bits
}

fn low_bits(life: LifeId) -> u64 {
    life.0 & ((1 << LIFE_BITS) - 1)
}

/// FNV-1a, folded to the session's bits, the highest of them set.
fn fold(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let highest = 1 << (SESSION_BITS - 1);
    (hash ^ hash >> 32) & (highest - 1) | highest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_names_that_a_shell_passes_on_are_made() {
        let mark = Mark::new("1b4e28ba-2fa1").unwrap();
        assert_eq!(
            mark.entry(3, LifeId(7)),
            b"FLOWLAYER_OWNER_1b4e28ba_2fa1=3/7"
        );
        assert!(Mark::new("").is_none());
        assert!(Mark::new("a=b").is_none());
        assert!(Mark::new(&"x".repeat(41)).is_none());
    }

    #[test]
    fn somebody_elses_marks_are_not_ours() {
        let mark = Mark::new("a").unwrap();
        let other = Mark::new("ab").unwrap();
        let mut environment = b"PATH=/bin\0".to_vec();
        environment.extend(other.entry(1, LifeId(1)));
        assert_eq!(mark.in_environment(&environment), None);
        assert_eq!(mark.in_limit(other.limit(1, LifeId(1)).unwrap()), None);
        for limit in [0, 1024, u64::MAX, u64::MAX >> 1] {
            assert_eq!(mark.in_limit(limit), None);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(service in 0usize..1 << 20, life: u64, session in "[a-z0-9-]{1,40}") {
            let mark = Mark::new(&session).unwrap();
            let mut environment = b"A=1\0".to_vec();
            environment.extend(mark.entry(service, LifeId(life)));
            environment.extend(b"\0Z=2\0");
            prop_assert_eq!(
                mark.in_environment(&environment),
                Some(Owner { service, life: Some(LifeId(life)) })
            );
            let limit = mark.limit(service, LifeId(life)).unwrap();
            prop_assert!(limit < u64::MAX >> 1);
            let (read, bits) = mark.in_limit(limit).unwrap();
            prop_assert_eq!(read, service);
            prop_assert!(same_run(LifeId(life), bits));
        }
    }
}
