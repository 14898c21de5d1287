//! All problems of one file, as they are found; bounded, whatever the file.

use std::ops::Range;

use super::code::Code;
use super::fault::{Fault, Help};
use super::problem::{Problem, Related, Severity};
use super::references::template::Spot;
use super::source::{Position, Walk};
use super::suggest::Suggestions;
use super::syntax;
use super::tree::{NodeId, Tree};

/// More problems than this are counted, not kept.
const MAX_PROBLEMS: usize = 1000;

/// Which part of a value a problem is about.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// The key it stands under.
    Key(NodeId),
    Value(NodeId),
    /// A part of a text.
    Spot(Spot),
}

/// Collects problems about a tree.
#[derive(Debug)]
pub(super) struct Problems<'t, 'a> {
    pub(super) tree: &'t Tree<'a>,
    suggestions: Suggestions,
    kept: Vec<Problem>,
    omitted: usize,
    errors: usize,
    omitted_errors: usize,
}

impl<'t, 'a> Problems<'t, 'a> {
    pub(super) fn new(tree: &'t Tree<'a>) -> Self {
        Self {
            tree,
            suggestions: Suggestions::default(),
            kept: Vec::new(),
            omitted: 0,
            errors: 0,
            omitted_errors: 0,
        }
    }

    pub(super) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    pub(super) fn error(&mut self, code: Code, place: Place, message: impl Into<String>) {
        self.add(Severity::Error, code, place, message, None);
    }

    pub(super) fn error_with_help(
        &mut self,
        code: Code,
        place: Place,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.add(Severity::Error, code, place, message, help);
    }

    /// A word that is none of the known ones, of which there are `total`. The help, which takes
    /// some looking, is only made for what is kept.
    pub(super) fn unknown<'k>(
        &mut self,
        code: Code,
        place: Place,
        message: impl Into<String>,
        found: &str,
        (what, known, total): (&str, impl IntoIterator<Item = &'k str> + Clone, usize),
    ) {
        let is_kept = self.kept.len() < MAX_PROBLEMS;
        let help = is_kept.then(|| self.suggestions.help(found, what, known, total));
        self.add(Severity::Error, code, place, message, help);
    }

    pub(super) fn warning(
        &mut self,
        code: Code,
        place: Place,
        message: impl Into<String>,
        help: Option<&str>,
    ) {
        let help = help.map(str::to_owned);
        self.add(Severity::Warning, code, place, message, help);
    }

    /// What the reader of a value found wrong with it.
    pub(super) fn fault(&mut self, node: NodeId, fault: Fault) {
        let item = fault.item.and_then(|index| self.tree.item(node, index));
        self.fault_at(Place::Value(item.unwrap_or(node)), fault);
    }

    /// The same, with the place known.
    pub(super) fn fault_at(&mut self, place: Place, fault: Fault) {
        match fault.help {
            Help::None => self.error(fault.code, place, fault.message),
            Help::Text(help) => self.error_with_help(fault.code, place, fault.message, Some(help)),
            Help::Among { found, known } => {
                let words = ("values", known.iter().copied(), known.len());
                self.unknown(fault.code, place, fault.message, &found, words);
            }
        }
    }

    /// The same problem can show in several places.
    pub(super) fn relate(&mut self, places: impl IntoIterator<Item = (Place, String)>) {
        if self.omitted > 0 {
            return;
        }
        let tree = self.tree;
        if let Some(problem) = self.kept.last_mut() {
            problem
                .related
                .extend(places.into_iter().map(|(place, message)| {
                    let (path, span) = locate(tree, place);
                    Related {
                        path,
                        message,
                        span,
                        position: Position::UNKNOWN,
                    }
                }));
        }
    }

    pub(super) fn failure(&mut self, failure: syntax::Failure) {
        let related = failure.related.map(|(span, message)| Related {
            path: String::new(),
            message: message.to_owned(),
            span,
            position: Position::UNKNOWN,
        });
        self.keep(Problem {
            related: related.into_iter().collect(),
            ..Problem::at(
                Severity::Error,
                failure.code,
                String::new(),
                failure.span,
                failure.message,
                failure.help,
            )
        });
    }

    /// A spelling of JSON5, reported once for all places where it is used.
    pub(super) fn spelling(
        &mut self,
        spelling: syntax::Spelling,
        first: Range<usize>,
        times: usize,
    ) {
        let more = match times - 1 {
            0 => String::new(),
            1 => " (and 1 more)".to_owned(),
            more => format!(" (and {more} more)"),
        };
        let message = format!("{} is JSON5, not JSONC{more}", spelling.name());
        let help = Some(spelling.instead().to_owned());
        self.keep(Problem::at(
            Severity::Warning,
            Code::NotJsonc,
            String::new(),
            first,
            message,
            help,
        ));
    }

    fn add(
        &mut self,
        severity: Severity,
        code: Code,
        place: Place,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let (path, span) = if self.kept.len() < MAX_PROBLEMS {
            locate(self.tree, place)
        } else {
            (String::new(), 0..0)
        };
        self.keep(Problem::at(severity, code, path, span, message, help));
    }

    fn keep(&mut self, problem: Problem) {
        let is_error = problem.is_error();
        self.errors += usize::from(is_error);
        if self.kept.len() < MAX_PROBLEMS {
            self.kept.push(problem);
        } else {
            self.omitted += 1;
            self.omitted_errors += usize::from(is_error);
        }
    }

    /// All of them, sorted by place, with lines and columns.
    pub(super) fn finish(mut self, text: &str) -> Vec<Problem> {
        if self.omitted > 0 {
            let severity = if self.omitted_errors > 0 {
                Severity::Error
            } else {
                Severity::Warning
            };
            let message = format!("{} more problems are not shown", self.omitted);
            let end = text.len()..text.len();
            self.kept.push(Problem::at(
                severity,
                Code::TooManyProblems,
                String::new(),
                end,
                message,
                None,
            ));
        }
        self.kept.sort_by_key(|problem| problem.span.start);
        resolve(&mut self.kept, text);
        self.kept
    }
}

/// Looks up all positions in one walk over the text.
pub(super) fn resolve(problems: &mut [Problem], text: &str) {
    let mut wanted: Vec<(usize, &mut Position)> = Vec::new();
    for problem in problems {
        wanted.push((problem.span.start, &mut problem.position));
        for related in &mut problem.related {
            wanted.push((related.span.start, &mut related.position));
        }
    }
    wanted.sort_by_key(|(offset, _)| *offset);
    let mut walk = Walk::new(text);
    for (offset, position) in wanted {
        *position = walk.to(offset);
    }
}

fn locate(tree: &Tree<'_>, place: Place) -> (String, Range<usize>) {
    let (node, span) = match place {
        Place::Key(node) => (node, tree.key_span(node)),
        Place::Value(node) => (node, tree.span(node)),
        Place::Spot(spot) => return (spot.path.to_string(), spot.span),
    };
    // The file as a whole is pointed at by its first bracket.
    let end = if tree.node(node).parent.is_none() {
        span.end.min(span.start + 1)
    } else {
        span.end
    };
    (tree.path(node), span.start..end)
}
