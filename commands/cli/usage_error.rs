//! What is wrong with a command line, in one sentence.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The message for a command line that could not be parsed. Where the help is follows it on the
/// screen, so it does not repeat the usage.
pub(super) fn message(error: &clap::Error, command: &clap::Command) -> String {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let argument = text(ContextKind::InvalidArg).unwrap_or_default();
    let option = name_of(argument);
    match error.kind() {
        ErrorKind::UnknownArgument if argument.starts_with('-') => {
            let instead = option_instead(argument, command)
                .unwrap_or_else(|| did_you_mean(text(ContextKind::SuggestedArg)));
            format!("unknown option {argument:?}{instead}")
        }
        ErrorKind::UnknownArgument => {
            let takes_one_config = command
                .get_positionals()
                .any(|known| known.get_id() == "file");
            let why = if takes_one_config {
                ": only one configuration file can be given"
            } else if command.get_positionals().any(clap::Arg::is_last_set) {
                ": write `--` in front of the command"
            } else {
                ""
            };
            format!("unexpected argument {argument:?}{why}")
        }
        ErrorKind::ArgumentConflict => match prior(error) {
            Some(other) if name_of(&other) != option => {
                format!("{option} does not go with {}", name_of(&other))
            }
            _ => given_twice(option, command),
        },
        ErrorKind::InvalidValue => match text(ContextKind::InvalidValue) {
            None | Some("") => format!("{option} needs a value: {argument}"),
            Some(value) => {
                let known = match error.get(ContextKind::ValidValue) {
                    Some(ContextValue::Strings(known)) => known.join(", "),
                    _ => String::new(),
                };
                let suggestion = did_you_mean(text(ContextKind::SuggestedValue));
                format!("invalid {option}: {value:?} is none of {known}{suggestion}")
            }
        },
        // The value stays out of it: it may be a token.
        ErrorKind::ValueValidation => match error.source() {
            Some(why) => format!("invalid {option}: {why}"),
            None => format!("invalid {option}"),
        },
        ErrorKind::TooManyValues => format!("{option} takes no value"),
        ErrorKind::InvalidSubcommand => {
            let name = text(ContextKind::InvalidSubcommand).unwrap_or_default();
            format!("unknown command {name:?}{}", instead_of(name, error))
        }
        ErrorKind::MissingRequiredArgument => match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::Strings(missing)) => format!("missing {}", missing.join(", ")),
            _ => "an argument is missing".to_owned(),
        },
        ErrorKind::InvalidUtf8 => "an argument is not valid UTF-8".to_owned(),
        kind => kind
            .as_str()
            .unwrap_or("these arguments make no sense")
            .to_owned(),
    }
}

/// `--config` of `--config <PATH>`.
fn name_of(argument: &str) -> &str {
    argument.split([' ', '=']).next().unwrap_or(argument)
}

/// What an argument does not go with.
fn prior(error: &clap::Error) -> Option<String> {
    match error.get(ContextKind::PriorArg)? {
        ContextValue::String(other) => Some(other.clone()),
        ContextValue::Strings(others) => others.first().cloned(),
        _ => None,
    }
}

fn given_twice(option: &str, command: &clap::Command) -> String {
    let long = option.strip_prefix("--");
    let known = command
        .get_opts()
        .find(|known| long.is_some() && known.get_long() == long);
    match known.and_then(clap::Arg::get_short) {
        Some(short) => format!("-{short} and {option} are one option: give it once"),
        None => format!("{option} is given more than once"),
    }
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |known| format!(" (did you mean {known:?}?)"))
}

/// What other tools have as this option.
fn option_instead(option: &str, command: &clap::Command) -> Option<String> {
    let has = |long: &&str| {
        command
            .get_arguments()
            .any(|known| known.get_long() == Some(long))
    };
    match option {
        "--tail" | "--lines" if has(&"grep") => Some(" (-n N shows the last N entries)".to_owned()),
        "--watch" | "-w" if command.get_name() == "status" => {
            Some(" (flowlayer tui shows the services as they change)".to_owned())
        }
        "--watch" | "-w" if has(&"grep") => Some(did_you_mean(Some("--follow"))),
        "--watch" | "-w" if has(&"detach") => {
            Some(" (the configuration is watched: flowlayer reload applies an edit)".to_owned())
        }
        "-v" => Some(did_you_mean(Some("--version"))),
        "-t" => {
            let meant = ["timestamps", "timeout", "token"].into_iter().find(has)?;
            Some(did_you_mean(Some(&format!("--{meant}"))))
        }
        _ => None,
    }
}

/// What other tools call a command, and what does it here.
const OTHER_COMMANDS: [(&[&str], &str); 7] = [
    (&["boot", "dev"], "flowlayer up boots the stack"),
    (
        &["ps", "ls", "list", "top"],
        "flowlayer status shows the services",
    ),
    (
        &["tail", "log", "events"],
        "flowlayer logs -f shows what services print",
    ),
    (
        &["watch", "ui", "attach", "monitor", "client"],
        "flowlayer tui opens the cockpit",
    ),
    (
        &["kill", "quit", "exit", "shutdown"],
        "flowlayer down ends the session",
    ),
    (
        &["check", "lint", "config"],
        "flowlayer validate checks a configuration",
    ),
    (&["version"], "flowlayer --version shows the version"),
];

fn instead_of(name: &str, error: &clap::Error) -> String {
    let extension = std::path::Path::new(name).extension();
    if extension.is_some_and(|extension| extension == "json" || extension == "jsonc") {
        return format!(" (to run a stack: flowlayer serve {name})");
    }
    let mut others = OTHER_COMMANDS.iter();
    if let Some((_, instead)) = others.find(|(names, _)| names.contains(&name)) {
        return format!(" ({instead})");
    }
    match error.get(ContextKind::SuggestedSubcommand) {
        // The best comes last.
        Some(ContextValue::Strings(known)) => did_you_mean(known.last().map(String::as_str)),
        Some(ContextValue::String(known)) => did_you_mean(Some(known)),
        _ => String::new(),
    }
}
