//! Lines for tests.

use std::sync::Arc;

use flowlayer_core::facts::Stream;

use super::item::{Content, Item, Place};

/// A line for tests: `seq` is also its time in seconds.
pub(crate) fn line(seq: u64, service: &str, text: &str) -> Arc<Item> {
    Arc::new(Item {
        place: Place::line(seq),
        at: i64::try_from(seq).unwrap() * 1_000,
        service: Some(service.into()),
        phase: None,
        content: Content::Line {
            stream: Stream::Stdout,
            partial: false,
            text: text.into(),
        },
    })
}
