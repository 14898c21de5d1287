//! The last line of a command's output, as a part of one line for people.

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::facts::mask_credentials;

/// Characters that are kept of a line.
const KEPT: usize = 200;

/// Bytes of a line that are looked at; colour codes take some.
const LOOKED_AT: usize = 4096;

/// Reads to the end; the last line with something to see in it.
pub(super) async fn read(mut pipe: impl AsyncRead + Unpin) -> Option<String> {
    let mut last = LastLine::default();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
        last.push(&buffer[..read]);
    }
    last.end_line();
    last.ended
}

#[derive(Debug, Default)]
struct LastLine {
    unfinished: Vec<u8>,
    ended: Option<String>,
}

impl LastLine {
    fn push(&mut self, chunk: &[u8]) {
        for piece in chunk.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let (text, ends) = match piece.split_last() {
                Some((b'\n' | b'\r', text)) => (text, true),
                _ => (piece, false),
            };
            let room = LOOKED_AT.saturating_sub(self.unfinished.len());
            self.unfinished
                .extend_from_slice(&text[..text.len().min(room)]);
            if ends {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let line = readable(&String::from_utf8_lossy(&self.unfinished));
        self.unfinished.clear();
        if !line.is_empty() {
            self.ended = Some(line);
        }
    }
}

/// Without colour codes, control characters and credentials, and not too long.
fn readable(line: &str) -> String {
    let plain = anstream::adapter::strip_str(line).to_string();
    let plain: String = plain
        .chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .filter(|c| !c.is_control())
        .collect();
    let masked = mask_credentials(plain.trim());
    match masked.char_indices().nth(KEPT) {
        None => masked,
        Some((end, _)) => format!("{}…", &masked[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn last(output: &[u8]) -> Option<String> {
        read(output).await
    }

    #[tokio::test]
    async fn the_last_line_that_shows_something_counts() {
        for (output, line) in [
            ("", None),
            ("\n \n\u{1b}[0m\n", None),
            ("one\ntwo\n", Some("two")),
            ("one\nunfinished", Some("unfinished")),
            ("refused\n\n\u{1b}[0m\n", Some("refused")),
            ("10 %\r20 %\r\n", Some("20 %")),
            ("\u{1b}[31mno\u{1b}[0m\tdatabase\u{7}", Some("no database")),
            (
                "cannot reach http://me:secret@db/x",
                Some("cannot reach http://***@db/x"),
            ),
        ] {
            assert_eq!(last(output.as_bytes()).await.as_deref(), line, "{output:?}");
        }
        assert_eq!(last(b"caf\xe9").await.as_deref(), Some("caf\u{fffd}"));
    }

    #[tokio::test]
    async fn a_long_line_is_cut_and_does_not_stay_in_memory() {
        let long = "ä".repeat(100_000);
        let line = last(long.as_bytes()).await.unwrap();
        assert_eq!(line, format!("{}…", "ä".repeat(KEPT)));
        let mut last = LastLine::default();
        last.push(long.as_bytes());
        last.push(long.as_bytes());
        assert!(last.unfinished.len() <= LOOKED_AT);
    }
}
