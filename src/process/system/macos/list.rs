//! Reads processes from libproc and sysctl.

use std::ffi::{CStr, c_void};
use std::io;
use std::mem::size_of;
use std::time::Instant;

use nix::errno::Errno;
use nix::libc::{self, c_int};

use crate::process::system::process_entry::{Name, ProcessEntry, State};

/// Replaces `listing` by all processes that may be seen, sorted by pid.
pub(crate) fn list(listing: &mut Vec<ProcessEntry>) -> io::Result<()> {
    listing.clear();
    // SAFETY: without a buffer the call only says how many there are.
    let count = unsafe { libc::proc_listallpids(std::ptr::null_mut(), 0) };
    let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
    // More may have come meanwhile.
    let mut pids = vec![0 as c_int; count + count / 4 + 64];
    let bytes = c_int::try_from(pids.len() * size_of::<c_int>()).unwrap_or(c_int::MAX);
    // SAFETY: the buffer is as large as is said.
    let count = unsafe { libc::proc_listallpids(pids.as_mut_ptr().cast(), bytes) };
    pids.truncate(usize::try_from(count).map_err(|_| io::Error::last_os_error())?);
    listing.extend(pids.into_iter().filter_map(read));
    listing.sort_unstable_by_key(|process| process.pid);
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
    Ok(read(pid.cast_signed()))
}

/// The user id of a process.
pub(crate) fn user(pid: u32) -> Option<u32> {
    info(pid.cast_signed()).map(|info| info.pbi_ruid)
}

fn info(pid: c_int) -> Option<libc::proc_bsdinfo> {
    let size = size_of::<libc::proc_bsdinfo>() as c_int;
    // SAFETY: the structure is ours and as large as is said; 1 asks for zombies too.
    unsafe {
        let mut info: libc::proc_bsdinfo = std::mem::zeroed();
        let buffer = (&raw mut info).cast::<c_void>();
        (libc::proc_pidinfo(pid, libc::PROC_PIDTBSDINFO, 1, buffer, size) == size).then_some(info)
    }
}

fn read(pid: c_int) -> Option<ProcessEntry> {
    let info = info(pid)?;
    // SAFETY: no pointers.
    let session = unsafe { libc::getsid(pid) };
    // SAFETY: the system ends the name with a NUL, and the structure was zeroed.
    let name = unsafe { CStr::from_ptr(info.pbi_comm.as_ptr()) };
    Some(ProcessEntry {
        pid: info.pbi_pid,
        parent: info.pbi_ppid,
        group: info.pbi_pgid,
        session: u32::try_from(session).unwrap_or(0),
        start: info.pbi_start_tvsec * 1_000_000 + info.pbi_start_tvusec,
        state: if info.pbi_status == libc::SZOMB {
            State::Dead
        } else {
            State::Alive
        },
        name: Name::new(name.to_bytes()),
    })
}

/// Arguments and environment a process was started with (entries that end in NUL), when we may read them.
pub(crate) fn environment(pid: u32) -> Option<Vec<u8>> {
    let mut name = [libc::CTL_KERN, libc::KERN_PROCARGS2, pid.cast_signed()];
    let mut size = 0;
    // SAFETY: first the size, then as many bytes; the names are ours.
    unsafe {
        let names = name.as_mut_ptr();
        let null = std::ptr::null_mut();
        Errno::result(libc::sysctl(names, 3, null, &raw mut size, null, 0)).ok()?;
        let mut bytes = vec![0_u8; size];
        let buffer = bytes.as_mut_ptr().cast();
        Errno::result(libc::sysctl(names, 3, buffer, &raw mut size, null, 0)).ok()?;
        bytes.truncate(size);
        Some(bytes)
    }
}
