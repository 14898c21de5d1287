//! Problems of a config for people: the source line with a caret under the key or value
//! (docs/config.md, Problems and their codes).
//!
//! What is shown of a file is safe for the terminal and short: of a long line only what is around
//! the caret, control characters as pictures, secrets as bullets.

mod excerpt;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use flowlayer_core::config::{Position, Problem, Severity, Source};

use super::lines::count;
use excerpt::Excerpt;
pub(crate) use flowlayer_core::facts::{readable, shown_path};

/// Other places of a problem that are shown; a circle of services can have thousands.
const RELATED_SHOWN: usize = 8;

/// All problems of one file, in order, each with an empty line after it.
pub(crate) fn render(problems: &[Problem], source: &Source, colored: bool) -> String {
    let renderer = if colored {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut text = String::new();
    for problem in problems {
        text.push_str(&one(problem, source, &renderer));
        text.push_str("\n\n");
    }
    text
}

/// The last line about a file that cannot be used: `flowlayer.jsonc: 2 errors, 1 warning`.
pub(crate) fn total(name: &str, problems: &[Problem]) -> String {
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    let mut found = count(errors as u64, "error");
    if errors < problems.len() {
        let warnings = count((problems.len() - errors) as u64, "warning");
        found = format!("{found}, {warnings}");
    }
    format!("{}: {found}\n", readable(name))
}

fn one(problem: &Problem, source: &Source, renderer: &Renderer) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let name = readable(&source.origin.name);
    let shown = Excerpt::new(source, &problem.span);
    let related = problem.related.iter().take(RELATED_SHOWN);
    let related: Vec<_> = related
        .map(|related| (related, Excerpt::new(source, &related.span)))
        .collect();
    let title = level.primary_title(readable(&title(problem)));
    let mut group = Group::with_title(title.id(problem.code.as_str()));
    group = mark(
        group,
        &name,
        &shown,
        problem.position,
        AnnotationKind::Primary,
    );
    for (related, shown) in &related {
        group = group.element(Level::NOTE.message(readable(&related.message)));
        group = mark(
            group,
            &name,
            shown,
            related.position,
            AnnotationKind::Context,
        );
    }
    if problem.related.len() > RELATED_SHOWN {
        let more = problem.related.len() - RELATED_SHOWN;
        group = group.element(Level::NOTE.message(format!("and {more} more places")));
    }
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(readable(help)));
    }
    renderer.render(&[group])
}

/// The path of the field, then its problem.
fn title(problem: &Problem) -> String {
    if problem.path.is_empty() {
        problem.message.clone()
    } else {
        format!("{}: {}", problem.path, problem.message)
    }
}

/// Adds an excerpt, and above it its place.
fn mark<'a>(
    group: Group<'a>,
    name: &'a str,
    shown: &'a Excerpt,
    position: Position,
    kind: AnnotationKind,
) -> Group<'a> {
    let snippet = Snippet::source(shown.text.as_str())
        .line_start(position.line)
        .annotation(kind.span(shown.span.clone()));
    if shown.from_line_start {
        return group.element(snippet.path(name));
    }
    // The column cannot be counted in what is shown.
    let place = Origin::path(name).line(position.line);
    group
        .element(place.char_column(position.column))
        .element(snippet)
}

#[cfg(test)]
mod tests;
