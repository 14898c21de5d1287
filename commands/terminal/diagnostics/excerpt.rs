//! The part of a source line that is shown.

use std::ops::Range;

use flowlayer_core::config::Source;
use flowlayer_core::facts::picture;

/// Of a line, at most so many characters before and after the beginning of what is marked are
/// handed on; what then does not fit the terminal's width is cut by whoever draws it.
const BEFORE: usize = 400;
const AFTER: usize = 400;

/// Part of one line, and what of it is marked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The part; one line without its end, and never empty, so that it can be marked.
    pub(super) text: String,
    /// What is marked, in bytes of that.
    pub(super) span: Range<usize>,
    /// Whether it begins where the line begins, so that columns can be counted in it.
    pub(super) from_line_start: bool,
}

impl Excerpt {
    /// What is around the beginning of a span. It looks at no more of the source than it shows.
    pub(super) fn new(source: &Source, span: &Range<usize>) -> Self {
        let text = &source.text;
        let start = floor(text, span.start.min(text.len()));
        let end = floor(text, span.end.clamp(start, text.len()));
        let mut builder = Builder {
            source,
            text: String::new(),
        };
        let before = &text[back(text, start)..start];
        let first = start - before.len();
        let from_line_start = first == 0 || text[..first].ends_with(['\n', '\r']);
        if !from_line_start {
            builder.text.push('…');
        }
        for (at, c) in before.char_indices() {
            builder.char(c, first + at);
        }
        let marked_from = builder.text.len();
        let mut marked_to = marked_from;
        let after = &text[start..ahead(text, start)];
        for (at, c) in after.char_indices() {
            builder.char(c, start + at);
            if start + at < end {
                marked_to = builder.text.len();
            }
        }
        let cut = start + after.len();
        if cut < text.len() && !text[cut..].starts_with(['\n', '\r']) {
            builder.text.push('…');
        }
        if marked_to == marked_from {
            // Nothing to mark, as at the end of a line: mark what would follow.
            builder.text.push(' ');
            marked_to += builder.text[marked_from..]
                .chars()
                .next()
                .map_or(0, char::len_utf8);
        }
        Self {
            text: builder.text,
            span: marked_from..marked_to,
            from_line_start,
        }
    }
}

/// An excerpt that grows.
struct Builder<'a> {
    source: &'a Source,
    text: String,
}

impl Builder<'_> {
    fn char(&mut self, c: char, at: usize) {
        let secret = |range: &Range<usize>| range.contains(&at);
        self.text.push(if self.source.secrets.iter().any(secret) {
            '•'
        } else {
            picture(c)
        });
    }
}

/// Where to begin, so that no more than [`BEFORE`] characters of the line stand before the offset.
fn back(text: &str, start: usize) -> usize {
    let before = text[..start].char_indices().rev();
    let line = before.take(BEFORE).take_while(|&(_, c)| !is_line_end(c));
    line.last().map_or(start, |(at, _)| at)
}

/// Where to end, so that no more than [`AFTER`] characters of the line stand after the offset.
fn ahead(text: &str, start: usize) -> usize {
    let after = text[start..].chars();
    let line = after.take(AFTER).take_while(|&c| !is_line_end(c));
    start + line.map(char::len_utf8).sum::<usize>()
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

fn floor(text: &str, offset: usize) -> usize {
    (0..=offset)
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}
