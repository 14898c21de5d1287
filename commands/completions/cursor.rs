//! Where on a command line the cursor is: which command, which of its arguments.

use std::path::PathBuf;

use clap::{Arg, ArgAction, Command};

use crate::cli::with_second_dash;

/// The place of the word that is being typed.
#[derive(Debug)]
pub(super) struct Place<'a> {
    /// The command that the words before name.
    pub(super) command: &'a Command,
    /// The role of the word being typed.
    pub(super) slot: Slot<'a>,
    /// Whether it is after `--`, where nothing is an option.
    pub(super) only_values: bool,
    /// The arguments of the command that were given already, each with its value if it has one.
    pub(super) given: Vec<(&'a Arg, Option<String>)>,
}

/// The role of a word in its command.
#[derive(Debug)]
pub(super) enum Slot<'a> {
    /// An option, as the word begins with a dash.
    Option,
    /// The value of an option; `attached` is the part of the word before it (`--only=`).
    Value { arg: &'a Arg, attached: String },
    /// An argument by its position, or a subcommand where there are some.
    Positional { arg: Option<&'a Arg>, nth: usize },
}

impl<'a> Place<'a> {
    /// Reads the words between the program's name and the one that is being typed.
    pub(super) fn find(grammar: &'a Command, before: &[String], current: &str) -> Self {
        let mut reader = Reader {
            place: Self {
                command: grammar,
                slot: Slot::Option,
                only_values: false,
                given: Vec::new(),
            },
            waiting: None,
            positionals: 0,
        };
        for word in before {
            reader.read(word);
        }
        reader.finish(current)
    }

    /// Whether the argument was given and cannot be given again.
    pub(super) fn is_used_up(&self, arg: &Arg) -> bool {
        let repeats = matches!(arg.get_action(), ArgAction::Append | ArgAction::Count);
        !repeats
            && self
                .given
                .iter()
                .any(|(given, _)| given.get_id() == arg.get_id())
    }

    /// The config that the words name, as `-c`, `--config`, `-config` or by position.
    pub(super) fn config(&self) -> Option<PathBuf> {
        let named = |wanted: &str| {
            let mut given = self.given.iter();
            given.find_map(|(arg, value)| {
                let value = value.as_deref().filter(|_| arg.get_id() == wanted)?;
                Some(at_home(value))
            })
        };
        named("config").or_else(|| named("file"))
    }
}

/// What the shell makes of a `~/` in front once the line is run.
fn at_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

struct Reader<'a> {
    place: Place<'a>,
    /// The option whose value is the next word.
    waiting: Option<&'a Arg>,
    positionals: usize,
}

impl<'a> Reader<'a> {
    fn read(&mut self, word: &str) {
        if let Some(arg) = self.waiting.take() {
            return self.give(arg, Some(word));
        }
        if self.place.only_values {
            return self.positional(word);
        }
        if word == "--" {
            self.place.only_values = true;
            return;
        }
        let word = with_second_dash(word.into()).to_string_lossy().into_owned();
        if let Some(option) = word.strip_prefix("--") {
            self.long(option);
        } else if let Some(cluster) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) {
            self.shorts(cluster);
        } else {
            self.positional(&word);
        }
    }

    fn long(&mut self, option: &str) {
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (option, None),
        };
        let Some(arg) = long(self.place.command, name) else {
            return;
        };
        if value.is_none() && takes_value(arg) {
            self.waiting = Some(arg);
        } else {
            self.give(arg, value);
        }
    }

    /// `-q`, `-qc` with the value in the next word, `-cflowlayer.jsonc`.
    fn shorts(&mut self, cluster: &str) {
        let mut rest = cluster.chars();
        while let Some(short) = rest.next() {
            let mut options = self.place.command.get_opts();
            let Some(arg) = options.find(|arg| arg.get_short() == Some(short)) else {
                continue;
            };
            if !takes_value(arg) {
                self.give(arg, None);
                continue;
            }
            match rest.as_str() {
                "" => self.waiting = Some(arg),
                value => self.give(arg, Some(value.strip_prefix('=').unwrap_or(value))),
            }
            return;
        }
    }

    fn positional(&mut self, word: &str) {
        let subcommand = self.place.command.find_subcommand(word);
        if let (0, false, Some(command)) = (self.positionals, self.place.only_values, subcommand) {
            self.place.command = command;
            return;
        }
        if let Some(arg) = positional(self.place.command, self.positionals, self.place.only_values)
        {
            self.give(arg, Some(word));
        }
        self.positionals += 1;
    }

    fn give(&mut self, arg: &'a Arg, value: Option<&str>) {
        self.place.given.push((arg, value.map(str::to_owned)));
    }

    fn finish(mut self, current: &str) -> Place<'a> {
        let command = self.place.command;
        let canonical = with_second_dash(current.into());
        let canonical = canonical.to_string_lossy();
        self.place.slot = if let Some(arg) = self.waiting {
            Slot::Value {
                arg,
                attached: String::new(),
            }
        } else if self.place.only_values || !current.starts_with('-') {
            Slot::Positional {
                arg: positional(command, self.positionals, self.place.only_values),
                nth: self.positionals,
            }
        } else {
            let option = canonical.strip_prefix("--").and_then(|o| o.split_once('='));
            let arg = option.and_then(|(name, _)| long(command, name));
            let attached = current.split_inclusive('=').next().unwrap_or_default();
            match arg.filter(|arg| takes_value(arg)) {
                Some(arg) => Slot::Value {
                    arg,
                    attached: attached.to_owned(),
                },
                None => Slot::Option,
            }
        };
        self.place
    }
}

fn takes_value(arg: &Arg) -> bool {
    arg.get_action().takes_values()
}

fn long<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|arg| {
        let mut names = arg.get_long_and_visible_aliases().into_iter().flatten();
        names.any(|known| known == name)
    })
}

/// The argument at this position; the last one may take any number. What stands behind `--` may have
/// an argument of its own.
fn positional(command: &Command, nth: usize, only_values: bool) -> Option<&Arg> {
    let behind = command.get_positionals().find(|arg| arg.is_last_set());
    if only_values && behind.is_some() {
        return behind;
    }
    let mut known = command.get_positionals().filter(|arg| !arg.is_last_set());
    let mut last = None;
    for _ in 0..=nth {
        let Some(arg) = known.next() else {
            let is_many = |arg: &&Arg| {
                arg.get_num_args()
                    .is_some_and(|range| range.max_values() > 1)
                    || matches!(arg.get_action(), ArgAction::Append)
            };
            return last.filter(is_many);
        };
        last = Some(arg);
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grammar() -> Command {
        let option = |name: &'static str| Arg::new(name).long(name);
        let mut grammar = Command::new("flowlayer").subcommand(
            Command::new("go")
                .arg(option("config").short('c'))
                .arg(option("only").action(ArgAction::Append))
                .arg(Arg::new("quiet").short('q').action(ArgAction::SetTrue))
                .arg(Arg::new("file"))
                .arg(Arg::new("rest").num_args(0..)),
        );
        grammar = grammar.subcommand(
            Command::new("run")
                .arg(Arg::new("file"))
                .arg(Arg::new("behind").last(true).num_args(1..)),
        );
        grammar.build();
        grammar
    }

    /// The command, the slot, the given arguments, the config.
    fn at(line: &str) -> String {
        let grammar = grammar();
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let current = words.pop().unwrap();
        let place = Place::find(&grammar, &words, &current);
        let slot = match &place.slot {
            Slot::Option => "option".to_owned(),
            Slot::Value { arg, attached } => format!("{attached}<{}>", arg.get_id()),
            Slot::Positional { arg, .. } => {
                arg.map_or("command".to_owned(), |arg| arg.get_id().to_string())
            }
        };
        let config = place.config();
        let config = config
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        format!("{} {slot} {config}", place.command.get_name())
            .trim_end()
            .to_owned()
    }

    #[test]
    fn the_place_is_found_after_every_spelling() {
        for (line, place) in [
            ("", "flowlayer command"),
            ("g", "flowlayer command"),
            ("-", "flowlayer option"),
            ("go ", "go file"),
            ("go -", "go option"),
            ("go --on", "go option"),
            ("go --only ", "go <only>"),
            ("go --only=", "go --only=<only>"),
            ("go --only=a", "go --only=<only>"),
            ("go -q ", "go file"),
            ("go -c ", "go <config>"),
            ("go -qc ", "go <config>"),
            ("go -qc x ", "go file x"),
            ("go -cx ", "go file x"),
            ("go -c=x ", "go file x"),
            ("go -config x ", "go file x"),
            ("go -config=x ", "go file x"),
            ("go -config=", "go -config=<config>"),
            ("go --config x --only ", "go <only> x"),
            ("go a ", "go rest a"),
            ("go a -c b ", "go rest b"),
            ("go a b c ", "go rest a"),
            ("go -- -", "go file"),
            ("go --bogus -", "go option"),
            ("unknown ", "flowlayer command"),
            ("run ", "run file"),
            ("run a ", "run command a"),
            ("run -- ", "run behind"),
            ("run a -- b ", "run behind a"),
        ] {
            assert_eq!(at(line), place, "{line:?}");
        }
    }

    #[test]
    fn an_option_is_used_up_unless_it_repeats() {
        let grammar = grammar();
        let words = ["go", "--only", "a", "-c", "x"].map(str::to_owned);
        let place = Place::find(&grammar, &words, "-");
        let arg = |name| long(place.command, name).unwrap();
        assert!(place.is_used_up(arg("config")));
        assert!(!place.is_used_up(arg("only")));
    }
}
