//! Commands on services: what is sent, what is asked about first.

use super::notice::notify;
use crate::tui::keys::Action;
use crate::tui::log::Tone;
use crate::tui::message::{self, Order, UiEffect};
use crate::tui::model::{Modal, Model, Pending};
use crate::tui::offers;

/// Sends what the key means for the services it acts on. Who stops everything, or acts on more than one service or on
/// another than the selected one, is asked first.
pub(super) fn order(model: &mut Model, action: Action, effects: &mut Vec<UiEffect>) {
    let orders = offers::orders(model, action);
    let is_asked = match orders.as_slice() {
        [Order::StopAll] => true,
        [Order::StartAll] => false,
        [_] => model.services.acts_beyond_selection(),
        several => !several.is_empty(),
    };
    if is_asked {
        model.modal = Some(Modal::Confirm(orders));
    } else {
        send(model, orders, effects);
    }
}

/// Sends commands; how each ends is reported by itself.
pub(super) fn send(model: &mut Model, orders: Vec<Order>, effects: &mut Vec<UiEffect>) {
    if !model.is_connected() {
        return notify(model, Tone::Bad, "not connected");
    }
    notify(model, Tone::Busy, format!("{}…", message::labels(&orders)));
    for order in orders {
        let id = model.next_command;
        model.next_command += 1;
        let pending = Pending {
            order: order.clone(),
            since: model.now,
        };
        model.pending.insert(id, pending);
        effects.push(UiEffect::Send { id, order });
    }
}
