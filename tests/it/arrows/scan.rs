//! Which file of a crate uses what of which other one, found in its text.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::tokens::{Token, tokens};

/// A module: its path below the crate's root. `["config", "tree"]` is `config/tree.rs`.
pub(super) type Module = Vec<String>;

/// One use of something in another file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrow {
    pub(super) from: Module,
    pub(super) to: Module,
    /// Where it is used.
    pub(super) file: String,
    pub(super) line: usize,
}

/// What one file says.
#[derive(Debug, Default)]
struct File<'a> {
    name: &'a str,
    /// Every path in a `use` or in the code: the inline modules it stands in, itself, its line.
    paths: Vec<(Vec<&'a str>, Vec<&'a str>, usize)>,
    /// What names brought in by `use` stand for.
    imports: HashMap<&'a str, Vec<&'a str>>,
    /// Modules that only tests have.
    tests: Vec<&'a str>,
}

/// The arrows between the files of a crate, and the lines that use the crate called `other`.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) arrows: BTreeSet<Arrow>,
    /// By module: file and line.
    pub(super) outside: BTreeMap<Module, (String, usize)>,
    /// All modules that are not tests.
    pub(super) modules: BTreeSet<Module>,
}

/// Scans the files of a crate: path below its root, and text. `name` is how others name the crate;
/// `other` is another crate whose uses are wanted.
pub(super) fn scan(files: &[(String, String)], name: &str, other: &str) -> Scan {
    let parsed: BTreeMap<Module, File<'_>> = files
        .iter()
        .filter(|(path, _)| !is_test_file(path))
        .map(|(path, text)| (module(path), parse(path, text)))
        .collect();
    let tests: BTreeSet<Module> = parsed
        .iter()
        .flat_map(|(module, file)| file.tests.iter().map(|test| child(module, test)))
        .collect();
    let shipped = |module: &Module| !tests.iter().any(|test| module.starts_with(test));
    let modules = parsed.keys().filter(|&module| shipped(module));
    let mut scan = Scan {
        modules: modules.cloned().collect(),
        ..Scan::default()
    };
    for (from, file) in parsed.iter().filter(|(module, _)| shipped(module)) {
        for (inline, path, line) in &file.paths {
            if path[0] == other {
                let place = (file.name.to_owned(), *line);
                scan.outside.entry(from.clone()).or_insert(place);
                continue;
            }
            let base = inline
                .iter()
                .fold(from.clone(), |at, name| child(&at, name));
            let Some(to) = resolve(&parsed, name, &base, path, 0) else {
                continue;
            };
            if to != *from && shipped(&to) {
                scan.arrows.insert(Arrow {
                    from: from.clone(),
                    to,
                    file: file.name.to_owned(),
                    line: *line,
                });
            }
        }
    }
    scan
}

fn is_test_file(path: &str) -> bool {
    path.split('/')
        .any(|part| part == "tests" || part == "tests.rs")
}

fn module(path: &str) -> Module {
    let path = path.trim_end_matches(".rs");
    let path = path.trim_end_matches("/mod");
    let parts = path.split('/').filter(|part| *part != "lib");
    parts.map(str::to_owned).collect()
}

fn child(module: &Module, name: &str) -> Module {
    let mut child = module.clone();
    child.push(name.to_owned());
    child
}

/// The file in which stands what a path in a module means; `None`: not in this crate.
fn resolve(
    files: &BTreeMap<Module, File<'_>>,
    name: &str,
    from: &Module,
    path: &[&str],
    depth: usize,
) -> Option<Module> {
    let mut at = from.clone();
    let mut rest = path;
    match path[0] {
        first if first == "crate" || first == name => {
            at.clear();
            rest = &path[1..];
        }
        "self" => rest = &path[1..],
        "super" => {}
        first => {
            let imported = files
                .get(from)
                .is_some_and(|f| f.imports.contains_key(first));
            if !imported && !files.contains_key(&child(from, first)) {
                return None;
            }
        }
    }
    while let Some((&next, after)) = rest.split_first() {
        let below = child(&at, next);
        if next == "super" {
            at.pop();
        } else if files.contains_key(&below) {
            at = below;
        } else {
            // An item of this file, unless the file has it from elsewhere.
            let imports = files.get(&at).and_then(|file| file.imports.get(next));
            if let Some(import) = imports.filter(|import| depth < 8 && import[0] != next) {
                let path: Vec<&str> = import.iter().chain(after).copied().collect();
                return resolve(files, name, &at, &path, depth + 1).or(Some(at));
            }
            break;
        }
        rest = after;
    }
    // An inline module stands in the file of the nearest one that has a file.
    while !files.contains_key(&at) && !at.is_empty() {
        at.pop();
    }
    Some(at)
}

fn parse<'a>(name: &'a str, text: &'a str) -> File<'a> {
    let tokens = tokens(text);
    let mut file = File {
        name,
        ..File::default()
    };
    // Inline modules that are open, each with the depth of braces it stands at.
    let mut inline: Vec<(&str, usize)> = Vec::new();
    let (mut at, mut depth) = (0, 0);
    while at < tokens.len() {
        let within = || inline.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        match words(&tokens[at..]) {
            ["#", "[", "cfg", "(", "test", ")", "]"] => {
                at += 7;
                let (length, module) = item(&tokens[at..]);
                file.tests.extend(module);
                at += length;
                continue;
            }
            // A visibility uses nothing.
            ["pub", "(", ..] => at += length_until(&tokens[at..], ")"),
            ["mod", name, "{", ..] => inline.push((name, depth)),
            ["use", next, ..] if next != "<" => {
                let line = tokens[at].line;
                let mut leaves = Vec::new();
                at += 1 + tree(&tokens[at + 1..], &[], &mut leaves);
                for (path, alias) in leaves {
                    if inline.is_empty() {
                        file.imports.insert(alias, path.clone());
                    }
                    file.paths.push((within(), path, line));
                }
                continue;
            }
            // What is used of a type that was imported was an arrow at the import.
            [first, "::", ..]
                if first.starts_with(char::is_lowercase)
                    && (at == 0 || tokens[at - 1].text != "::") =>
            {
                let path = path(&tokens[at..]);
                file.paths.push((within(), path, tokens[at].line));
            }
            ["{", ..] => depth += 1,
            ["}", ..] => {
                depth = depth.saturating_sub(1);
                inline.pop_if(|(_, opened_at)| *opened_at == depth);
            }
            _ => {}
        }
        at += 1;
    }
    file
}

/// The next tokens as text, so that patterns can tell them.
fn words<'a>(tokens: &[Token<'a>]) -> [&'a str; 7] {
    std::array::from_fn(|at| tokens.get(at).map_or("", |token| token.text))
}

/// How many tokens come before one with this text.
fn length_until(tokens: &[Token<'_>], text: &str) -> usize {
    let end = tokens.iter().position(|token| token.text == text);
    end.unwrap_or(tokens.len())
}

/// A path in code.
fn path<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    let mut path = vec![tokens[0].text];
    for pair in tokens[1..].chunks_exact(2) {
        match (pair[0].text, pair[1].text) {
            ("::", next) if next.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                path.push(next);
            }
            _ => break,
        }
    }
    path
}

/// The leaves of a `use`, each with the name it brings in; returns how many tokens it has.
fn tree<'a>(
    tokens: &[Token<'a>],
    prefix: &[&'a str],
    leaves: &mut Vec<(Vec<&'a str>, &'a str)>,
) -> usize {
    let mut path = prefix.to_vec();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token.text {
            "::" => {}
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token.text != "}") {
                    at += tree(&tokens[at..], &path, leaves);
                    at += usize::from(tokens.get(at).is_some_and(|token| token.text == ","));
                }
                return at + 1;
            }
            "*" => {
                leaves.push((path, "*"));
                return at + 1;
            }
            // `{self}`; at the beginning of a path it is a part of it.
            "self" if !path.is_empty() => {}
            "as" => {
                leaves.push((path, tokens.get(at + 1).map_or("_", |token| token.text)));
                return at + 2;
            }
            "," | "}" | ";" => {
                let name = path.last().copied().unwrap_or("_");
                leaves.push((path, name));
                return at;
            }
            segment => path.push(segment),
        }
        at += 1;
    }
    at
}

/// The item that follows an attribute: how many tokens it has, and its name if it is a module with a
/// file of its own.
fn item<'a>(tokens: &[Token<'a>]) -> (usize, Option<&'a str>) {
    let mut depth = 0;
    let mut module = None;
    for (at, token) in tokens.iter().enumerate() {
        match (token.text, depth) {
            ("mod", 0) => module = tokens.get(at + 1).map(|token| token.text),
            ("{" | "(" | "[", _) => depth += 1,
            (";", 0) => return (at + 1, module),
            // The end of a field, a variant or an argument, or of an item with a body.
            (",", 0) | ("}", 1) => return (at + 1, None),
            ("}" | ")" | "]", 0) => return (at, None),
            (")" | "]" | "}", _) => depth -= 1,
            _ => {}
        }
    }
    (tokens.len(), None)
}
