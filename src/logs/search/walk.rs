//! Going through lines in one direction, and showing what is wanted and what is around it. Each way returns
//! how many lines were damaged.

use std::io;
use std::ops::ControlFlow;

use super::context::{Context, Verdict};
use super::judge::Judge;
use super::reader::{Backward, Forward, Merged};
use super::{Found, Search};

/// Shows what is found as it comes.
pub(super) fn forwards(
    search: &Search,
    mut lines: Merged<Forward>,
    show: &mut dyn FnMut(Found<'_>) -> ControlFlow<()>,
) -> io::Result<u64> {
    let mut judge = Judge::new(search);
    let mut context: Context<Vec<u8>> = search.context();
    while let Some(line) = lines.next()? {
        let Some(matches) = judge.matches(line) else {
            continue;
        };
        let flow = match context.judge(matches) {
            Verdict::Skip | Verdict::End => ControlFlow::Continue(()),
            Verdict::Hold(room) => {
                context.hold(copied(line, room));
                ControlFlow::Continue(())
            }
            Verdict::Context => show(Found::Context(line)),
            Verdict::Match { separate } => show_match(line, separate, &mut context, show),
        };
        if flow.is_break() {
            break;
        }
    }
    Ok(judge.damaged)
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

/// What was found going backwards.
enum Kept {
    Match(Vec<u8>),
    Context(Vec<u8>),
    Break,
}

/// Finds the newest first, and shows what it has found from the oldest on.
pub(super) fn backwards(
    search: &Search,
    mut lines: Merged<Backward>,
    show: &mut dyn FnMut(Found<'_>) -> ControlFlow<()>,
) -> io::Result<u64> {
    let mut judge = Judge::new(search);
    let mut context: Context<Vec<u8>> = search.context_backwards();
    let mut kept = Vec::new();
    while !context.is_over()
        && let Some(line) = lines.next()?
    {
        let Some(matches) = judge.matches(line) else {
            continue;
        };
        match context.judge(matches) {
            Verdict::Skip => {}
            Verdict::End => break,
            Verdict::Hold(room) => context.hold(copied(line, room)),
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
    Ok(judge.damaged)
}

/// A line to be held, in memory that was used before.
fn copied(line: &[u8], room: Option<Vec<u8>>) -> Vec<u8> {
    let mut held = room.unwrap_or_default();
    held.clear();
    held.extend_from_slice(line);
    held
}
