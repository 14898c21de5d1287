//! What people already have, as a FlowLayer config: Procfile, compose file, process-compose file,
//! mprocs file, scripts of a package.json.
//!
//! Each kind has a reader that turns a text into a [`Draft`]; the draft becomes text in one place.
//! Two promises hold for all of them: what comes out is a valid config, and what a source says that
//! is not in it is noted, in the file where it would stand and in [`Draft::notes`].

mod compose;
mod draft;
mod health;
mod mprocs;
mod package;
mod process_compose;
mod procfile;
mod shell;
mod source;
mod values;
mod variables;
mod yaml;

use std::path::Path;

pub use draft::Draft;
pub use source::ImportError;

use source::{Beside, Reason};

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Of process-compose.
    ProcessCompose,
    /// Of mprocs.
    Mprocs,
    /// Of foreman and its relatives.
    Procfile,
    /// Of docker compose.
    Compose,
    /// The scripts of a package.json.
    Package,
}

/// The names sources have, best first: what says most about how a stack is developed.
const NAMES: [(&str, Kind); 11] = [
    ("process-compose.yaml", Kind::ProcessCompose),
    ("process-compose.yml", Kind::ProcessCompose),
    ("mprocs.yaml", Kind::Mprocs),
    ("mprocs.yml", Kind::Mprocs),
    ("Procfile.dev", Kind::Procfile),
    ("Procfile", Kind::Procfile),
    ("compose.yaml", Kind::Compose),
    ("compose.yml", Kind::Compose),
    ("docker-compose.yaml", Kind::Compose),
    ("docker-compose.yml", Kind::Compose),
    ("package.json", Kind::Package),
];

/// The sources in a directory, best first, at most one of each kind.
pub fn discover(directory: &Path) -> Vec<&'static str> {
    let mut found: Vec<(&str, Kind)> = Vec::new();
    for (name, kind) in NAMES {
        let is_new = found.iter().all(|(_, known)| *known != kind);
        if is_new && directory.join(name).is_file() {
            found.push((name, kind));
        }
    }
    found.into_iter().map(|(name, _)| name).collect()
}

/// Files that say how a stack is run, and that no reader is for.
const UNREAD: [&str; 18] = [
    "Tiltfile",
    "skaffold.yaml",
    "devenv.nix",
    "Makefile",
    "makefile",
    "GNUmakefile",
    "justfile",
    "Justfile",
    "Taskfile.yml",
    "Taskfile.yaml",
    "mise.toml",
    "ecosystem.config.js",
    "ecosystem.config.cjs",
    "solo.yml",
    "tmuxinator.yml",
    ".tmuxinator.yml",
    ".devcontainer/devcontainer.json",
    "nx.json",
];

/// What else in a directory may say how the stack is run: files that can be imported when they are
/// named, and files that cannot. Sorted.
pub fn others(directory: &Path) -> (Vec<String>, Vec<&'static str>) {
    let here = match directory.to_str() {
        Some("") => Path::new("."),
        _ => directory,
    };
    let entries = std::fs::read_dir(here).into_iter().flatten().flatten();
    let mut readable: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| {
            let lower = name.to_ascii_lowercase();
            let starts = ["compose.", "docker-compose.", "process-compose."];
            lower.starts_with("procfile.")
                || is_yaml(&lower) && starts.iter().any(|start| lower.starts_with(start))
        })
        .filter(|name| directory.join(name).is_file())
        .collect();
    readable.sort();
    let unread = UNREAD.into_iter();
    (
        readable,
        unread
            .filter(|name| directory.join(name).is_file())
            .collect(),
    )
}

/// Whether a name in lower case is that of a YAML file.
fn is_yaml(name: &str) -> bool {
    matches!(name.rsplit_once('.'), Some((_, "yaml" | "yml")))
}

/// What a file is, by its name, and where the name says too little by its text.
pub fn kind_of(path: &Path, text: &str) -> Option<Kind> {
    let name = path.file_name()?.to_str()?;
    let lower = name.to_ascii_lowercase();
    if lower.starts_with("procfile")
        || lower
            .rsplit_once('.')
            .is_some_and(|(_, end)| end == "procfile")
    {
        Some(Kind::Procfile)
    } else if lower == "package.json" {
        Some(Kind::Package)
    } else if is_yaml(&lower) && lower.contains("process-compose") {
        Some(Kind::ProcessCompose)
    } else if is_yaml(&lower) {
        let node = yaml::parse(text).ok();
        let has = |key| node.as_ref().is_some_and(|node| node.get(key).is_some());
        Some(if has("processes") {
            Kind::ProcessCompose
        } else if has("procs") {
            Kind::Mprocs
        } else {
            Kind::Compose
        })
    } else {
        None
    }
}

/// Reads a source. `name` is what it is called in its `directory`, where it looks for what belongs to
/// it: a `.env`, the lock file of a package manager.
pub fn read(kind: Kind, name: &str, text: &str, directory: &Path) -> Result<Draft, ImportError> {
    let beside = Beside { directory };
    let mut draft = match kind {
        Kind::ProcessCompose => process_compose::read(text, &beside)?,
        Kind::Mprocs => mprocs::read(text)?,
        Kind::Procfile => procfile::read(text, &beside)?,
        Kind::Compose => compose::read(text, name, &beside)?,
        Kind::Package => package::read(text, &beside)?,
    };
    draft.repair();
    if draft.is_empty() {
        let what = match kind {
            Kind::ProcessCompose | Kind::Mprocs => "no processes",
            Kind::Procfile => "no line of the form `name: command`",
            Kind::Compose => "no services",
            Kind::Package => "no scripts",
        };
        return Err(Reason::NoServices(what).into());
    }
    Ok(draft)
}

#[cfg(test)]
mod tests;
