//! Goes through lines in one direction and shows matches with their context. Both functions return
//! how many lines were damaged.

use std::io;
use std::ops::ControlFlow;

use super::context::{Context, Verdict};
use super::criteria::{Found, Search};
use super::filter::Filter;
use crate::logs::disk::{Backward, Forward, Merged};

/// Shows matches as they are found.
pub(super) fn forwards(
    search: &Search,
    mut lines: Merged<Forward>,
    show: &mut dyn FnMut(Found<'_>) -> ControlFlow<()>,
) -> io::Result<u64> {
    let mut filter = Filter::new(search);
    let mut context: Context<Vec<u8>> = search.context();
    while let Some(line) = lines.next()? {
        let Some(matches) = filter.matches(line) else {
            continue;
        };
        let flow = match context.next(matches) {
            Verdict::Skip | Verdict::End => ControlFlow::Continue(()),
            Verdict::Keep => {
                context.keep(line.to_vec());
                ControlFlow::Continue(())
            }
            Verdict::Context => show(Found::Context(line)),
            Verdict::Match { separate } => show_match(line, separate, &mut context, show),
        };
        if flow.is_break() {
            break;
        }
    }
    Ok(filter.damaged)
}

fn show_match(
    line: &[u8],
    separate: bool,
    context: &mut Context<Vec<u8>>,
    show: &mut dyn FnMut(Found<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    if separate {
        show(Found::Break)?;
    }
    for held in context.release() {
        show(Found::Context(&held))?;
    }
    show(Found::Match(line))
}

/// What was found so far, newest first.
enum Kept {
    Match(Vec<u8>),
    Context(Vec<u8>),
    Break,
}

/// Searches from the newest line back, then shows what was found, oldest first.
pub(super) fn backwards(
    search: &Search,
    mut lines: Merged<Backward>,
    show: &mut dyn FnMut(Found<'_>) -> ControlFlow<()>,
) -> io::Result<u64> {
    let mut filter = Filter::new(search);
    let mut context: Context<Vec<u8>> = search.context_backwards();
    let mut kept = Vec::new();
    while !context.is_over()
        && let Some(line) = lines.next()?
    {
        let Some(matches) = filter.matches(line) else {
            continue;
        };
        match context.next(matches) {
            Verdict::Skip => {}
            Verdict::End => break,
            Verdict::Keep => context.keep(line.to_vec()),
            Verdict::Context => kept.push(Kept::Context(line.to_vec())),
            Verdict::Match { separate } => {
                if separate {
                    kept.push(Kept::Break);
                }
                kept.extend(context.release().map(Kept::Context));
                kept.push(Kept::Match(line.to_vec()));
            }
        }
    }
    for item in kept.iter().rev() {
        let found = match item {
            Kept::Match(line) => Found::Match(line),
            Kept::Context(line) => Found::Context(line),
            Kept::Break => Found::Break,
        };
        if show(found).is_break() {
            break;
        }
    }
    Ok(filter.damaged)
}
