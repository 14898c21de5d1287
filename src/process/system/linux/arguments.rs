//! The arguments of this process, as others see them.

use std::ffi::CStr;
use std::fs;

/// Takes a secret out of this process's arguments, which `ps` and `/proc` show to everybody: overwrites each
/// argument, or its value after the first `=`, that equals it. To be called before any thread exists. From here
/// on `std::env::args` gives asterisks for it too.
pub fn conceal_argument(secret: &str) {
    if let Some(arguments) = arguments() {
        conceal_in(arguments, secret.as_bytes());
    }
}

/// Gives this process another name and no arguments, so that `pkill`, `killall` and `pidof` do not find it by those it
/// was started with. To be called before any thread exists.
pub(crate) fn conceal_process(name: &CStr) {
    let _ = nix::sys::prctl::set_name(name);
    if let Some(arguments) = arguments() {
        arguments.fill(0);
    }
}

/// The arguments, each with a zero behind it, while there is one thread.
fn arguments() -> Option<&'static mut [u8]> {
    let (start, end) = range()?;
    // SAFETY: our arguments are there, in memory that is ours to write; there is one thread, and the standard
    // library returns copies only.
    Some(unsafe { std::slice::from_raw_parts_mut(start as *mut u8, end - start) })
}

/// The addresses of the arguments.
fn range() -> Option<(usize, usize)> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    // The first field after the name is the third of all; these are the 48th and the 49th.
    let mut fields = fields.split_ascii_whitespace().skip(48 - 3);
    let first: usize = fields.next()?.parse().ok()?;
    let end = fields.next()?.parse().ok()?;
    (0 < first && first < end).then_some((first, end))
}

fn conceal_in(arguments: &mut [u8], secret: &[u8]) {
    for argument in arguments.split_mut(|&byte| byte == 0) {
        let from = match argument.iter().position(|&byte| byte == b'=') {
            _ if argument == secret => 0,
            Some(at) if &argument[at + 1..] == secret => at + 1,
            _ => continue,
        };
        argument[from..].fill(b'*');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_goes_and_everything_else_stays() {
        let mut arguments = *b"serve\0-token\0abc\0--token=abc\0abcd\0x=y=abc\0-c\0abc=\0";
        conceal_in(&mut arguments, b"abc");
        assert_eq!(
            arguments,
            *b"serve\0-token\0***\0--token=***\0abcd\0x=y=abc\0-c\0abc=\0"
        );
    }
}
