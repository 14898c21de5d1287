//! Keys in the palette.

use crossterm::event::KeyEvent;

use super::typing;
use crate::tui::keys::{self, Action};
use crate::tui::message::UiEffect;
use crate::tui::model::{Modal, Model};
use crate::tui::palette;
use crate::tui::prompt::{Prompt, Purpose};

/// Opens it.
pub(super) fn open(model: &mut Model) {
    model.modal = Some(Modal::Palette { row: 0 });
    model.prompt = Some(Prompt::new(Purpose::Palette, String::new()));
}

/// A key while it is open.
pub(super) fn key(model: &mut Model, event: KeyEvent, effects: &mut Vec<UiEffect>) {
    let Some(action) = keys::action(event, model.contexts()) else {
        return typing::key(model, event);
    };
    let entries = palette::entries(model);
    let Some(Modal::Palette { row }) = &mut model.modal else {
        return;
    };
    match action {
        Action::Up => *row = row.saturating_sub(1),
        Action::Down => *row = (*row + 1).min(entries.len().saturating_sub(1)),
        Action::Accept => {
            let chosen = entries.get(*row).map(|entry| entry.binding);
            close(model);
            if let Some(binding) = chosen
                && let Some(event) = binding.event()
            {
                model.prefix = binding.prefix();
                super::key::key(model, event, effects);
            }
        }
        _ => close(model),
    }
}

fn close(model: &mut Model) {
    (model.modal, model.prompt) = (None, None);
}
