//! The text of a config and the places in it.

use std::ops::Range;
use std::path::{Path, PathBuf};

/// Where a config comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// What it is called in messages: its path as given, or `<stdin>`.
    pub name: String,
    /// What its relative paths are relative to, absolute.
    pub dir: PathBuf,
    /// What distinguishes it from every other config of this machine: its path without links.
    pub path: PathBuf,
}

impl Origin {
    /// A file: its relative paths are relative to its directory.
    pub fn file(path: &Path) -> Self {
        // Fails only without a current directory; then there is nothing better than the path.
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self {
            name: path.display().to_string(),
            dir: absolute.parent().unwrap_or(&absolute).to_owned(),
            path: absolute.canonicalize().unwrap_or(absolute),
        }
    }

    /// Standard input: its relative paths are relative to the current directory.
    pub fn stdin() -> Self {
        let dir = std::path::absolute(".").unwrap_or_default();
        Self {
            name: "<stdin>".to_owned(),
            path: dir.join("flowlayer.jsonc"),
            dir,
        }
    }
}

/// A path of the config, absolute.
pub(super) fn within(dir: &Path, path: &str) -> PathBuf {
    let path = dir.join(path);
    // Takes `./` out. Fails only for an empty path, which this is not.
    std::path::absolute(&path).unwrap_or(path)
}

/// The text of a config, for showing what a problem is about.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where it comes from.
    pub origin: Origin,
    /// The text, without a byte order mark; what was not UTF-8 is replaced by U+FFFD.
    pub text: String,
    /// Where a secret (`session.token`) stands, not to be shown.
    pub secrets: Vec<Range<usize>>,
}

impl Source {
    /// The character at a position, in bytes of the text; nothing where there is none.
    pub fn character_at(&self, position: Position) -> Range<usize> {
        let mut walk = Walk::new(&self.text);
        let mut characters = self.text.char_indices();
        let found = characters.find(|&(at, _)| walk.to(at) >= position);
        found.map_or(self.text.len()..self.text.len(), |(at, c)| {
            at..at + c.len_utf8()
        })
    }
}

/// A line and a column, both from 1. Columns count Unicode characters; lines end with `\n`, `\r\n`
/// or a lone `\r`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Position {
    /// That of a problem whose place has not been looked up yet.
    pub(super) const UNKNOWN: Self = Self { line: 0, column: 0 };
}

/// Turns ascending offsets into positions in one walk over the text, however long its lines are.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    text: &'a [u8],
    at: usize,
    position: Position,
}

impl<'a> Walk<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            at: 0,
            position: Position { line: 1, column: 1 },
        }
    }

    /// The position of an offset that is not before the last one asked for.
    pub(super) fn to(&mut self, offset: usize) -> Position {
        let end = offset.min(self.text.len());
        for at in self.at..end {
            let next = self.text.get(at + 1);
            match self.text[at] {
                b'\n' => self.next_line(),
                b'\r' if next != Some(&b'\n') => self.next_line(),
                // All but the first byte of a character, which counted.
                0x80..=0xbf => {}
                _ => self.position.column += 1,
            }
        }
        self.at = self.at.max(end);
        self.position
    }

    fn next_line(&mut self) {
        self.position.line += 1;
        self.position.column = 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_in_three_ways_and_columns_count_characters() {
        let text = "aé€𝄞b\nc\r\nd\re";
        let mut walk = Walk::new(text);
        let place = |needle: char| {
            let Position { line, column } = walk.to(text.find(needle).unwrap());
            (line, column)
        };
        let places: Vec<_> = "abcde".chars().map(place).collect();
        assert_eq!(places, [(1, 1), (1, 5), (2, 1), (3, 1), (4, 1)]);
        assert_eq!(walk.to(usize::MAX), Position { line: 4, column: 2 });
        let source = Source {
            origin: Origin::stdin(),
            text: text.to_owned(),
            secrets: Vec::new(),
        };
        let at = |line, column| &text[source.character_at(Position { line, column })];
        assert_eq!(
            [at(1, 3), at(1, 5), at(3, 1), at(4, 1)],
            ["€", "b", "d", "e"]
        );
        assert_eq!(at(9, 1), "");
    }

    #[test]
    fn a_file_in_the_current_directory_has_it_as_its_directory() {
        let origin = Origin::file(Path::new("flowlayer.jsonc"));
        assert_eq!(origin.dir, std::env::current_dir().unwrap());
        assert_eq!(origin.name, "flowlayer.jsonc");
    }
}
