//! The cockpit without a terminal or a server: what benchmarks measure.

use std::sync::Arc;

use crossterm::event::KeyEvent;
use flowlayer_core::facts::{Status, Stream};
use flowlayer_core::protocol::ServiceState;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;

use super::log::{Content, Item, Place};
use super::message::{Link, Message};
use super::model::{Model, Target};
use super::theme::Theme;
use super::update::update;
use super::view;

/// When everything happens, in milliseconds since 1970.
const NOW: i64 = 1_776_504_060_000;

/// Lines of services, ready to be taken in.
#[derive(Debug)]
pub struct Lines(Vec<Arc<Item>>);

impl Lines {
    /// Of `(seq, service, stream, text)`, in ascending order.
    pub fn new<'a>(lines: impl IntoIterator<Item = (u64, &'a str, Stream, String)>) -> Self {
        let item = |(seq, service, stream, text): (u64, &str, Stream, String)| {
            Arc::new(Item {
                place: Place::line(seq),
                at: NOW,
                service: Some(service.into()),
                phase: Some(Status::Ready),
                content: Content::Line {
                    stream,
                    partial: false,
                    text: text.into(),
                },
            })
        };
        Self(lines.into_iter().map(item).collect())
    }
}

/// A connected cockpit.
#[derive(Debug)]
pub struct Cockpit(Model);

impl Cockpit {
    /// On a screen of this size, in colour, with these services.
    pub fn new(columns: u16, rows: u16, services: Vec<ServiceState>) -> Self {
        let theme = Theme::full(true);
        let mut cockpit = Self(Model::new(Target::default(), theme, TimeZone::UTC));
        cockpit.update(Message::Resize { columns, rows });
        cockpit.update(Message::Link(Link::Connected));
        cockpit.update(Message::Snapshot(services));
        cockpit
    }

    /// Takes in live lines.
    pub fn push(&mut self, lines: Lines) {
        self.update(Message::Lines(lines.0));
    }

    /// A key is pressed.
    pub fn press(&mut self, key: KeyEvent) {
        self.update(Message::Key(key));
    }

    /// Draws a frame.
    pub fn draw(&self, buffer: &mut Buffer) {
        view::draw(&self.0, buffer);
    }

    fn update(&mut self, message: Message) {
        drop(update(&mut self.0, NOW, message));
    }
}
