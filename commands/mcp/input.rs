//! Lines of standard input, bounded.

use std::io::{BufRead, ErrorKind};

use tokio::sync::mpsc;

/// The longest message, in bytes. Arguments of tools are names, numbers and a pattern.
pub(super) const MAX_LINE: usize = 1024 * 1024;

/// One line of input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Message(Vec<u8>),
    /// Longer than [`MAX_LINE`]; it has been skipped.
    TooLong,
}

/// Sends every line that is not blank, until the input ends or the receiver is gone. Blocks the thread.
pub(super) fn read(mut input: impl BufRead, lines: &mpsc::Sender<Line>) {
    let mut line = Vec::new();
    let mut is_too_long = false;
    loop {
        let (used, is_whole) = match input.fill_buf() {
            Ok([]) => (0, true),
            Ok(bytes) => {
                let end = bytes.iter().position(|byte| *byte == b'\n');
                let used = end.map_or(bytes.len(), |end| end + 1);
                is_too_long |= line.len() + used > MAX_LINE;
                if !is_too_long {
                    line.extend_from_slice(&bytes[..used]);
                }
                (used, end.is_some())
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        input.consume(used);
        if !is_whole {
            continue;
        }
        let message = std::mem::take(&mut line);
        let next = if std::mem::take(&mut is_too_long) {
            Some(Line::TooLong)
        } else {
            let is_blank = message.iter().all(u8::is_ascii_whitespace);
            (!is_blank).then_some(Line::Message(message))
        };
        if next.is_some_and(|next| lines.blocking_send(next).is_err()) || used == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8]) -> Vec<Line> {
        let (sender, mut receiver) = mpsc::channel(16);
        read(input, &sender);
        drop(sender);
        std::iter::from_fn(|| receiver.blocking_recv()).collect()
    }

    #[test]
    fn blank_lines_are_skipped_and_the_last_needs_no_end() {
        let message = |text: &str| Line::Message(text.as_bytes().to_vec());
        assert_eq!(lines(b"a\n\n \r\nb"), [message("a\n"), message("b")]);
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn a_line_that_is_too_long_is_skipped_whole() {
        let mut input = vec![b'x'; MAX_LINE + 1];
        input.extend_from_slice(b"\nnext\n");
        assert_eq!(
            lines(&input),
            [Line::TooLong, Line::Message(b"next\n".to_vec())]
        );
    }
}
