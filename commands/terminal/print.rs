//! Writing short texts to the standard streams without ever panicking.
//!
//! A reader that went away (`flowlayer plan | head -1`) is no error worth a word: what could not be
//! written is dropped, and the exit code stays what it would have been.

use std::io::Write;

/// Writes the text to standard output.
pub(crate) fn stdout(text: &str) {
    whole(&mut std::io::stdout().lock(), text);
}

/// Writes the text to standard error.
pub(crate) fn stderr(text: &str) {
    whole(&mut std::io::stderr().lock(), text);
}

/// A document of ours as text, its line end included.
pub(crate) fn json(document: &impl serde::Serialize) -> String {
    // Our documents have text for keys, and nothing in them can refuse to be written.
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

fn whole(to: &mut impl Write, text: &str) {
    // Nobody is left to be told when this fails.
    let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
}
