//! The map in `ARCHITECTURE.md`: a block fenced as `arrows`.
//!
//! Its first line is an arrow between crates: every room of one may use the other. After `src:` or
//! `commands:` each line says which rooms may use which others, or the crate below. The root of a
//! crate may use all of its rooms.

use std::collections::BTreeMap;

/// Which arrows may be drawn.
#[derive(Debug, Default)]
pub(super) struct Map {
    /// Crates, and the rooms of each.
    lines: BTreeMap<String, Vec<Line>>,
}

/// Rooms that may use some others, or one of them.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) from: Vec<String>,
    pub(super) to: Vec<String>,
}

/// Where the arrows between crates are kept.
const CRATES: &str = "";

impl Map {
    pub(super) fn read(document: &str) -> Self {
        let block = document.split("```arrows\n").nth(1);
        let block = block.expect("a block fenced as `arrows`");
        let block = block.split("```").next().unwrap_or_default();
        let mut map = Self::default();
        let mut inside = CRATES;
        for line in block.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if let Some(name) = line.strip_suffix(':') {
                inside = name;
                continue;
            }
            let (from, to) = line.split_once('→').expect("an arrow in each line");
            let names = |text: &str| text.split(',').map(|name| name.trim().to_owned()).collect();
            let (from, to) = (names(from), names(to));
            let lines = map.lines.entry(inside.to_owned()).or_default();
            lines.push(Line { from, to });
        }
        map
    }

    /// Whether a room of a crate may use another one, or the crate below.
    pub(super) fn has(&self, inside: &str, from: &str, to: &str) -> bool {
        let is_in = |lines: &[Line], from: &str| lines.iter().any(|line| line.has(from, to));
        is_in(self.lines(CRATES), inside) || is_in(self.lines(inside), from)
    }

    /// What is said of the rooms of a crate.
    pub(super) fn lines(&self, inside: &str) -> &[Line] {
        self.lines.get(inside).map_or(&[], Vec::as_slice)
    }
}

impl Line {
    fn has(&self, from: &str, to: &str) -> bool {
        let is = |names: &[String], name: &str| names.iter().any(|other| other == name);
        is(&self.from, from) && is(&self.to, to)
    }
}
