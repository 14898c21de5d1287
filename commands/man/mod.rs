//! `flowlayer man`: the manual pages, from the same definitions as the help.

mod config_page;

use std::io;
use std::path::Path;
use std::path::PathBuf;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use flowlayer_core::config::FILE_NAMES;
use flowlayer_core::facts::shown_path;

use crate::cli::MULTI_CALL;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::color::Colors;
use crate::terminal::print;

/// Write the manual pages to a directory
#[derive(Debug, clap::Args)]
#[command(after_help = "\
One page per subcommand, flowlayer.1 as the overview, and flowlayer.jsonc.5, which goes into man5
beside DIR if DIR is called man1. For example: flowlayer man ~/.local/share/man/man1")]
pub(crate) struct Args {
    /// Directory for the pages; created when missing
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Writes one page per subcommand, an overview, and one for each original name.
pub(crate) fn run(args: &Args, _: Colors, flowlayer: Command) -> Result<Exit, Failure> {
    let directory = &args.directory;
    let failed = |path: &Path, error: io::Error| {
        Failure::Failed(format!("cannot write {}: {error}", shown_path(path)))
    };
    std::fs::create_dir_all(directory).map_err(|error| failed(directory, error))?;
    let pages = pages(flowlayer);
    for (name, text) in &pages {
        let path = directory.join(name);
        std::fs::write(&path, text).map_err(|error| failed(&path, error))?;
    }
    let section = match directory.file_name() {
        Some(name) if name == "man1" => directory.with_file_name("man5"),
        _ => directory.clone(),
    };
    std::fs::create_dir_all(&section).map_err(|error| failed(&section, error))?;
    let path = section.join("flowlayer.jsonc.5");
    std::fs::write(&path, config_page::page()).map_err(|error| failed(&path, error))?;
    let (count, path) = (pages.len(), shown_path(&path));
    print::stdout(&format!(
        "{count} pages in {}, and {path}\n",
        shown_path(directory)
    ));
    Ok(Exit::SUCCESS)
}

/// The name of each page and its text.
fn pages(flowlayer: Command) -> Vec<(String, Vec<u8>)> {
    // A page about `help` would only repeat the others.
    let mut whole = flowlayer.disable_help_subcommand(true);
    whole.build();
    let mut pages = vec![page(&whole)];
    let shown = whole.get_subcommands().filter(|known| !known.is_hide_set());
    pages.extend(shown.map(page));
    for (name, subcommand) in MULTI_CALL {
        let text = format!(".so man1/flowlayer-{subcommand}.1\n");
        pages.push((format!("{name}.1"), text.into_bytes()));
    }
    pages
}

fn page(command: &Command) -> (String, Vec<u8>) {
    let man = Man::new(command.clone());
    let mut text = Vec::new();
    write(&man, command, &mut text).expect("writing into memory cannot fail");
    (man.get_filename(), text)
}

fn write(man: &Man, command: &Command, to: &mut Vec<u8>) -> io::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let is_whole = command
        .get_display_name()
        .is_none_or(|name| !name.contains('-'));
    let name = man.get_filename();
    let title = name.trim_end_matches(".1");
    // The date is empty, so that the same version makes the same pages; the renderer would omit it,
    // and the next field would take its place.
    let title = format!(".TH {title} 1 \"\" \"flowlayer {version}\" \"FlowLayer Manual\"\n");
    to.extend_from_slice(title.as_bytes());
    man.render_name_section(to)?;
    man.render_synopsis_section(to)?;
    man.render_description_section(to)?;
    man.render_options_section(to)?;
    if is_whole {
        man.render_subcommands_section(to)?;
    }
    let mut roff = Roff::new();
    notes_and_exit_status(&mut roff, command);
    if is_whole {
        environment_and_files(&mut roff);
    }
    see_also(&mut roff, command, is_whole);
    roff.to_writer(to)
}

/// What the help says below the options.
fn notes_and_exit_status(roff: &mut Roff, command: &Command) {
    const EXIT_CODES: &str = "Exit codes:";
    let text = command.get_after_help().map(ToString::to_string);
    let text = text.unwrap_or_default();
    let paragraphs = text.split("\n\n").filter(|text| !text.trim().is_empty());
    let (codes, notes): (Vec<&str>, Vec<&str>) =
        paragraphs.partition(|text| text.starts_with(EXIT_CODES));
    for (at, paragraph) in notes.into_iter().enumerate() {
        match at {
            0 => roff.control("SH", ["NOTES"]),
            _ => roff.control("PP", []),
        };
        lines(roff, paragraph);
    }
    let Some(codes) = codes.first() else {
        return definitions(
            roff,
            "EXIT STATUS",
            [
                ("0", "Success."),
                ("1", "Failure."),
                (
                    "2",
                    "Wrong command line or configuration; nothing was done.",
                ),
            ],
        );
    };
    roff.control("SH", ["EXIT STATUS"]);
    lines(roff, codes[EXIT_CODES.len()..].trim_start());
}

/// A section of terms and what they mean.
fn definitions<const N: usize>(roff: &mut Roff, title: &str, terms: [(&str, &str); N]) {
    roff.control("SH", [title]);
    for (term, meaning) in terms {
        let roff = roff.control("TP", []);
        roff.text([bold(term)]).text([roman(meaning)]);
    }
}

/// A paragraph whose line breaks stay.
fn lines(roff: &mut Roff, text: &str) {
    roff.control("nf", []);
    for line in text.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
}

/// What all subcommands share.
fn environment_and_files(roff: &mut Roff) {
    let environment = [
        (
            "FLOWLAYER_TOKEN",
            "Bearer token of the session API. --token overrides it, and it overrides session.token; services do not inherit it. A client uses it together with --addr.",
        ),
        ("NO_COLOR", "If not empty: no ANSI colours."),
        (
            "XDG_RUNTIME_DIR",
            "Where sessions register, so that clients find them. Default: /run/user/UID, if that is there.",
        ),
        (
            "TMPDIR",
            "The same, in flowlayer-UID below it, if there is no such directory.",
        ),
    ];
    definitions(roff, "ENVIRONMENT", environment);
    let names = FILE_NAMES.join(", ");
    let files = [
        (
            names.as_str(),
            "The configuration: the first of these in the current directory, unless one is named.",
        ),
        (
            "$XDG_RUNTIME_DIR/flowlayer/",
            "One file per running session, with its address and token, readable by its user only.",
        ),
        (
            "logs.dir/all.jsonl, logs.dir/SERVICE.jsonl",
            "The output of services, one JSON object per line, if the configuration has logs.dir.",
        ),
    ];
    definitions(roff, "FILES", files);
}

fn see_also(roff: &mut Roff, command: &Command, is_whole: bool) {
    roff.control("SH", ["SEE ALSO"]);
    if !is_whole {
        roff.control("BR", ["flowlayer", "(1)"]);
        return;
    }
    let shown = command.get_subcommands().filter(|it| !it.is_hide_set());
    let mut shown = shown.peekable();
    while let Some(known) = shown.next() {
        let end = if shown.peek().is_some() {
            "(1),"
        } else {
            "(1)"
        };
        let page = format!("flowlayer-{}", known.get_name());
        roff.control("BR", [page.as_str(), end]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_page_for_every_command_people_see() {
        let pages = pages(crate::grammar());
        let mut whole = crate::grammar();
        whole.build();
        for command in whole.get_subcommands() {
            let name = format!("flowlayer-{}.1", command.get_name());
            let is_there = pages.iter().any(|(page, _)| *page == name);
            let is_for_people = !command.is_hide_set() && command.get_name() != "help";
            assert_eq!(is_there, is_for_people, "{name}");
        }
        for name in [
            "flowlayer.1",
            "flowlayer-server.1",
            "flowlayer-client-tui.1",
        ] {
            assert!(pages.iter().any(|(page, _)| page == name), "{name}");
        }
    }

    #[test]
    fn a_page_says_what_the_help_says() {
        let pages = pages(crate::grammar());
        let text = |name: &str| {
            let page = pages.iter().find(|(page, _)| page == name).unwrap();
            String::from_utf8(page.1.clone()).unwrap()
        };
        let validate = text("flowlayer-validate.1");
        assert!(
            validate.contains(".SH \"EXIT STATUS\"\n.nf\n0 valid, 1 problems found"),
            "{validate}"
        );
        assert!(
            !validate.contains("SUBCOMMANDS") && !validate.contains("EXTRA"),
            "{validate}"
        );
        let whole = text("flowlayer.1");
        for section in [
            "ENVIRONMENT",
            "FILES",
            "EXIT STATUS",
            "SEE ALSO",
            "SUBCOMMANDS",
        ] {
            assert!(whole.contains(section), "{section}: {whole}");
        }
        assert!(!whole.contains("__complete"), "{whole}");
    }
}
