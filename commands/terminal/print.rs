//! Writing short texts to the standard streams without ever panicking.
//!
//! A reader that went away (`flowlayer plan | head -1`) is no error worth a word: what could not be
//! written is dropped, and the exit code stays what it would have been. A disk without room is one:
//! the file would be incomplete.

use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;

use super::sanitize;

/// Why standard output did not take everything; there is one of it, and so of this.
static REFUSED: OnceLock<io::Error> = OnceLock::new();

/// Writes the text to standard output.
pub(crate) fn stdout(text: &str) {
    if let Err(error) = whole(&mut io::stdout().lock(), text)
        && is_without_room(error.kind())
    {
        // The first one is reported.
        let _ = REFUSED.set(error);
    }
}

/// Writes the text to standard error.
pub(crate) fn stderr(text: &str) {
    // A failure here cannot be reported anywhere.
    let _ = whole(&mut io::stderr().lock(), text);
}

/// Why something that [`stdout`] was given has not arrived in its file.
pub(crate) fn refused() -> Option<&'static io::Error> {
    REFUSED.get()
}

/// Whether a write has failed because nothing more fits.
pub(crate) fn is_without_room(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
    )
}

/// A document as text, its line end included; safe for a terminal.
pub(crate) fn json(document: &impl serde::Serialize) -> String {
    // Our documents have text for keys, and nothing in them can refuse to be written.
    let text = serde_json::to_string_pretty(document).unwrap_or_default();
    format!("{}\n", sanitize::json(&text))
}

/// [`json`] on one line.
pub(crate) fn json_line(document: &serde_json::Value) -> String {
    format!("{}\n", sanitize::json(&document.to_string()))
}

fn whole(to: &mut impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes()).and_then(|()| to.flush())
}
