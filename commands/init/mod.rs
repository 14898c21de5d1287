//! `flowlayer init`: a commented flowlayer.jsonc, from existing files or from an example.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Component, Path, PathBuf};

use flowlayer_core::config::{self, FILE_NAMES, Origin};
use flowlayer_core::import::{self, Draft};

use crate::config_file;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::color::Colors;
use crate::terminal::diagnostics::{self, readable, shown_path};
use crate::terminal::{print, sanitize};

const NOTES: &str = "\
Without --from it imports the first of these files: process-compose.yaml, mprocs.yaml, Procfile.dev,
Procfile, compose.yaml, docker-compose.yml, package.json. Without any it writes an example that runs.
What cannot be carried over is listed, and noted in a comment at its place in the file.

Exit codes: 0 written, 1 a configuration exists already or it cannot be written,
2 wrong command line, or a source cannot be read; nothing was written";

/// Write a first configuration, from existing files or from an example
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    /// Import this file: a Procfile, compose.yaml, process-compose.yaml, mprocs.yaml, package.json; can be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "template")]
    from: Vec<PathBuf>,
    /// Write the example, even if there is a file to import
    #[arg(long)]
    template: bool,
    /// Write this file, - for standard output; default: flowlayer.jsonc
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

/// Two services that run on any machine with a POSIX shell, and what else there is, as comments.
const TEMPLATE: &str = include_str!("template.jsonc");

pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    let output = args
        .output
        .clone()
        .unwrap_or_else(|| PathBuf::from(FILE_NAMES[0]));
    let to_stdout = output.as_os_str() == "-";
    if !to_stdout && !args.force {
        refuse_existing(&output, args.output.is_none())?;
    }
    let directory = match output.parent() {
        Some(parent) if !to_stdout => parent,
        _ => Path::new(""),
    };
    let made = make(args, directory)?;
    // Strings keep their meaning; comments of ours have nothing in them that would be escaped.
    let made = Made {
        text: sanitize::json(&made.text).into_owned(),
        ..made
    };
    let report = config::check(made.text.clone().into_bytes(), Origin::file(&output));
    if made.text.len() as u64 > config::MAX_BYTES {
        let message = format!("the config made from {} is too large", made.of);
        return Err(Failure::Failed(message));
    }
    if report.meant.is_none() {
        // A promise of the import is broken; the reader should see by what.
        print::stderr(&diagnostics::render(
            &report.problems,
            &report.source,
            colors.stderr,
        ));
        let message = format!(
            "the config made from {} is invalid; nothing was written",
            made.of
        );
        return Err(Failure::Failed(message));
    }
    for note in &made.notes {
        print::stderr(&format!("not carried over: {note}\n"));
    }
    let done = format!("{}\n", made.summary);
    if to_stdout {
        print::stdout(&made.text);
        print::stderr(&done);
        return Ok(Exit::SUCCESS);
    }
    write(&output, &made.text, args.force).map_err(|error| {
        Failure::Failed(format!("cannot write {}: {error}", shown_path(&output)))
    })?;
    print::stdout(&format!("wrote {}: {done}", shown_path(&output)));
    if !is_ignored(directory) {
        print::stdout("the log is kept in .flowlayer/logs: add .flowlayer/ to .gitignore\n");
    }
    if args.output.is_none()
        && let Some(above) = config_file::above(Path::new("."))
    {
        print::stderr(&format!(
            "[flowlayer] commands in this directory now mean this file, and no longer {}\n",
            shown_path(&above)
        ));
    }
    Ok(Exit::SUCCESS)
}

/// Nothing that is there is touched, and no config is put in front of one that is in use.
fn refuse_existing(output: &Path, is_default: bool) -> Result<(), Failure> {
    let known = is_default
        .then(|| config::discover(Path::new(".")))
        .flatten();
    let existing = known.or_else(|| output.symlink_metadata().is_ok().then(|| output.to_owned()));
    match existing {
        None => Ok(()),
        Some(path) => Err(Failure::Failed(format!(
            "{} is there already: --force overwrites {}, --output names another file (- is standard output)",
            shown_path(&path),
            shown_path(output),
        ))),
    }
}

/// The text, and what to say of it.
struct Made {
    text: String,
    of: String,
    summary: String,
    notes: Vec<String>,
}

fn make(args: &Args, directory: &Path) -> Result<Made, Failure> {
    let (sources, others): (Vec<PathBuf>, Vec<&str>) = if !args.from.is_empty() {
        (args.from.clone(), Vec::new())
    } else if args.template {
        (Vec::new(), Vec::new())
    } else {
        let mut found = import::discover(directory).into_iter();
        let best = found.next().map(|name| directory.join(name));
        (best.into_iter().collect(), found.collect())
    };
    if sources.is_empty() {
        return Ok(Made {
            text: TEMPLATE.to_owned(),
            of: "the example".to_owned(),
            summary: format!(
                "an example of two services; try `flowlayer up`{}",
                beside(args, directory)
            ),
            notes: Vec::new(),
        });
    }
    let mut whole = Draft::default();
    let mut names = Vec::new();
    for path in &sources {
        let name = shown_path(path);
        let mut draft = read(path)?;
        if let Some(prefix) = between(path, directory) {
            draft.relocate(&prefix);
        }
        whole.add(draft, &name);
        names.push(name);
    }
    whole.refer_to_ports();
    let of = names.join(", ");
    let services = match whole.len() {
        1 => "1 service".to_owned(),
        n => format!("{n} services"),
    };
    let mut summary = format!("{services} from {of}");
    if !others.is_empty() {
        let others = others.join(", ");
        summary = format!(
            "{summary} (also here: {others}; `--from FILE`, once for each, takes more than one)"
        );
    }
    Ok(Made {
        text: whole.render(&names),
        notes: whole.notes().collect(),
        of,
        summary,
    })
}

/// Whether a `.gitignore`, in this directory or above it in the work tree, leaves out where the log is kept.
fn is_ignored(directory: &Path) -> bool {
    let here = if directory == Path::new("") {
        Path::new(".")
    } else {
        directory
    };
    let Ok(here) = here.canonicalize() else {
        return false;
    };
    for directory in here.ancestors() {
        let text = config::read_file(&directory.join(".gitignore")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let names_it = |line: &str| {
            let pattern = line.trim().trim_start_matches("**/").trim_matches('/');
            matches!(pattern, ".flowlayer" | ".flowlayer/*" | ".flowlayer/logs")
        };
        if text.lines().any(names_it) {
            return true;
        }
        if directory.join(".git").exists() {
            return false;
        }
    }
    false
}

/// Files of other tools that nothing was made of, unless the example was asked for.
fn beside(args: &Args, directory: &Path) -> String {
    let mut said = String::new();
    if args.template {
        return said;
    }
    let (importable, unread) = import::others(directory);
    if !importable.is_empty() {
        said = format!(
            "; `--from FILE` imports {}",
            readable(&importable.join(", "))
        );
    }
    if !unread.is_empty() {
        said = format!(
            "{said}; not read, for there is no import of them: {}",
            unread.join(", ")
        );
    }
    said
}

fn read(path: &Path) -> Result<Draft, Failure> {
    let shown = || shown_path(path);
    let bytes = config::read_file(path).map_err(|error| Failure::Unreadable(error.to_string()))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::Unreadable(format!("cannot import {}: it is not UTF-8", shown())))?;
    let Some(kind) = import::kind_of(path, &text) else {
        return Err(Failure::Unreadable(format!(
            "cannot import {}: its name says that it is none of Procfile, compose.yaml, process-compose.yaml, mprocs.yaml, package.json",
            shown()
        )));
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let directory = path.parent().unwrap_or(Path::new(""));
    import::read(kind, &name, &text, directory).map_err(|error| {
        let error = readable(&error.to_string());
        Failure::Unreadable(format!("cannot import {}: {error}", shown()))
    })
}

/// How the directory of a source is reached from that of the config, unless it is the same.
fn between(source: &Path, directory: &Path) -> Option<String> {
    let parent = source.parent().unwrap_or(Path::new(""));
    let same = |path: &Path| {
        fs::canonicalize(if path == Path::new("") {
            Path::new(".")
        } else {
            path
        })
        .ok()
    };
    let (from, to) = (same(parent)?, same(directory)?);
    if from == to {
        return None;
    }
    let shared = from
        .components()
        .zip(to.components())
        .take_while(|(from, to)| from == to)
        .count();
    // With nothing in common but the root, a way up would say no less of this machine.
    let path = if shared > 1 {
        let up = to.components().skip(shared).map(|_| Component::ParentDir);
        up.chain(from.components().skip(shared)).collect()
    } else {
        from
    };
    Some(path.to_str()?.to_owned())
}

/// Never a part of the text: a new file is made at once, an old one is replaced by a whole one.
fn write(path: &Path, text: &str, force: bool) -> io::Result<()> {
    let existing = match fs::metadata(path) {
        Ok(metadata) if force && metadata.is_file() => fs::canonicalize(path)?,
        Ok(_) if force => {
            return Err(io::Error::new(
                ErrorKind::InvalidInput,
                "it is not a regular file",
            ));
        }
        Err(_) if force && path.is_symlink() => {
            return Err(io::Error::new(
                ErrorKind::NotFound,
                "it is a symbolic link to a file that is not there: remove the link, or name another file with --output",
            ));
        }
        _ => {
            let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
            return file.write_all(text.as_bytes());
        }
    };
    let mut temporary = existing.clone().into_os_string();
    temporary.push(format!(".{}", std::process::id()));
    let done = fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, &existing));
    if done.is_err() {
        // What could not take its place is of no use to anybody.
        let _ = fs::remove_file(&temporary);
    }
    done
}
