//! Parses the arguments of the process into a subcommand, or into help or version text.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, FromArgMatches, Parser, Subcommand};

use super::one_dash::{ValueOptions, canonical};
use super::{Cli, CommonArgs, usage_error};
use crate::failure::Failure;

/// The arguments of the process, ready to be parsed. Pure: it looks at nothing else.
#[derive(Debug)]
pub(crate) struct CommandLine {
    /// What can be parsed: the whole binary, or one subcommand under a name of its own.
    grammar: clap::Command,
    /// With the one-dash spellings made canonical; the first is the program's name.
    arguments: Vec<OsString>,
}

#[derive(Debug)]
pub(crate) enum Parsed<C> {
    Run(C),
    /// Print this on stdout (help, version) and be done.
    Show(Text),
}

/// A text in which clap has marked what may be coloured.
#[derive(Debug)]
pub(crate) struct Text(StyledStr);

impl Text {
    /// The text with or without ANSI codes.
    pub(crate) fn paint(&self, colored: bool) -> String {
        if colored {
            self.0.ansi().to_string()
        } else {
            self.0.to_string()
        }
    }
}

/// The names that stand for a subcommand when the binary is started under them.
pub(crate) const MULTI_CALL: [(&str, &str); 2] = [
    ("flowlayer-server", "serve"),
    ("flowlayer-client-tui", "tui"),
];

/// The name and the subcommand, if the program was started under one of [`MULTI_CALL`].
fn multi_call(program: &OsStr) -> Option<(&'static str, &'static str)> {
    let name = Path::new(program).file_name()?;
    MULTI_CALL.into_iter().find(|(known, _)| name == *known)
}

/// What can be typed behind a program of this name, ready to be looked at.
pub(crate) fn grammar_of(flowlayer: clap::Command, program: &OsStr) -> clap::Command {
    let mut command = match multi_call(program) {
        Some((name, subcommand)) => alone(&flowlayer, name, subcommand),
        None => flowlayer,
    };
    // Also names the subcommands in full (`flowlayer serve`) and hands global options down.
    command.build();
    command
}

/// A subcommand as a program of its own.
fn alone(flowlayer: &clap::Command, name: &'static str, subcommand: &str) -> clap::Command {
    let common = CommonArgs::augment_args(clap::Command::new(name).disable_help_flag(true))
        .version(env!("CARGO_PKG_VERSION"));
    let Some(known) = flowlayer.find_subcommand(subcommand) else {
        return common;
    };
    let about = known.get_about().cloned().unwrap_or_default();
    let notes = known.get_after_help().cloned().unwrap_or_default();
    let arguments = known.get_arguments().cloned();
    common.args(arguments).about(about).after_help(notes)
}

impl CommandLine {
    /// Takes the grammar of `flowlayer` and the arguments of the process, the program's name first.
    pub(crate) fn new(
        flowlayer: clap::Command,
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Self {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let program = arguments.first().map_or(OsStr::new(""), |name| name);
        let mut line = Self {
            grammar: grammar_of(flowlayer, program),
            arguments,
        };
        let options = ValueOptions::of(&line.addressed());
        line.arguments = canonical(std::mem::take(&mut line.arguments), &options);
        line
    }

    /// Whether `--no-color` is among the arguments; also for a command line that cannot be parsed.
    pub(crate) fn no_color(&self) -> bool {
        let options = self
            .arguments
            .iter()
            .take_while(|argument| *argument != "--");
        options.into_iter().any(|argument| argument == "--no-color")
    }

    /// What is asked for, or the usage error.
    pub(crate) fn parse<C: Subcommand>(&self) -> Result<Parsed<C>, Failure> {
        match self.try_parse() {
            Ok(Some(command)) => Ok(Parsed::Run(command)),
            Ok(None) => Ok(Parsed::Show(self.help())),
            Err(error) => match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                    Ok(Parsed::Show(Text(error.render())))
                }
                _ => {
                    let mut message = usage_error::message(&error, &self.addressed());
                    if error.kind() == ErrorKind::UnknownArgument
                        && let Some(hint) = self.misplaced_option(&error)
                    {
                        message.push_str(&hint);
                    }
                    Err(Failure::Usage(message))
                }
            },
        }
    }

    /// The text below a usage error: a pointer to the help; under one of the original names, whose
    /// documents promise it, the help.
    pub(crate) fn after_usage_error(&self, colored: bool) -> String {
        let program = self.arguments.first();
        if program.is_some_and(|name| multi_call(name).is_some()) {
            return format!("\n{}", self.help().paint(colored));
        }
        let command = self.addressed();
        let name = command.get_bin_name().unwrap_or("flowlayer");
        format!("For all that can be given: {name} --help\n")
    }

    /// Where an option belongs that stands before the subcommand.
    fn misplaced_option(&self, error: &clap::Error) -> Option<String> {
        let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
            return None;
        };
        let words = self.arguments.iter().skip(1);
        let words = words.take_while(|word| *word != "--");
        let mut named = words.filter_map(|name| self.grammar.find_subcommand(name));
        let has_option = |command: &&clap::Command| {
            command
                .get_arguments()
                .any(|known| match option.strip_prefix("--") {
                    Some(long) => known.get_long() == Some(long),
                    None => known
                        .get_short()
                        .is_some_and(|short| option[1..] == *short.encode_utf8(&mut [0; 4])),
                })
        };
        let command = named.find(has_option)?;
        let name = command.get_name();
        Some(format!(
            " (options follow the command: flowlayer {name} {option} …)"
        ))
    }

    /// The help of the subcommand that the arguments name, or of the whole.
    pub(crate) fn help(&self) -> Text {
        Text(self.addressed().render_help())
    }

    fn try_parse<C: Subcommand>(&self) -> Result<Option<C>, clap::Error> {
        let grammar = self.grammar.clone();
        let matches = grammar.try_get_matches_from(&self.arguments)?;
        let Some((_, subcommand)) = self.arguments.first().and_then(|name| multi_call(name)) else {
            return Ok(Cli::from_arg_matches(&matches)?.command);
        };
        let mut arguments = self.arguments.clone();
        arguments.insert(1, subcommand.into());
        Ok(Cli::try_parse_from(arguments)?.command)
    }

    /// The subcommand that the arguments name, or the whole when they name none.
    fn addressed(&self) -> clap::Command {
        let is_option = |argument: &OsString| argument.as_encoded_bytes().starts_with(b"-");
        let first = self
            .arguments
            .iter()
            .skip(1)
            .find(|argument| !is_option(argument));
        first
            .and_then(|name| self.grammar.find_subcommand(name))
            .unwrap_or(&self.grammar)
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Command, grammar, serve};

    fn line(text: &str) -> CommandLine {
        CommandLine::new(grammar(), text.split(' ').map(OsString::from))
    }

    #[track_caller]
    fn serve(text: &str) -> Box<serve::Args> {
        match line(text).parse::<Command>() {
            Ok(Parsed::Run(Command::Serve(args))) => args,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[track_caller]
    fn shown(text: &str) -> String {
        match line(text).parse::<Command>() {
            Ok(Parsed::Show(text)) => text.paint(false),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[track_caller]
    fn wrong(text: &str) -> String {
        match line(text).parse::<Command>() {
            Err(Failure::Usage(message)) => message,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn the_grammar_is_sound() {
        for program in ["flowlayer", "flowlayer-server", "flowlayer-client-tui"] {
            grammar_of(grammar(), program.as_ref()).debug_assert();
        }
    }

    #[test]
    fn the_documents_command_lines_work_under_both_names() {
        for program in ["flowlayer serve", "/usr/bin/flowlayer-server"] {
            let args = serve(&format!(
                "{program} -s 127.0.0.1:6999 -c flowlayer.jsonc -token abc"
            ));
            assert_eq!(args.server.bind.as_deref(), Some("127.0.0.1:6999"));
            assert_eq!(
                args.config.config.as_deref(),
                Some(Path::new("flowlayer.jsonc"))
            );
            assert_eq!(
                args.server
                    .token
                    .as_ref()
                    .map(flowlayer_core::protocol::Token::expose),
                Some("abc")
            );
            let args = serve(&format!(
                "{program} -config=a.jsonc b.jsonc --no-color --quiet"
            ));
            assert_eq!(args.config.config.as_deref(), Some(Path::new("a.jsonc")));
            assert_eq!(args.config.file.as_deref(), Some(Path::new("b.jsonc")));
            assert!(args.quiet);
            let args = serve(&format!("{program} --only a --only=b"));
            assert_eq!(args.server.only, ["a", "b"]);
            assert!(args.config.config.is_none() && args.config.file.is_none());
        }
    }

    #[test]
    fn the_documents_ways_to_start_the_cockpit_work_under_both_names() {
        let tui = |text: &str| match line(text).parse::<Command>() {
            Ok(Parsed::Run(Command::Tui(args))) => args,
            other => panic!("{text}: {other:?}"),
        };
        for program in ["flowlayer tui", "/usr/bin/flowlayer-client-tui"] {
            let args = tui(&format!("{program} -addr 127.0.0.1:6999 -token abc"));
            assert_eq!(args.session.addr.as_deref(), Some("127.0.0.1:6999"));
            assert!(args.session.token.is_some() && args.session.config.is_none());
            let args = tui(&format!("{program} -config flowlayer.jsonc"));
            assert_eq!(
                args.session.config.as_deref(),
                Some(Path::new("flowlayer.jsonc"))
            );
            assert!(tui(program).session.addr.is_none());
        }
        let help = shown("flowlayer-client-tui --help");
        assert!(help.contains("Usage: flowlayer-client-tui "), "{help}");
    }

    #[test]
    fn bare_and_help_are_the_same_text() {
        assert_eq!(shown("flowlayer --no-color"), shown("flowlayer"));
        let serve = shown("flowlayer serve --help");
        assert_eq!(line("flowlayer serve --bogus").help().paint(false), serve);
        let server = shown("flowlayer-server -h");
        assert!(server.contains("Usage: flowlayer-server "), "{server}");
        assert_eq!(server.lines().next(), serve.lines().next());
        assert_eq!(line("flowlayer-server --bogus").help().paint(false), server);
    }

    #[test]
    fn no_color_is_known_before_parsing() {
        assert!(line("flowlayer serve --bogus --no-color").no_color());
        assert!(line("flowlayer --no-color serve").no_color());
        assert!(!line("flowlayer serve -- --no-color").no_color());
    }

    #[test]
    fn usage_errors_say_what_is_wrong() {
        let cases = [
            (
                "flowlayer serve -token a -token b",
                "--token is given more than once",
            ),
            (
                "flowlayer serve --tokn x",
                "unknown option \"--tokn\" (did you mean \"--token\"?)",
            ),
            (
                "flowlayer serve -c",
                "--config needs a value: --config <PATH>",
            ),
            (
                "flowlayer logs -f --until 1m",
                "--follow does not go with --until",
            ),
            (
                "flowlayer logs --before-seq 5 -f",
                "--before-seq does not go with --follow",
            ),
            (
                "flowlayer logs -n -1",
                "invalid --limit: it is neither a number nor \"all\"",
            ),
            (
                "flowlayer logs --since -5m",
                "invalid --since: it is neither a time such as 2026-04-18T10:30:00Z nor a duration such as 90s, 5m or 1h30m",
            ),
            (
                "flowlayer logs --before-seq 0",
                "invalid --before-seq: entries are numbered from 1: nothing is below it",
            ),
            (
                "flowlayer down --timeout -1",
                "invalid --timeout: \"-1\" is no time to wait: give seconds above 0, like 30, 2.5 or 5m (ms, s, m, h)",
            ),
            (
                "flowlayer status --addr=",
                "invalid --addr: the address is empty",
            ),
            (
                "flowlayer status -a foo",
                "invalid --addr: the port is missing",
            ),
            (
                "flowlayer tui -addr 127.0.0.1:99999",
                "invalid --addr: the port must be a number from 1 to 65535",
            ),
            ("flowlayer serve --quiet=yes", "--quiet takes no value"),
            (
                "flowlayer serve -token=",
                "invalid --token: the token is empty: give one, or leave it out to have one generated",
            ),
            (
                "flowlayer plan --format jsn",
                "invalid --format: \"jsn\" is none of text, json, dot, mermaid (did you mean \"json\"?)",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(wrong(text), message, "{text}");
        }
        assert_eq!(wrong("flowlayer-server a b"), wrong("flowlayer serve a b"));
    }

    #[test]
    fn what_does_not_exist_leads_to_what_does() {
        let cases = [
            (
                "flowlayer vlidate",
                "unknown command \"vlidate\" (did you mean \"validate\"?)",
            ),
            (
                "flowlayer restrat api",
                "unknown command \"restrat\" (did you mean \"restart\"?)",
            ),
            (
                "flowlayer version",
                "unknown command \"version\" (flowlayer --version shows the version)",
            ),
            (
                "flowlayer my.jsonc",
                "unknown command \"my.jsonc\" (to run a stack: flowlayer serve my.jsonc)",
            ),
            ("flowlayer --bogus", "unknown option \"--bogus\""),
            (
                "flowlayer ps",
                "unknown command \"ps\" (flowlayer status shows the services)",
            ),
            (
                "flowlayer run npm test",
                "unexpected argument \"npm\": write `--` in front of the command",
            ),
            (
                "flowlayer -c x.jsonc status",
                "unknown option \"-c\" (options follow the command: flowlayer status -c …)",
            ),
            (
                "flowlayer --config x.jsonc serve",
                "unknown option \"--config\" (options follow the command: flowlayer serve --config …)",
            ),
            (
                "flowlayer logs --tail 10",
                "unknown option \"--tail\" (-n N shows the last N entries)",
            ),
            (
                "flowlayer logs -t",
                "unknown option \"-t\" (did you mean \"--timestamps\"?)",
            ),
            (
                "flowlayer logs --watch",
                "unknown option \"--watch\" (did you mean \"--follow\"?)",
            ),
            (
                "flowlayer serve --watch",
                "unknown option \"--watch\" (the configuration is watched: flowlayer reload applies an edit)",
            ),
            (
                "flowlayer tui -t x",
                "unknown option \"-t\" (did you mean \"--token\"?)",
            ),
            (
                "flowlayer status --watch",
                "unknown option \"--watch\" (flowlayer tui shows the services as they change)",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(wrong(text), message, "{text}");
        }
    }

    #[test]
    fn an_empty_token_is_refused_and_a_bad_one_not_repeated() {
        let line = |token: &str| {
            CommandLine::new(
                grammar(),
                ["flowlayer", "serve", "--token", token].map(OsString::from),
            )
        };
        for token in ["", "se cret", "sécret"] {
            match line(token).parse::<Command>() {
                Err(Failure::Usage(message)) => {
                    assert!(message.starts_with("invalid --token: "), "{message}");
                    assert!(!message.contains("cret"), "{message}");
                }
                other => panic!("{token:?}: {other:?}"),
            }
        }
    }
}
