//! The list of live sessions, while it is open and while ours does not run: it is looked for again and
//! again, so that one that is started meanwhile can be chosen.

use crate::tui::message::{Choice, Link, UiEffect};
use crate::tui::model::{Modal, Model};

/// Between two looks, in milliseconds.
const AGAIN_MS: i64 = 3_000;

/// Asks for them when it is time.
pub(super) fn look_again(model: &mut Model, effects: &mut Vec<UiEffect>) {
    // A first answer that is pending is not requested twice.
    if let Some(Modal::Sessions {
        choices: Some(_),
        looked,
        ..
    }) = &mut model.modal
        && model.now - *looked >= AGAIN_MS
    {
        *looked = model.now;
        effects.push(UiEffect::ListSessions);
        return;
    }
    let is_absent = model.is_blank() && matches!(model.link, Link::Unreachable { .. });
    if is_absent && model.modal.is_none() && model.now - model.others_looked >= AGAIN_MS {
        model.others_looked = model.now;
        effects.push(UiEffect::ListSessions);
    }
}

/// Shows what was found. A session that somebody has moved to stays selected; else it is the one that
/// we are at, or the first.
pub(super) fn found(model: &mut Model, found: Vec<Choice>) {
    let others = found
        .iter()
        .filter(|choice| choice.address != model.target.address);
    model.others = others.cloned().collect();
    let Some(Modal::Sessions {
        choices,
        row,
        is_moved,
        ..
    }) = &mut model.modal
    else {
        return;
    };
    let at = |address: &str| found.iter().position(|choice| choice.address == address);
    let moved_to = choices.as_ref().filter(|_| *is_moved);
    let moved_to = moved_to.and_then(|choices| choices.get(*row));
    *row = match moved_to {
        Some(choice) => at(&choice.address).unwrap_or(*row),
        None => at(&model.target.address).unwrap_or(0),
    };
    *row = (*row).min(found.len().saturating_sub(1));
    *choices = Some(found);
}
