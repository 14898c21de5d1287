//! What macOS's sysctl returns about processes, read from its bytes. Pure, so that it is tested on every system.
//!
//! The offsets are those of `struct kinfo_proc` in `sys/sysctl.h`, the same on both processors.

use super::process_entry::{Name, ProcessEntry, State};

/// The size of a `kinfo_proc`.
const KINFO_BYTES: usize = 648;
/// `kp_proc.p_starttime`: 8 bytes of seconds, 4 of microseconds.
const START: usize = 0;
/// `kp_proc.p_stat`.
const STATE: usize = 36;
/// `kp_proc.p_pid`.
const PID: usize = 40;
/// `kp_proc.p_comm`, which ends in NUL.
const NAME: std::ops::Range<usize> = 243..260;
/// `kp_eproc.e_pcred.p_ruid`.
const USER: usize = 392;
/// `kp_eproc.e_ppid`.
const PARENT: usize = 560;
/// `kp_eproc.e_pgid`.
const GROUP: usize = 564;
/// `SZOMB`.
const ZOMBIE: u8 = 5;

/// The processes of a table (`KERN_PROC_ALL`, `KERN_PROC_PID`). It does not say in which session each is: the
/// function does.
pub(super) fn processes(
    table: &[u8],
    session: impl Fn(u32) -> u32,
) -> impl Iterator<Item = ProcessEntry> {
    table.chunks_exact(KINFO_BYTES).map(move |kinfo| {
        let pid = number(kinfo, PID);
        let seconds = u64::from(number(kinfo, START)) | u64::from(number(kinfo, START + 4)) << 32;
        let name = &kinfo[NAME];
        let end = name.iter().position(|byte| *byte == 0);
        ProcessEntry {
            pid,
            parent: number(kinfo, PARENT),
            group: number(kinfo, GROUP),
            session: session(pid),
            start: seconds * 1_000_000 + u64::from(number(kinfo, START + 8)),
            state: if kinfo[STATE] == ZOMBIE {
                State::Dead
            } else {
                State::Alive
            },
            name: Name::new(&name[..end.unwrap_or(name.len())]),
        }
    })
}

/// The real user of the first process of a table.
pub(super) fn user(table: &[u8]) -> Option<u32> {
    (table.len() >= KINFO_BYTES).then(|| number(table, USER))
}

/// The environment in what `KERN_PROCARGS2` returns: the number of arguments, the path of the program, padding,
/// the arguments, the environment. The kernel leaves the environment out for programs that it protects.
pub(super) fn environment(arguments: &[u8]) -> Option<&[u8]> {
    let (count, rest) = arguments.split_first_chunk::<4>()?;
    let count = u32::from_ne_bytes(*count);
    let path = rest.iter().position(|byte| *byte == 0)?;
    let padding = rest[path..].iter().position(|byte| *byte != 0)?;
    let mut rest = &rest[path + padding..];
    for _ in 0..count {
        let end = rest.iter().position(|byte| *byte == 0)?;
        rest = &rest[end + 1..];
    }
    Some(rest)
}

/// The 32-bit number at this place, in the byte order of this machine; the buffer is large enough.
fn number(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes[at..at + 4].try_into();
    u32::from_ne_bytes(bytes.expect("four bytes are four bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinfo(pid: u32, state: u8, name: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0xA5; KINFO_BYTES];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(START, &1_700_000_000_u64.to_ne_bytes());
        put(START + 8, &123_456_u32.to_ne_bytes());
        put(STATE, &[state]);
        put(PID, &pid.to_ne_bytes());
        put(NAME.start, name);
        put(USER, &501_u32.to_ne_bytes());
        put(PARENT, &7_u32.to_ne_bytes());
        put(GROUP, &8_u32.to_ne_bytes());
        bytes
    }

    #[test]
    fn a_table_is_read_process_by_process() {
        let whole = b"a-name-of-16-byt\0";
        let table = [kinfo(42, 2, b"sh\0"), kinfo(43, ZOMBIE, whole)].concat();
        let read: Vec<_> = processes(&table, |pid| pid + 1).collect();
        let expected = ProcessEntry {
            pid: 42,
            parent: 7,
            group: 8,
            session: 43,
            start: 1_700_000_000_123_456,
            state: State::Alive,
            name: Name::new(b"sh"),
        };
        assert_eq!(read[0], expected);
        assert!(read[1].dead());
        assert_eq!(read[1].name, Name::new(whole));
        assert_eq!(user(&table), Some(501));
        // One that ended in between is a table without entries.
        assert_eq!(processes(&[], |_| 0).count(), 0);
        assert_eq!(user(&[]), None);
        assert_eq!(processes(&table[..KINFO_BYTES + 5], |_| 0).count(), 1);
    }

    #[test]
    fn the_environment_is_what_follows_the_arguments() {
        let arguments = |count: u32, text: &[u8]| [&count.to_ne_bytes()[..], text].concat();
        let read = arguments(
            2,
            b"/bin/sh\0\0\0\0\0sh\0MARK=argument\0PATH=/bin\0MARK=1/2\0",
        );
        assert_eq!(environment(&read), Some(&b"PATH=/bin\0MARK=1/2\0"[..]));
        // An argument may be empty, and a protected program has no environment.
        let read = arguments(3, b"/bin/sh\0\0sh\0\0x\0");
        assert_eq!(environment(&read), Some(&b""[..]));
        for cut in [0, 3, 4, 9, 14] {
            let read = arguments(2, b"/bin/sh\0\0sh\0x");
            assert_eq!(environment(&read[..cut]), None, "{cut}");
        }
    }
}
