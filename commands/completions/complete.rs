//! What may follow on a command line that is being typed: the hidden subcommand that the scripts
//! of `flowlayer completions` ask.
//!
//! The scripts know nothing but how their shell hands words over and takes candidates back; what
//! fits is found here, in the grammar that also parses command lines. So a new subcommand completes
//! without a new script, and the names of services come from the config that is meant.
//!
//! A config may come from anybody (a cloned repository), and what is offered ends up on a command
//! line: a name that cannot be written on one safely is left out. Nothing is ever executed, and
//! errors are not printed, because text between the prompt and the cursor would only disturb.
//!
//! On standard output: a line that says what the shell adds of its own (`none`, `files`,
//! `directories`, `commands`), then one candidate per line, followed by a tab and its help if it has one.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;

use clap::Command;

use super::bash;
use super::candidates::{Answer, answer};
use super::cursor::Place;

use super::Shell;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::color::Colors;
use crate::terminal::print;

/// What the scripts of `completions` ask
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell that asks
    #[arg(value_name = "SHELL")]
    shell: Shell,
    /// The words up to the cursor, the program's name first; bash: what breaks words, and the line
    #[arg(value_name = "WORDS", last = true)]
    words: Vec<OsString>,
}

/// Prints the candidates for the last word.
#[expect(clippy::unnecessary_wraps, reason = "the signature of all subcommands")]
pub(crate) fn run(args: &Args, _: Colors, flowlayer: Command) -> Result<Exit, Failure> {
    let text = match args.shell {
        Shell::Bash => in_bash(flowlayer, &args.words),
        Shell::Fish => in_fish(flowlayer, &args.words),
        shell => {
            let words: Vec<String> = args.words.iter().map(lossy).collect();
            words_in(flowlayer, shell, &words)
        }
    };
    print::stdout(&text);
    Ok(Exit::SUCCESS)
}

/// A word that is not UTF-8 has no candidates, but still counts as a word.
fn lossy(word: &OsString) -> String {
    word.to_string_lossy().into_owned()
}

fn words_in(flowlayer: Command, shell: Shell, words: &[String]) -> String {
    let Some((current, before)) = words.split_last() else {
        return String::new();
    };
    let answer = fitting(flowlayer, before, current);
    let candidates = answer.candidates.iter().filter_map(|candidate| {
        let value = match shell {
            // It inserts a candidate unchanged; the others quote.
            Shell::Powershell => powershell(&candidate.value)?,
            _ => candidate.value.clone(),
        };
        Some((value, candidate.help.as_str()))
    });
    listing(&answer, candidates)
}

/// Bash passes the line as typed, and the characters that break words.
fn in_bash(flowlayer: Command, words: &[OsString]) -> String {
    let mut words = words.iter().map(lossy);
    let (Some(breaks), Some(line)) = (words.next(), words.next()) else {
        return String::new();
    };
    let typed = bash::split(&line);
    let answer = fitting(flowlayer, &typed.before, &typed.current.text);
    let candidates = answer.candidates.iter();
    // It shows what it inserts, so there is no room for help.
    let candidates = candidates
        .filter_map(|candidate| typed.current.replacement(&candidate.value, &breaks))
        .map(|value| (value, ""));
    listing(&answer, candidates)
}

/// Fish passes the word being typed with its quotes, earlier words without.
fn in_fish(flowlayer: Command, words: &[OsString]) -> String {
    let mut words: Vec<String> = words.iter().map(lossy).collect();
    if let Some(current) = words.last_mut() {
        *current = bash::split(&current.replace(' ', "\\ ")).current.text;
    }
    words_in(flowlayer, Shell::Fish, &words)
}

fn fitting(flowlayer: Command, before: &[String], current: &str) -> Answer {
    let program = before.first().map_or("flowlayer", String::as_str);
    let grammar = crate::cli::grammar_of(flowlayer, program.as_ref());
    let place = Place::find(&grammar, before.get(1..).unwrap_or_default(), current);
    answer(&place, current, Path::new("."))
}

fn listing<'a>(answer: &Answer, candidates: impl Iterator<Item = (String, &'a str)>) -> String {
    let mut text = format!("{}\n", answer.also.word());
    for (value, help) in candidates {
        // Writing into a string cannot fail.
        let _ = match help {
            "" => writeln!(text, "{value}"),
            help => writeln!(text, "{value}\t{help}"),
        };
    }
    text
}

/// The word as PowerShell has to read it, if it can be written safely: in single quotes unless it is
/// plain. Every curly single quote would end them.
fn powershell(word: &str) -> Option<String> {
    if word
        .chars()
        .all(|c| c.is_alphanumeric() || "-_./:=+".contains(c))
    {
        return Some(word.to_owned());
    }
    if word.contains(['\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}']) {
        return None;
    }
    Some(format!("'{}'", word.replace('\'', "''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powershell_gets_words_it_reads_as_one() {
        assert_eq!(powershell("--only=db:up").as_deref(), Some("--only=db:up"));
        assert_eq!(powershell("it's").as_deref(), Some("'it''s'"));
        assert_eq!(powershell("$(x)").as_deref(), Some("'$(x)'"));
        assert_eq!(powershell("it\u{2019}s; rm x"), None);
    }

    #[test]
    fn nothing_given_is_nothing_said() {
        assert_eq!(words_in(crate::grammar(), Shell::Zsh, &[]), "");
        assert_eq!(in_bash(crate::grammar(), &[]), "");
        assert!(
            words_in(crate::grammar(), Shell::Zsh, &["flowlayer".to_owned()]).starts_with("none\n")
        );
    }

    #[test]
    fn help_follows_a_tab() {
        let text = words_in(
            crate::grammar(),
            Shell::Fish,
            &["flowlayer".to_owned(), "vali".to_owned()],
        );
        assert_eq!(
            text,
            "none\nvalidate\tCheck configurations and report every problem\n"
        );
    }
}
