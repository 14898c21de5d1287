//! What fits at a place of a command line.

use std::path::Path;

use clap::{Arg, Command};
use flowlayer_core::config;

use super::cursor::{Place, Slot};
use crate::cli::{ONE_DASH, ValueKind, value_kind};
use crate::config_file;
use crate::terminal::diagnostics;

/// Everything that fits.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// Whole words, those that begin with what was typed, in the order of the help.
    pub(super) candidates: Vec<Candidate>,
    /// What the shell completes by itself besides.
    pub(super) also: Also,
}

impl From<Vec<Candidate>> for Answer {
    fn from(candidates: Vec<Candidate>) -> Self {
        Self {
            candidates,
            also: Also::Nothing,
        }
    }
}

/// One candidate.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// As the program has to get it: not quoted for any shell.
    pub(super) value: String,
    /// One line, or nothing.
    pub(super) help: String,
}

/// What a shell knows better than we do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Also {
    #[default]
    Nothing,
    Files,
    Directories,
    Commands,
}

impl Also {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::Files => "files",
            Self::Directories => "directories",
            Self::Commands => "commands",
        }
    }
}

/// The candidates at the cursor. A config is searched in `directory`.
pub(super) fn answer(place: &Place<'_>, current: &str, directory: &Path) -> Answer {
    let mut answer = match &place.slot {
        Slot::Option => options(place, current),
        Slot::Value { arg, attached } => values(place, arg, attached, directory),
        Slot::Positional { arg, nth } => {
            let mut answer =
                arg.map_or_else(Answer::default, |arg| values(place, arg, "", directory));
            if *nth == 0 && !place.only_values {
                answer.candidates.extend(subcommands(place.command));
            }
            if answer.also == Also::Commands && arg_is_running(place) {
                // The arguments of a command that is going to run are its own business.
                answer.also = Also::Files;
            }
            answer
        }
    };
    answer
        .candidates
        .retain(|candidate| candidate.value.starts_with(current));
    answer
}

/// Whether the command to be run is already among the words.
fn arg_is_running(place: &Place<'_>) -> bool {
    let mut given = place.given.iter();
    given.any(|(arg, _)| value_kind(arg) == ValueKind::Command)
}

fn subcommands(command: &Command) -> impl Iterator<Item = Candidate> {
    let shown = command
        .get_subcommands()
        .filter(|known| !known.is_hide_set());
    shown.map(|known| Candidate {
        value: known.get_name().to_owned(),
        help: one_line(known.get_about()),
    })
}

fn options(place: &Place<'_>, current: &str) -> Answer {
    let known = place.command.get_arguments();
    let known = known.filter(|arg| !arg.is_positional() && !arg.is_hide_set());
    let mut candidates = Vec::new();
    for arg in known.filter(|arg| !place.is_used_up(arg)) {
        let help = one_line(arg.get_help());
        let long = arg.get_long().map(|long| format!("--{long}"));
        let short = arg.get_short().map(|short| format!("-{short}"));
        // The short spelling is offered only if there is no long one.
        let value = long.clone().or(short).unwrap_or_default();
        candidates.push(Candidate {
            value,
            help: help.clone(),
        });
        // As the documents write some; who has typed one dash and a letter wants no second dash.
        let one_dash = long
            .filter(|_| current.len() > 1)
            .map(|long| long[1..].to_owned());
        if let Some(value) = one_dash.filter(|value| ONE_DASH.contains(&value.as_bytes())) {
            candidates.push(Candidate { value, help });
        }
    }
    candidates.into()
}

fn values(place: &Place<'_>, arg: &Arg, attached: &str, directory: &Path) -> Answer {
    let candidate = |value: &str, help: String| Candidate {
        value: format!("{attached}{value}"),
        help,
    };
    // A flag says of itself that `true` and `false` are possible.
    let possible = arg.get_possible_values();
    if !possible.is_empty() && arg.get_action().takes_values() {
        let shown = possible.iter().filter(|value| !value.is_hide_set());
        return shown
            .map(|value| candidate(value.get_name(), one_line(value.get_help())))
            .collect::<Vec<_>>()
            .into();
    }
    let also = match value_kind(arg) {
        ValueKind::Service => {
            let names = services(place, arg, directory);
            let names = names.iter().map(|name| candidate(name, String::new()));
            return names.collect::<Vec<_>>().into();
        }
        ValueKind::File => Also::Files,
        ValueKind::Directory => Also::Directories,
        ValueKind::Command => Also::Commands,
        ValueKind::Other => Also::Nothing,
    };
    Answer {
        also,
        ..Answer::default()
    }
}

/// The services in the config that the line means, then its groups, without those it has already.
fn services(place: &Place<'_>, arg: &Arg, directory: &Path) -> Vec<String> {
    let path = place.config().or_else(|| config_file::nearest(directory));
    let Some(Ok(bytes)) = path.map(|path| config::read_file(&path)) else {
        return Vec::new();
    };
    let given: Vec<&str> = place
        .given
        .iter()
        .filter(|(given, _)| given.get_id() == arg.get_id())
        .filter_map(|(_, value)| value.as_deref())
        .collect();
    let known = config::known_names(bytes);
    let mut names = known.services;
    let groups = known.groups.iter().map(|group| format!("@{group}"));
    names.extend(groups.collect::<Vec<_>>());
    names.retain(|name| {
        is_fit(name)
            && (place.only_values || !name.starts_with('-'))
            && !given.contains(&name.as_str())
    });
    names
}

/// Whether a name can be shown beside others and be typed: no control characters, nothing that
/// changes how what follows is shown.
fn is_fit(name: &str) -> bool {
    const MAX_BYTES: usize = 256;
    !name.is_empty() && name.len() <= MAX_BYTES && diagnostics::readable(name) == name
}

fn one_line(text: Option<&clap::builder::StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn values_of(line: &str, config: &str) -> (Vec<String>, Also) {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("flowlayer.jsonc"), config).unwrap();
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let current = words.pop().unwrap();
        let grammar = crate::cli::grammar_of(crate::grammar(), words[0].as_ref());
        let place = Place::find(&grammar, &words[1..], &current);
        let answer = answer(&place, &current, directory.path());
        let values = answer
            .candidates
            .into_iter()
            .map(|candidate| candidate.value);
        (values.collect(), answer.also)
    }

    const STACK: &str =
        r#"{ "services": { "web": {"cmd": "x"}, "worker": {}, "db:up": 5, "-x": {} } }"#;

    #[test]
    fn names_of_services_come_from_the_config_even_if_it_has_errors() {
        let names = |line| values_of(line, STACK).0;
        assert_eq!(names("flowlayer serve --only "), ["web", "worker", "db:up"]);
        assert_eq!(names("flowlayer serve --only w"), ["web", "worker"]);
        assert_eq!(names("flowlayer-server --only=wo"), ["--only=worker"]);
        assert_eq!(names("flowlayer serve --only web --only w"), ["worker"]);
        let grouped = r#"{ "services": { "web": {"groups": ["front"]}, "api": {"groups": ["back", "front", 5, ""]} } }"#;
        let names = |line| values_of(line, grouped).0;
        assert_eq!(
            names("flowlayer serve --only "),
            ["web", "api", "@", "@back", "@front"]
        );
        assert_eq!(names("flowlayer stop web @f"), ["@front"]);
        let half = r#"{ "services": { "web": { "cmd": "x", }, "api": { "cmd":"#;
        assert_eq!(values_of("flowlayer serve --only ", half).0, ["web", "api"]);
        assert!(values_of("flowlayer serve --only ", "\u{1}").0.is_empty());
    }

    #[test]
    fn names_that_would_disturb_a_terminal_are_left_out() {
        let hostile = r#"{"services": {"a\u001b[2J": {}, "b\nc": {}, "d\u202ee": {}, "\t": {}, "": {},
            "$(touch x)": {}, "ok": {}}}"#;
        assert_eq!(
            values_of("flowlayer serve --only ", hostile).0,
            ["$(touch x)", "ok"]
        );
    }

    #[test]
    fn commands_options_and_known_values_complete() {
        let values = |line| values_of(line, STACK).0;
        assert_eq!(values("flowlayer vali"), ["validate"]);
        assert!(
            values("flowlayer ")
                .iter()
                .all(|name| !name.starts_with('_'))
        );
        assert_eq!(
            values("flowlayer plan --format "),
            ["text", "json", "dot", "mermaid"]
        );
        assert_eq!(values("flowlayer plan --format=j"), ["--format=json"]);
        assert_eq!(values("flowlayer serve --quiet --q"), [""; 0]);
        assert_eq!(values("flowlayer serve -to"), ["-token"]);
        assert_eq!(values("flowlayer-client-tui --ad"), ["--addr"]);
        assert!(values("flowlayer serve -").contains(&"--session-bind".to_owned()));
    }

    #[test]
    fn paths_are_left_to_the_shell() {
        for line in [
            "serve ",
            "serve -c ",
            "serve --config=",
            "validate a ",
            "plan -config ",
        ] {
            let (values, also) = values_of(&format!("flowlayer {line}"), STACK);
            assert_eq!((values.len(), also), (0, Also::Files), "{line}");
        }
        assert_eq!(values_of("flowlayer serve -s ", STACK).1, Also::Nothing);
    }
}
