//! YAML as a tree with line numbers, every scalar as it was written, and bounds on what aliases make
//! of a small text.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::source::{ImportError, Reason};

/// How many nodes a document may have once its aliases are replaced.
const MAX_NODES: usize = 200_000;
/// How many bytes of scalars, likewise.
const MAX_BYTES: usize = 16 << 20;
/// How many closing brackets are moved to where YAML wants them.
const MAX_BRACKETS: usize = 100;
/// How deep it may be nested.
const MAX_DEPTH: usize = 64;

/// A value and the line it begins on, from 1.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// A scalar as written (`0755` stays `0755`), and whether it was written without quotes.
    Scalar { text: String, plain: bool },
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order of the text, each key once.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// The value of a key of a mapping, unless it is null.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let mut entries = self.entries().iter();
        let found = entries
            .find(|(known, _)| known == key)
            .map(|(_, node)| node);
        found.filter(|node| !node.is_null())
    }

    /// The entries of a mapping; none for anything else.
    pub(super) fn entries(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a sequence; none for anything else.
    pub(super) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a scalar that is not null.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// The scalars of a sequence, or the one scalar that stands for it.
    pub(super) fn texts(&self) -> Vec<&str> {
        match &self.value {
            Value::List(items) => items.iter().filter_map(Node::text).collect(),
            _ => self.text().into_iter().collect(),
        }
    }

    /// Replaces the text of every scalar in it.
    pub(super) fn map_texts(&mut self, change: &dyn Fn(&str) -> String) {
        match &mut self.value {
            Value::Scalar { text, .. } => *text = change(text),
            Value::List(items) => items.iter_mut().for_each(|item| item.map_texts(change)),
            Value::Map(entries) => {
                for (_, value) in entries {
                    value.map_texts(change);
                }
            }
        }
    }

    /// Whether it is `null`, `~` or nothing at all.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true }
            if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// Whether it says yes, in the spellings of YAML 1.1 and 1.2.
    pub(super) fn is_true(&self) -> bool {
        let text = self.text().map(str::to_ascii_lowercase);
        matches!(text.as_deref(), Some("true" | "yes" | "on" | "y"))
    }
}

/// Reads the only document of a text.
///
/// A closing bracket may stand at the column of its key. YAML wants it further in, but the parsers of
/// docker compose and of others do not.
pub(super) fn parse(text: &str) -> Result<Node, ImportError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines: Vec<Cow<'_, str>> = Vec::new();
    let mut result = document(text);
    for _ in 0..MAX_BRACKETS {
        // The parser has no other name for this error.
        let Err(ImportError {
            line,
            reason: Reason::NotYaml(info),
        }) = &result
        else {
            break;
        };
        if !info.contains("invalid indentation") {
            break;
        }
        if lines.is_empty() {
            lines = text.split('\n').map(Cow::Borrowed).collect();
        }
        let line = line.and_then(|line| lines.get_mut(line - 1));
        let Some(line) = line.filter(|line| line.trim_start_matches(' ').starts_with([']', '}']))
        else {
            break;
        };
        line.to_mut().insert(0, ' ');
        result = document(&lines.join("\n"));
    }
    result
}

fn document(text: &str) -> Result<Node, ImportError> {
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        anchors: HashMap::new(),
        nodes: 0,
        bytes: 0,
    };
    let mut document = None;
    loop {
        let (event, line) = reader.next()?;
        match event {
            Event::StreamEnd => break,
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            _ if document.is_some() => {
                return Err(Reason::SeveralDocuments.at(line));
            }
            event => document = Some(reader.node(event, line, 0)?),
        }
    }
    document.ok_or_else(|| Reason::Empty.into())
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    /// What aliases stand for.
    anchors: HashMap<usize, Node>,
    nodes: usize,
    bytes: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, usize), ImportError> {
        match self.parser.next_event() {
            None => Ok((Event::StreamEnd, 0)),
            Some(Ok((event, span))) => Ok((event, span.start.line())),
            Some(Err(error)) => {
                let reason = Reason::NotYaml(error.info().to_owned());
                Err(reason.at(error.marker().line()))
            }
        }
    }

    fn node(&mut self, event: Event<'a>, line: usize, depth: usize) -> Result<Node, ImportError> {
        if depth > MAX_DEPTH {
            return Err(Reason::TooDeep(MAX_DEPTH).at(line));
        }
        let (anchor, value) = match event {
            Event::Alias(anchor) => {
                // An alias inside of what it stands for has no anchor yet.
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(Reason::RecursiveAlias.at(line));
                };
                self.charge(&node, line)?;
                return Ok(Node { line, ..node });
            }
            Event::Scalar(text, style, anchor, _) => {
                let text = text.into_owned();
                let plain = style == ScalarStyle::Plain;
                (anchor, Value::Scalar { text, plain })
            }
            Event::SequenceStart(anchor, _) => (anchor, Value::List(self.list(depth)?)),
            Event::MappingStart(anchor, _) => (anchor, Value::Map(self.map(depth)?)),
            _ => return Err(Reason::NotYaml("a value is missing".to_owned()).at(line)),
        };
        let node = Node { line, value };
        self.count(&node, line)?;
        if anchor > 0 {
            self.charge(&node, line)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, ImportError> {
        let mut items = Vec::new();
        loop {
            let (event, line) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(items);
            }
            items.push(self.node(event, line, depth + 1)?);
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<(String, Node)>, ImportError> {
        let mut entries: Vec<(String, Node)> = Vec::new();
        let mut known = HashSet::new();
        let mut merged = Vec::new();
        loop {
            let (event, line) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key = self.node(event, line, depth + 1)?;
            let Value::Scalar { text: key, plain } = key.value else {
                return Err(Reason::KeyNotScalar.at(line));
            };
            let (event, line) = self.next()?;
            let value = self.node(event, line, depth + 1)?;
            if plain && key == "<<" {
                merged.push(value);
            } else if !known.insert(key.clone()) {
                return Err(Reason::DuplicateKey(key).at(line));
            } else {
                entries.push((key, value));
            }
        }
        // What is written here beats what is merged, and the first of several beats the others.
        for source in merged {
            let line = source.line;
            let maps = match source.value {
                Value::List(maps) => maps,
                _ => vec![source],
            };
            for map in maps {
                let Value::Map(map) = map.value else {
                    return Err(Reason::MergeOfScalar.at(line));
                };
                for (key, value) in map {
                    if known.insert(key.clone()) {
                        entries.push((key, value));
                    }
                }
            }
        }
        Ok(entries)
    }

    /// Counts a node without what is in it.
    fn count(&mut self, node: &Node, line: usize) -> Result<(), ImportError> {
        self.nodes += 1;
        if let Value::Scalar { text, .. } = &node.value {
            self.bytes += text.len();
        }
        if self.nodes > MAX_NODES || self.bytes > MAX_BYTES {
            return Err(Reason::TooLarge.at(line));
        }
        Ok(())
    }

    /// Counts a node that is about to be copied, with all that is in it. Stops as soon as it is too
    /// much, so the work is bounded too.
    fn charge(&mut self, node: &Node, line: usize) -> Result<(), ImportError> {
        let mut left = vec![node];
        while let Some(node) = left.pop() {
            self.count(node, line)?;
            match &node.value {
                Value::Scalar { .. } => {}
                Value::List(items) => left.extend(items),
                Value::Map(entries) => left.extend(entries.iter().map(|(_, value)| value)),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn error(text: &str) -> ImportError {
        parse(text).unwrap_err()
    }

    #[test]
    fn scalars_stay_as_they_are_written() {
        let node =
            parse("a: 0755\nb: '1.10'\nc: ~\nd:\ne: [yes, \"x\\ty\"]\nf: |\n  l1\n  l2\n").unwrap();
        assert_eq!(node.get("a").unwrap().text(), Some("0755"));
        assert_eq!(node.get("b").unwrap().text(), Some("1.10"));
        assert!(node.get("c").is_none() && node.get("d").is_none());
        assert_eq!(node.get("e").unwrap().texts(), ["yes", "x\ty"]);
        assert!(node.get("e").unwrap().items()[0].is_true());
        assert_eq!(node.get("f").unwrap().text(), Some("l1\nl2\n"));
        assert_eq!(node.get("b").unwrap().line, 2);
    }

    #[test]
    fn aliases_and_merge_keys_are_replaced() {
        let node = parse(
            "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\none: {<<: *x, a: 5}\nmany: {<<: [*y, *x]}\nl: *x\n",
        )
        .unwrap();
        let text = |of: &str, key: &str| {
            node.get(of)
                .unwrap()
                .get(key)
                .unwrap()
                .text()
                .unwrap()
                .to_owned()
        };
        assert_eq!(
            (text("one", "a"), text("one", "b")),
            ("5".into(), "2".into())
        );
        assert_eq!(
            (text("many", "b"), text("many", "a")),
            ("3".into(), "1".into())
        );
        assert_eq!(text("l", "b"), "2");
    }

    #[test]
    fn a_bracket_may_close_at_the_column_of_its_key() {
        let node = parse("a:\n  b: [\n    x\n  ]\n  c: {\n    d: 1\n  }\nl: 5\n").unwrap();
        let a = node.get("a").unwrap();
        assert_eq!(a.get("b").unwrap().texts(), ["x"]);
        assert_eq!(a.get("c").unwrap().get("d").unwrap().text(), Some("1"));
        assert_eq!(node.get("l").unwrap().line, 8);
    }

    #[test]
    fn what_aliases_make_of_a_text_is_bounded() {
        let mut laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
        laughs.extend((1..12).map(|level| {
            let list = vec![format!("*a{}", level - 1); 9].join(", ");
            format!("a{level}: &a{level} [{list}]\n")
        }));
        let begin = std::time::Instant::now();
        assert_eq!(error(&laughs).reason, Reason::TooLarge);
        assert!(begin.elapsed().as_secs() < 5);
        assert_eq!(error("a: &a [*a]").reason, Reason::RecursiveAlias);
        let deep = format!("{}{}", "[".repeat(70), "]".repeat(70));
        assert_eq!(error(&deep).reason, Reason::TooDeep(64));
        // What no parser should try to descend into.
        assert!(parse(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn errors_name_the_line() {
        let twice = error("a: 1\nb: 2\na: 3\n");
        assert_eq!(twice, Reason::DuplicateKey("a".to_owned()).at(3));
        assert_eq!(twice.to_string(), "line 3: the key \"a\" is given twice");
        let open = error("a: 1\nb: [\n");
        assert!(matches!(open.reason, Reason::NotYaml(_)), "{open:?}");
        assert!(open.line.is_some());
        assert_eq!(error(""), Reason::Empty.into());
        assert_eq!(error("--- 1\n--- 2\n"), Reason::SeveralDocuments.at(2));
        assert_eq!(error("<<: 5\n"), Reason::MergeOfScalar.at(1));
        assert_eq!(error("? [a]\n: b\n"), Reason::KeyNotScalar.at(1));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[-a-c:&*!|>{}\\[\\],#'\"%@ \n~<?]{0,60}") {
            let _ = parse(&text);
        }
    }
}
