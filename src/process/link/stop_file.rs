//! A `stopCmd` as it is passed to the guardian: in an anonymous file, because an environment may have megabytes
//! and the guardian must stay small. Strings and counts are prefixed by 8 bytes of length.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use crate::process::message::StopCommand;

/// Encodes it.
pub(crate) fn write(command: &StopCommand) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, command.cwd.as_os_str().as_bytes());
    number(&mut bytes, command.argv.len());
    for argument in &command.argv {
        put(&mut bytes, argument.as_bytes());
    }
    number(&mut bytes, command.env.len());
    for (key, value) in &command.env {
        put(&mut bytes, key.as_bytes());
        put(&mut bytes, value.as_bytes());
    }
    bytes
}

/// Decodes it; `None` when it is invalid.
pub(crate) fn read(mut bytes: &[u8]) -> Option<StopCommand> {
    let cwd = PathBuf::from(OsString::from_vec(take(&mut bytes)?.to_vec()));
    let arguments = take_number(&mut bytes)?;
    let mut argv = Vec::new();
    for _ in 0..arguments {
        argv.push(String::from_utf8(take(&mut bytes)?.to_vec()).ok()?);
    }
    let variables = take_number(&mut bytes)?;
    let mut env = Vec::new();
    for _ in 0..variables {
        let key = OsString::from_vec(take(&mut bytes)?.to_vec());
        let value = OsString::from_vec(take(&mut bytes)?.to_vec());
        env.push((key, value));
    }
    Some(StopCommand { argv, env, cwd })
}

fn number(bytes: &mut Vec<u8>, number: usize) {
    bytes.extend_from_slice(&(number as u64).to_le_bytes());
}

fn put(bytes: &mut Vec<u8>, string: &[u8]) {
    number(bytes, string.len());
    bytes.extend_from_slice(string);
}

fn take_number(bytes: &mut &[u8]) -> Option<usize> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    usize::try_from(u64::from_le_bytes(*number)).ok()
}

fn take<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = take_number(bytes)?;
    let (string, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(string)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            argv in proptest::collection::vec(".*", 0..5),
            env in proptest::collection::vec((any::<Vec<u8>>(), any::<Vec<u8>>()), 0..5),
            cwd in any::<Vec<u8>>(),
        ) {
            let env: Vec<_> = env
                .into_iter()
                .map(|(key, value)| (OsString::from_vec(key), OsString::from_vec(value)))
                .collect();
            let cwd = PathBuf::from(OsString::from_vec(cwd));
            let command = StopCommand { argv: argv.clone(), env: env.clone(), cwd: cwd.clone() };
            let back = read(&write(&command)).unwrap();
            prop_assert_eq!((back.argv, back.env, back.cwd), (argv, env, cwd));
        }

        #[test]
        fn anything_else_is_nothing(bytes in any::<Vec<u8>>()) {
            let _ = read(&bytes);
        }
    }
}
