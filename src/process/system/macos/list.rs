//! Reads processes with sysctl(3), which shows those of every user; libproc shows only one's own.

use std::io;
use std::time::Instant;

use nix::errno::Errno;
use nix::libc::{self, c_int};

use crate::process::system::macos_tables;
use crate::process::system::process_entry::ProcessEntry;

/// How often a table is read that grows meanwhile.
const ATTEMPTS: u32 = 8;

/// Replaces `listing` by all processes that may be seen, sorted by pid.
pub(crate) fn list(listing: &mut Vec<ProcessEntry>) -> io::Result<()> {
    listing.clear();
    let table = sysctl(&[libc::CTL_KERN, libc::KERN_PROC, libc::KERN_PROC_ALL])?;
    listing.extend(macos_tables::processes(&table, session));
    listing.sort_unstable_by_key(|process| process.pid);
    // While the table is read, a process may move from the running ones to the zombies.
    listing.dedup_by_key(|process| process.pid);
    Ok(())
}

/// Not supported: without subreapers, a process that is not our child may still be ours.
pub(crate) fn children(_: &mut Vec<u32>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Not supported, as [`children`].
pub(crate) fn append_subtree(_: u32, _: Instant, _: &mut Vec<ProcessEntry>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// One process, `None` when there is none.
pub(crate) fn find(pid: u32) -> io::Result<Option<ProcessEntry>> {
    Ok(macos_tables::processes(&entry(pid)?, session).next())
}

/// The user id of a process.
pub(crate) fn user(pid: u32) -> Option<u32> {
    macos_tables::user(&entry(pid).ok()?)
}

/// The environment a process was started with (entries that end in NUL), when we may read it.
pub(crate) fn environment(pid: u32) -> Option<Vec<u8>> {
    let arguments = sysctl(&[libc::CTL_KERN, libc::KERN_PROCARGS2, pid.cast_signed()]).ok()?;
    macos_tables::environment(&arguments).map(<[u8]>::to_vec)
}

/// The table of this process alone; empty when there is none.
fn entry(pid: u32) -> io::Result<Vec<u8>> {
    let name = [
        libc::CTL_KERN,
        libc::KERN_PROC,
        libc::KERN_PROC_PID,
        pid.cast_signed(),
    ];
    sysctl(&name)
}

fn session(pid: u32) -> u32 {
    // SAFETY: no pointers.
    let session = unsafe { libc::getsid(pid.cast_signed()) };
    u32::try_from(session).unwrap_or(0)
}

/// The value of this name.
fn sysctl(name: &[c_int]) -> io::Result<Vec<u8>> {
    let mut name = name.to_vec();
    let length = libc::c_uint::try_from(name.len()).unwrap_or(libc::c_uint::MAX);
    let mut read = |buffer: *mut libc::c_void, size: &mut usize| {
        let name = name.as_mut_ptr();
        // SAFETY: name and buffer are ours and as long as is said; nothing is set.
        let result = unsafe { libc::sysctl(name, length, buffer, size, std::ptr::null_mut(), 0) };
        Errno::result(result)
    };
    for _ in 0..ATTEMPTS {
        let mut size = 0;
        // The kernel adds room for some more processes.
        read(std::ptr::null_mut(), &mut size)?;
        let mut bytes = vec![0; size];
        match read(bytes.as_mut_ptr().cast(), &mut size) {
            Ok(_) => {
                bytes.truncate(size);
                return Ok(bytes);
            }
            Err(Errno::ENOMEM) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Errno::ENOMEM.into())
}
