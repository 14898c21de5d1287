//! The arrows between rooms are those on the map in `ARCHITECTURE.md`, and nothing goes in a circle.
//!
//! A room is a folder or file directly below `src/` or `commands/`. What counts is every path in a
//! `use` and in the code of files that ship; a name that a module only passes on counts as a use of
//! the file it comes from.

mod circles;
mod map;
mod scan;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use circles::circles;
use map::{Line, Map};
use scan::{Arrow, Module, Scan, scan};

/// A part of the map: where its files are, what it is called in paths, and the crate below it.
struct Crate {
    folder: &'static str,
    name: &'static str,
    below: &'static str,
    below_name: &'static str,
}

const CRATES: [Crate; 2] = [
    Crate {
        folder: "commands",
        name: "flowlayer",
        below: "src",
        below_name: "flowlayer_core",
    },
    Crate {
        folder: "src",
        name: "flowlayer_core",
        below: "probes",
        below_name: "flowlayer_probes",
    },
];

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

impl Crate {
    fn scan(&self) -> Scan {
        let files = files(&Path::new(ROOT).join(self.folder));
        scan(&files, self.name, self.below_name)
    }
}

#[test]
fn the_arrows_are_those_of_the_map() {
    let text = fs::read_to_string(Path::new(ROOT).join("ARCHITECTURE.md")).unwrap();
    let map = Map::read(&text);
    let mut wrong = Vec::new();
    for place in &CRATES {
        wrong.extend(not_on_the_map(place, &place.scan(), &map));
    }
    assert!(wrong.is_empty(), "ARCHITECTURE.md:\n{}", wrong.join("\n"));
}

#[test]
fn nothing_goes_in_a_circle() {
    let mut wrong = Vec::new();
    for place in &CRATES {
        for (folders, arrows) in all_circles(place.folder, &place.scan()) {
            let folders: Vec<_> = folders.into_iter().collect();
            wrong.push(format!(
                "circle of {}:\n{}",
                folders.join(", "),
                arrows.join("\n")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Paths below a folder and texts of all Rust files in it.
fn files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

/// Arrows between rooms that are not on the map, and those of the map that nothing draws.
fn not_on_the_map(place: &Crate, scan: &Scan, map: &Map) -> Vec<String> {
    let folder = place.folder;
    let mut wrong = Vec::new();
    let mut drawn = BTreeSet::new();
    let between_rooms = scan.arrows.iter().map(|arrow| {
        let (from, to) = (room(&arrow.from), room(&arrow.to));
        (from, to, &arrow.file, arrow.line)
    });
    let outside = scan
        .outside
        .iter()
        .map(|(module, (file, line))| (room(module), place.below.to_owned(), file, *line));
    for (from, to, file, line) in between_rooms.chain(outside) {
        if from == to || from == CRATE_ROOT || !drawn.insert((from.clone(), to.clone())) {
            continue;
        }
        if !map.has(folder, &from, &to) {
            let arrow = format!("{from} → {to} is not on the map");
            wrong.push(format!("{folder}/{file}:{line}: {arrow}"));
        }
    }
    for Line { from, to } in map.lines(folder) {
        let is_drawn = |from: &String, to: &String| drawn.contains(&(from.clone(), to.clone()));
        let unused = to.iter();
        let unused = unused.filter(|to| !from.iter().any(|from| is_drawn(from, to)));
        wrong.extend(unused.map(|to| {
            format!("{folder}: {to} is on the map after {from:?}, but nothing there uses it")
        }));
        let idle = from.iter();
        let idle = idle.filter(|from| !to.iter().any(|to| is_drawn(from, to)));
        wrong.extend(idle.map(|from| {
            format!("{folder}: {from} is on the map before {to:?}, but it uses nothing of that")
        }));
    }
    wrong
}

/// What the root of a crate, which hands over to its rooms, counts as.
const CRATE_ROOT: &str = "lib";

fn room(module: &Module) -> String {
    module.first().map_or(CRATE_ROOT, String::as_str).to_owned()
}

/// Circles of rooms, and of files in different folders: the folders, and the arrows between them.
fn all_circles(crate_folder: &str, scan: &Scan) -> Vec<(BTreeSet<String>, Vec<String>)> {
    let room_of = |module: &Module| vec![room(module)];
    let folder_of = |module: &Module| {
        let is_above = |other: &Module| other.len() > module.len() && other.starts_with(module);
        let is_folder = scan.modules.iter().any(is_above);
        module[..module.len() - usize::from(!is_folder)].to_vec()
    };
    let rooms = scan.arrows.iter();
    let rooms = rooms.map(|arrow| (room_of(&arrow.from), room_of(&arrow.to)));
    let rooms = rooms.filter(|(from, to)| from != to).collect();
    let files = scan.arrows.iter();
    let files = files.map(|arrow| (arrow.from.clone(), arrow.to.clone()));
    let mut found = Vec::new();
    for circle in circles(&rooms) {
        found.push(on_circle(crate_folder, scan, |module| {
            let room = room_of(module);
            circle.contains(&room).then_some(room)
        }));
    }
    for circle in circles(&files.collect()) {
        let is_within_a_room = circle.iter().map(room).collect::<BTreeSet<_>>().len() == 1;
        let is_within_a_folder = circle.iter().map(folder_of).collect::<BTreeSet<_>>().len() == 1;
        if is_within_a_room && !is_within_a_folder {
            found.push(on_circle(crate_folder, scan, |module| {
                circle.contains(module).then(|| folder_of(module))
            }));
        }
    }
    found
}

/// The places that are on a circle, and the arrows between them.
fn on_circle(
    crate_folder: &str,
    scan: &Scan,
    place: impl Fn(&Module) -> Option<Module>,
) -> (BTreeSet<String>, Vec<String>) {
    let name = |place: &Module| format!("{crate_folder}/{}", place.join("/"));
    let mut places = BTreeSet::new();
    let mut arrows: BTreeMap<_, String> = BTreeMap::new();
    for Arrow {
        from,
        to,
        file,
        line,
    } in &scan.arrows
    {
        let (Some(from_place), Some(to_place)) = (place(from), place(to)) else {
            continue;
        };
        if from_place != to_place {
            places.extend([name(&from_place), name(&to_place)]);
            let (from, to) = (from.join("/"), to.join("/"));
            let arrow = format!("  {crate_folder}/{file}:{line}: {from} → {to}");
            arrows.entry((from, to)).or_insert(arrow);
        }
    }
    (places, arrows.into_values().collect())
}

#[cfg(test)]
mod tests;
