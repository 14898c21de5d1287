//! Reading the envelope's three words, which are trimmed (docs/protocol.md, Messages).

use serde_json::{Map, Value};

/// A field that is a string with something in it, trimmed; `None` for everything else.
pub(super) fn word<'a>(object: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    let text = object.get(field)?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}
