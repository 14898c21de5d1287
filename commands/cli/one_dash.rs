//! The long options that FlowLayer's documents write with one dash: `-token`, `-addr`, `-config`,
//! also as `-token=x`.
//!
//! A rewrite of the arguments before they are parsed. It touches exactly these spellings, never a
//! word after `--`, and never the value of another option (`--grep -token` looks for `-token`).

use std::ffi::{OsStr, OsString};

/// With their one dash.
pub(crate) const SPELLINGS: [&[u8]; 3] = [b"-token", b"-addr", b"-config"];

/// Which options of a command take the next argument as their value.
#[derive(Debug, Default)]
pub(super) struct ValueOptions {
    /// Without the dashes.
    long: Vec<String>,
    short: Vec<u8>,
}

impl ValueOptions {
    /// Those of this command, its subcommands' left out.
    pub(super) fn of(command: &clap::Command) -> Self {
        let mut options = Self::default();
        for option in command.get_opts() {
            options.long.extend(
                option
                    .get_long_and_visible_aliases()
                    .into_iter()
                    .flatten()
                    .map(str::to_owned),
            );
            // Our short options are all ASCII letters.
            options.short.extend(
                option
                    .get_short()
                    .and_then(|short| u8::try_from(short).ok()),
            );
        }
        options
    }

    /// Whether the argument is an option whose value is the next argument.
    fn reach_into_next(&self, argument: &OsStr) -> bool {
        match argument.as_encoded_bytes() {
            [b'-', b'-', name @ ..] => self.long.iter().any(|long| long.as_bytes() == name),
            // In `-qc` the value of `c` is the next argument; in `-cq` it is `q`.
            [b'-', cluster @ ..] => {
                let first = cluster.iter().position(|short| self.short.contains(short));
                first.is_some_and(|at| at + 1 == cluster.len())
            }
            _ => false,
        }
    }
}

/// Gives the one-dash spellings their second dash.
pub(super) fn canonical(arguments: Vec<OsString>, options: &ValueOptions) -> Vec<OsString> {
    let mut is_value = false;
    let mut only_values = false;
    arguments
        .into_iter()
        .map(|argument| {
            if std::mem::take(&mut is_value) || only_values {
                return argument;
            }
            only_values = argument == "--";
            let argument = with_second_dash(argument);
            is_value = options.reach_into_next(&argument);
            argument
        })
        .collect()
}

/// One argument that is an option, canonical.
pub(crate) fn with_second_dash(argument: OsString) -> OsString {
    let bytes = argument.as_encoded_bytes();
    let name = bytes.split(|byte| *byte == b'=').next().unwrap_or(bytes);
    if !SPELLINGS.contains(&name) {
        return argument;
    }
    let mut canonical = OsString::from("-");
    canonical.push(argument);
    canonical
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn options() -> ValueOptions {
        ValueOptions {
            long: ["config", "token", "addr", "grep"]
                .map(str::to_owned)
                .to_vec(),
            short: b"cs".to_vec(),
        }
    }

    #[track_caller]
    fn becomes(given: &str, wanted: &str) {
        let arguments = given.split(' ').map(OsString::from).collect();
        let canonical = canonical(arguments, &options());
        assert_eq!(canonical.join(OsStr::new(" ")), OsString::from(wanted));
    }

    #[test]
    fn the_three_spellings_get_their_second_dash() {
        becomes(
            "-token t -addr a -config c",
            "--token t --addr a --config c",
        );
        becomes(
            "-token=t -addr=a=b -config=",
            "--token=t --addr=a=b --config=",
        );
        becomes("-c f -token t", "-c f --token t");
    }

    #[test]
    fn nothing_else_is_touched() {
        becomes(
            "-tokens -addres -c -conf --token",
            "-tokens -addres -c -conf --token",
        );
        becomes("token addr", "token addr");
        becomes("-- -token x", "-- -token x");
        becomes("--grep -token -token x", "--grep -token --token x");
        becomes("--grep=x -token y", "--grep=x --token y");
        becomes("-token -token", "--token -token");
        becomes("-qc -config -config x", "-qc -config --config x");
        becomes("-cq -config x", "-cq --config x");
    }

    proptest! {
        #[test]
        fn at_most_one_dash_is_added_to_an_argument(
            given in proptest::collection::vec("-{0,2}(token|addr|config|c|x|)(=.{0,3})?", 0..8),
        ) {
            let arguments: Vec<OsString> = given.iter().map(OsString::from).collect();
            let canonical = canonical(arguments.clone(), &options());
            prop_assert_eq!(canonical.len(), arguments.len());
            for (after, before) in canonical.iter().zip(&arguments) {
                let mut dashed = OsString::from("-");
                dashed.push(before);
                prop_assert!(after == before || *after == dashed);
            }
        }
    }
}
