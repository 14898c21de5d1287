//! What keys, and messages of the server, do.

mod commands;
mod fields;
mod level;
mod log;
mod navigation;
mod palette;
mod server;

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use unicode_width::UnicodeWidthStr;

use flowlayer_core::facts::{Status, Stream, Timestamp};
use flowlayer_core::protocol::{Details, ServiceState};

use super::super::fixture::{self, NOW, keys, press};
use super::super::log::window::{Cursor, Direction, Older};
use super::super::log::{Content, Item, Matcher, Place, Scope, Tone};
use super::super::message::{After, Choice, Link, Message, NoPage, Order, Outcome, Page, UiEffect};
use super::super::model::{AtQuit, Body, Modal, Model, Panel, Saving};
use super::super::services::Selected;
use super::update;

/// What is selected, and how many lines that are.
fn selected_text(model: &Model) -> Option<(String, usize)> {
    let selection = model.logs.selection?;
    Some(selection.text(&model.logs.window, |_| String::new()))
}

fn orders(effects: &[UiEffect]) -> Vec<Order> {
    let order = |effect: &UiEffect| match effect {
        UiEffect::Send { order, .. } => Some(order.clone()),
        _ => None,
    };
    effects.iter().filter_map(order).collect()
}

fn select(model: &mut Model, name: &str) {
    model.services.selected = Selected::Service(name.into());
    update(model, NOW, Message::Tick);
}

fn events(model: &Model) -> Vec<String> {
    let event = |item: &Arc<Item>| match &item.content {
        Content::Event { text, .. } => Some(text.to_string()),
        _ => None,
    };
    model.logs.window.items().iter().filter_map(event).collect()
}

fn lines(model: &Model) -> Vec<&str> {
    model
        .logs
        .window
        .items()
        .iter()
        .filter(|item| item.is_line())
        .map(|item| item.raw())
        .collect()
}

fn events_of(recent: &crate::tui::log::recent::Recent) -> Vec<String> {
    recent.notes().map(|note| note.raw().to_owned()).collect()
}
