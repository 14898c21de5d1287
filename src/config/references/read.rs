//! Texts of a file as templates, with the place of every reference.

use std::ops::Range;
use std::sync::Arc;

use super::scan::{self, ReferenceError};
use super::template::{Spot, Template};
use crate::config::code::Code;
use crate::config::fault::{Fault, Help};
use crate::config::problems::{Place, Problems};
use crate::config::tree::{NodeId, Tree, Value};

/// The string at a node.
pub(in crate::config) fn template(
    node: NodeId,
    text: String,
    problems: &mut Problems<'_, '_>,
) -> Template {
    if !text.contains("${") {
        return Template::literal(text);
    }
    let mut places = Places::of(problems.tree, node);
    part(text, 0, &mut places, problems)
}

/// The command at a node, one template a word.
pub(in crate::config) fn command(
    node: NodeId,
    argv: Vec<String>,
    problems: &mut Problems<'_, '_>,
) -> Vec<Template> {
    let tree = problems.tree;
    if let Value::String(line) = tree.value(node) {
        if !line.contains("${") {
            return argv.into_iter().map(Template::literal).collect();
        }
        let mut places = Places::of(tree, node);
        let words = argv.into_iter().zip(scan::words(line));
        return words
            .map(|(word, at)| part(word, at.start, &mut places, problems))
            .collect();
    }
    let words = argv.into_iter().enumerate();
    let words = words.map(|(index, word)| match tree.item(node, index) {
        Some(item) => template(item, word, problems),
        None => Template::literal(word),
    });
    words.collect()
}

/// A part of the string at a node that begins `offset` bytes into it.
fn part(
    text: String,
    offset: usize,
    places: &mut Places<'_, '_>,
    problems: &mut Problems<'_, '_>,
) -> Template {
    let mut errors = Vec::new();
    let template = Template::parse(
        text,
        |at| places.spot(at.start + offset..at.end + offset),
        |spot, error| errors.push((spot, error)),
    );
    for (spot, error) in errors {
        problems.fault_at(Place::Spot(spot), fault(error));
    }
    template
}

fn fault(error: ReferenceError) -> Fault {
    let fault = Fault::new(Code::InvalidReference, error.to_string());
    match (error.help(), error) {
        (_, ReferenceError::UnknownProperty { found, known, .. }) => {
            fault.with_known(&found, known)
        }
        (Some(help), _) => fault.with_help(help),
        (None, _) => Fault {
            help: Help::None,
            ..fault
        },
    }
}

/// Finds places within the string at a node, which come in the order of the text.
struct Places<'t, 'a> {
    tree: &'t Tree<'a>,
    node: NodeId,
    text: &'t str,
    path: Arc<str>,
    /// Where the next one is looked for in the source, and the end of the string there.
    source: Range<usize>,
    /// The source has the string as it is, without escapes.
    verbatim: bool,
}

impl<'t, 'a> Places<'t, 'a> {
    fn of(tree: &'t Tree<'a>, node: NodeId) -> Self {
        let text = match tree.value(node) {
            Value::String(text) => text,
            _ => "",
        };
        let span = tree.span(node);
        // Without its quotes.
        let source = span.start + 1..span.end.saturating_sub(1).max(span.start + 1);
        Self {
            tree,
            node,
            text,
            path: tree.path(node).into(),
            verbatim: tree.text.get(source.clone()) == Some(text),
            source,
        }
    }

    fn spot(&mut self, at: Range<usize>) -> Spot {
        let path = Arc::clone(&self.path);
        let begin = self.source.start;
        let span = if self.verbatim {
            begin + at.start..begin + at.end
        } else {
            let wanted = self.text.get(at).unwrap_or_default();
            let rest = self.tree.text.get(self.source.clone()).unwrap_or_default();
            if let Some(found) = rest.find(wanted) {
                let found = begin + found..begin + found + wanted.len();
                self.source.start = found.end;
                found
            } else {
                // It is written with escapes: the whole string is the place.
                self.source.start = self.source.end;
                self.tree.span(self.node)
            }
        };
        Spot { path, span }
    }
}
