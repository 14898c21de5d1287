//! Reads processes from `/proc`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::ptr;
use std::time::Instant;

use nix::errno::Errno;
use nix::libc;

use crate::process::system::process_entry::{Name, ProcessEntry, State};

/// Replaces `listing` by all processes, sorted by pid.
///
/// It is no atomic snapshot, but a process that existed from before the call until after it is listed. A
/// child of ours exists until we reap it.
///
/// # Errors
/// When `/proc` cannot be read, or not all of it (no free descriptor): then a missing process means nothing.
pub(crate) fn list(listing: &mut Vec<ProcessEntry>) -> io::Result<()> {
    listing.clear();
    let mut buffer = [0; 1024];
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        if let Some(process) = read(pid, &mut buffer)? {
            listing.push(process);
        }
    }
    listing.sort_unstable_by_key(|process| process.pid);
    Ok(())
}

/// Replaces `children` by the pids of all children of this process, zombies included. Much cheaper than [`list`].
///
/// A process that is a child from before the call until after it is listed: only reaping removes from the
/// kernel's lists, and an adopted child is appended. The kernel keeps one list a thread; when a thread ends, the
/// first one that has not ended takes over its list. That is the main thread, which is read last and never ends
/// before the others.
///
/// # Errors
/// When the kernel has no such lists, or they cannot be read now.
pub(crate) fn children(children: &mut Vec<u32>) -> io::Result<()> {
    children.clear();
    let mut text = Vec::with_capacity(4096);
    append_children(std::process::id(), &mut text)?;
    parse_pids(&text, children)
}

/// Replaces `children` by the pids of the children that the main thread has, zombies included: all that were
/// adopted, because that is where the kernel puts an orphan. Much cheaper than [`children`].
///
/// # Errors
/// As those of [`children`].
pub(crate) fn adopted(children: &mut Vec<u32>) -> io::Result<()> {
    children.clear();
    let mut text = Vec::with_capacity(1024);
    append_adopted(std::process::id(), &mut text)?;
    parse_pids(&text, children)
}

/// Appends to `listing` a process and what is below it, by the lists of children. It costs as much as there are such
/// processes, and [`list`] as much as there are processes at all. What comes or goes meanwhile may be missing, and what
/// was not read `until` then: a chain of forks could be followed for ever.
///
/// # Errors
/// As those of [`children`].
pub(crate) fn append_subtree(
    root: u32,
    until: Instant,
    listing: &mut Vec<ProcessEntry>,
) -> io::Result<()> {
    let mut buffer = [0; 1024];
    let (mut text, mut pids) = (Vec::new(), Vec::new());
    let mut at = listing.len();
    listing.extend(read(root, &mut buffer)?);
    while let Some(parent) = listing.get(at).map(|process| process.pid) {
        if Instant::now() >= until {
            break;
        }
        at += 1;
        text.clear();
        pids.clear();
        match append_children(parent, &mut text) {
            Ok(()) => parse_pids(&text, &mut pids)?,
            Err(error) if gone(&error) => {}
            Err(error) => return Err(error),
        }
        for &pid in &pids {
            listing.extend(read(pid, &mut buffer)?);
        }
    }
    Ok(())
}

/// Appends the children of a process, those of its main thread last.
fn append_children(pid: u32, text: &mut Vec<u8>) -> io::Result<()> {
    let threads = PathBuf::from(format!("/proc/{pid}/task"));
    for thread in fs::read_dir(&threads)? {
        let thread = thread?.file_name();
        if thread.to_str().and_then(|name| name.parse().ok()) == Some(pid) {
            continue;
        }
        let path = threads.join(thread).join("children");
        match File::open(path).and_then(|mut file| file.read_to_end(text)) {
            Ok(_) => {}
            Err(error) if gone(&error) => {}
            Err(error) => return Err(error),
        }
        text.push(b' ');
    }
    append_adopted(pid, text)
}

fn append_adopted(pid: u32, text: &mut Vec<u8>) -> io::Result<()> {
    File::open(format!("/proc/{pid}/task/{pid}/children"))?.read_to_end(text)?;
    Ok(())
}

/// Parses a list of pids, each followed by white space.
fn parse_pids(text: &[u8], pids: &mut Vec<u32>) -> io::Result<()> {
    let words = text.split(u8::is_ascii_whitespace);
    for word in words.filter(|word| !word.is_empty()) {
        let pid = std::str::from_utf8(word)
            .ok()
            .and_then(|pid| pid.parse().ok());
        pids.push(pid.ok_or(io::ErrorKind::InvalidData)?);
    }
    Ok(())
}

/// One process, `None` when there is none.
///
/// # Errors
/// When `/proc` cannot be read.
pub(crate) fn find(pid: u32) -> io::Result<Option<ProcessEntry>> {
    read(pid, &mut [0; 1024])
}

fn read(pid: u32, buffer: &mut [u8]) -> io::Result<Option<ProcessEntry>> {
    let stat = File::open(format!("/proc/{pid}/stat"));
    match stat.and_then(|mut stat| stat.read(buffer)) {
        Ok(len) => Ok(parse(pid, &buffer[..len])),
        Err(error) if gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether an error means that the process has ended meanwhile.
fn gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(nix::libc::ESRCH)
}

/// Parses `pid (name) state ppid pgrp session …`. The name may contain anything, parentheses and spaces too,
/// so the other fields start after the last `)`.
fn parse(pid: u32, line: &[u8]) -> Option<ProcessEntry> {
    let open = line.iter().position(|&b| b == b'(')?;
    let close = line.iter().rposition(|&b| b == b')')?;
    let name = Name::new(line.get(open + 1..close)?);
    let mut fields = std::str::from_utf8(line.get(close + 1..)?)
        .ok()?
        .split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    let session = fields.next()?.parse().ok()?;
    let threads: u32 = fields.nth(13)?.parse().ok()?;
    let start = fields.nth(1)?.parse().ok()?;
    Some(ProcessEntry {
        pid,
        parent,
        group,
        session,
        start,
        state: match state {
            // A main thread that has ended shows as a zombie while other threads go on.
            "Z" if threads > 1 => State::Alive,
            "Z" | "X" | "x" => State::Dead,
            "D" => State::Uninterruptible,
            _ => State::Alive,
        },
        name,
    })
}

/// The environment a process was started with (entries that end in NUL), when we may read it. Some
/// programs overwrite it.
pub(crate) fn environment(pid: u32) -> Option<Vec<u8>> {
    fs::read(format!("/proc/{pid}/environ")).ok()
}

/// The soft limits that carry our mark, see `ownership/mark.rs`: those that are set.
pub(crate) fn marked_limits(pid: u32) -> impl Iterator<Item = u64> {
    // A system call: many times faster than the file.
    let limit = |resource| {
        let mut limit = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: nothing is set, and the structure is ours.
        let result =
            unsafe { libc::prlimit(pid.cast_signed(), resource, ptr::null(), &raw mut limit) };
        Errno::result(result).map(|_| limit.rlim_cur)
    };
    let limits = match (limit(libc::RLIMIT_LOCKS), limit(libc::RLIMIT_RSS)) {
        (Ok(locks), Ok(resident)) => [Some(locks), Some(resident)],
        // It may have become another user: then only the file shows them.
        _ => listed_limits(pid),
    };
    limits.into_iter().flatten()
}

fn listed_limits(pid: u32) -> [Option<u64>; 2] {
    let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
    ["Max file locks", "Max resident set"].map(|name| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_ascii_whitespace().next()?.parse().ok()
    })
}

/// What a process has as stdout and stderr, where that is a pipe or a pseudo terminal, as [`output_id`] has it.
pub(crate) fn output_ids(pid: u32) -> [Option<u64>; 2] {
    [1, 2].map(|fd| {
        let target = fs::read_link(format!("/proc/{pid}/fd/{fd}")).ok()?;
        let target = target.to_str()?;
        match target.strip_prefix("/dev/pts/") {
            Some(number) => number.parse().ok().map(terminal_id),
            None => target
                .strip_prefix("pipe:[")?
                .strip_suffix(']')?
                .parse()
                .ok(),
        }
    })
}

/// The inode of a pipe, or the number of the pseudo terminal that this is the master of.
pub(crate) fn output_id(output: &OwnedFd) -> Option<u64> {
    match super::pty_number(output) {
        Some(number) => Some(terminal_id(number)),
        None => nix::sys::stat::fstat(output).ok().map(|stat| stat.st_ino),
    }
}

/// Numbers of terminals are in another range than inodes.
fn terminal_id(number: u32) -> u64 {
    1 << 63 | u64::from(number)
}

/// The user id of a process; `None` when it has ended.
pub(crate) fn user(pid: u32) -> Option<u32> {
    fs::metadata(format!("/proc/{pid}")).ok().map(|m| m.uid())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = "4 5 6 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 THREADS 0 8765 1 2 3";

    fn parsed(name: &str, state: &str, threads: u32) -> ProcessEntry {
        let stat = format!(
            "42 ({name}) {state} {}",
            REST.replace("THREADS", &threads.to_string())
        );
        parse(42, stat.as_bytes()).unwrap()
    }

    #[test]
    fn names_may_contain_anything() {
        let process = parsed("a) R 1 (b", "S", 1);
        assert_eq!(
            (
                process.parent,
                process.group,
                process.session,
                process.start
            ),
            (4, 5, 6, 8765)
        );
        assert_eq!(process.name.to_string(), "a) R 1 (b");
        assert_eq!(process.state, State::Alive);
    }

    #[test]
    fn a_zombie_with_threads_still_works() {
        assert_eq!(parsed("x", "Z", 1).state, State::Dead);
        assert_eq!(parsed("x", "Z", 3).state, State::Alive);
        assert_eq!(parsed("x", "D", 1).state, State::Uninterruptible);
        assert_eq!(parsed("x", "T", 1).state, State::Alive);
    }

    #[test]
    fn what_is_cut_short_is_no_process() {
        assert_eq!(parse(1, b"1 (x) S 2 3"), None);
        assert_eq!(parse(1, b""), None);
        assert_eq!(parse(1, b")("), None);
    }

    #[test]
    fn we_find_ourselves() {
        let me = std::process::id();
        let mut listing = Vec::new();
        list(&mut listing).unwrap();
        assert!(listing.is_sorted_by_key(|p| p.pid));
        let found = listing.iter().find(|p| p.pid == me).unwrap();
        assert_eq!(find(me).unwrap().unwrap().start, found.start);
        assert!(environment(me).is_some());
        assert!(user(me).is_some());
    }

    #[test]
    fn children_stay_listed_until_they_are_reaped_whatever_thread_began_them() {
        let listed = |pid: u32| {
            let mut found = Vec::new();
            children(&mut found).unwrap();
            found.contains(&pid)
        };
        let begin = |program: &str| std::process::Command::new(program).spawn().unwrap();
        let mut here = begin("true");
        let (tell, told) = std::sync::mpsc::channel();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            tell.send(begin("true")).unwrap();
            let _ = wait.recv();
        });
        let mut there = told.recv().unwrap();
        for _ in 0..100 {
            assert!(listed(here.id()) && listed(there.id()));
        }
        // The thread ends while they are read.
        drop(go);
        for _ in 0..1000 {
            assert!(listed(there.id()));
        }
        thread.join().unwrap();
        assert!(listed(here.id()) && listed(there.id()));
        for child in [&mut here, &mut there] {
            child.wait().unwrap();
            assert!(!listed(child.id()));
        }
    }

    #[test]
    fn limits_are_the_same_by_the_call_and_in_the_file() {
        use std::os::unix::process::CommandExt;

        let mut sleep = std::process::Command::new("sleep");
        // SAFETY: it only makes system calls.
        unsafe {
            sleep.arg("60").pre_exec(|| {
                let limit = libc::rlimit {
                    rlim_cur: 1 << 40,
                    rlim_max: libc::RLIM_INFINITY,
                };
                libc::setrlimit(libc::RLIMIT_LOCKS, &raw const limit);
                Ok(())
            })
        };
        let mut sleep = sleep.spawn().expect("it runs");
        let listed = listed_limits(sleep.id());
        let called: Vec<u64> = marked_limits(sleep.id()).collect();
        sleep.kill().expect("it is ours");
        sleep.wait().expect("it ends");
        assert_eq!(listed[0], Some(1 << 40));
        assert_eq!(called[0], 1 << 40);
    }
}
