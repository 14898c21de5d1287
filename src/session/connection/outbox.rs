//! What one connection has yet to be sent: replies and status events, in order.

use std::collections::VecDeque;

use tokio_tungstenite::tungstenite::Bytes;
use tokio_tungstenite::tungstenite::protocol::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

/// Bytes handed to the socket at once, and the size of the pieces a longer message goes out in.
/// Between two pieces a ping can pass, and no message is held in memory twice.
pub(super) const PIECE: usize = 128 * 1024;

/// Why a message must not be dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Reply,
    /// Sent to everybody and never dropped (docs/protocol.md, What is guaranteed).
    Status,
}

#[derive(Debug)]
struct Item {
    text: Bytes,
    sent: usize,
    class: Class,
}

/// Messages in the order in which they were decided.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    items: VecDeque<Item>,
    /// Of replies, those partly sent included.
    pub(super) reply_bytes: usize,
    /// Of status events, those partly sent included.
    pub(super) status_bytes: usize,
}

impl Outbox {
    pub(super) fn push(&mut self, class: Class, text: String) {
        *self.bytes(class) += text.len();
        self.items.push_back(Item {
            text: text.into(),
            sent: 0,
            class,
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn fill(&mut self, frames: &mut Vec<Message>) {
        let mut filled = 0;
        while filled < PIECE
            && let Some(item) = self.items.front_mut()
        {
            let start = item.sent;
            let end = piece_end(&item.text, start);
            let opcode = match start {
                0 => Data::Text,
                _ => Data::Continue,
            };
            let last = end == item.text.len();
            let payload = item.text.slice(start..end);
            frames.push(Message::Frame(Frame::message(
                payload,
                OpCode::Data(opcode),
                last,
            )));
            item.sent = end;
            filled += end - start;
            if last {
                let (class, length) = (item.class, item.text.len());
                *self.bytes(class) -= length;
                self.items.pop_front();
            }
        }
    }

    fn bytes(&mut self, class: Class) -> &mut usize {
        match class {
            Class::Reply => &mut self.reply_bytes,
            Class::Status => &mut self.status_bytes,
        }
    }
}

/// Where the piece that starts here ends: never inside a character, for peers that decode each
/// piece by itself.
fn piece_end(text: &[u8], start: usize) -> usize {
    let mut end = text.len().min(start + PIECE);
    while end < text.len() && text[end] & 0b1100_0000 == 0b1000_0000 {
        end -= 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(outbox: &mut Outbox) -> Vec<Vec<Frame>> {
        let mut rounds = Vec::new();
        while !outbox.is_empty() {
            let mut frames = Vec::new();
            outbox.fill(&mut frames);
            let frames = frames.into_iter().map(|message| match message {
                Message::Frame(frame) => frame,
                other => panic!("{other:?}"),
            });
            rounds.push(frames.collect());
        }
        rounds
    }

    #[test]
    fn short_messages_go_together_and_whole() {
        let mut outbox = Outbox::default();
        outbox.push(Class::Reply, "a".repeat(10));
        outbox.push(Class::Status, "b".repeat(20));
        assert_eq!((outbox.reply_bytes, outbox.status_bytes), (10, 20));
        let rounds = drain(&mut outbox);
        assert_eq!(rounds.len(), 1);
        for frame in &rounds[0] {
            assert!(frame.header().is_final);
            assert_eq!(frame.header().opcode, OpCode::Data(Data::Text));
        }
        assert_eq!((outbox.reply_bytes, outbox.status_bytes), (0, 0));
    }

    #[test]
    fn a_long_message_goes_in_pieces_that_are_text_by_themselves() {
        let text = "é€😀".repeat(PIECE / 4);
        let mut outbox = Outbox::default();
        outbox.push(Class::Reply, text.clone());
        let mut whole = String::new();
        let rounds = drain(&mut outbox);
        let frames: Vec<_> = rounds.into_iter().flatten().collect();
        assert!(frames.len() > 2);
        for (index, frame) in frames.iter().enumerate() {
            let expected = match index {
                0 => Data::Text,
                _ => Data::Continue,
            };
            assert_eq!(frame.header().opcode, OpCode::Data(expected));
            assert_eq!(frame.header().is_final, index + 1 == frames.len());
            assert!(frame.payload().len() <= PIECE);
            whole.push_str(std::str::from_utf8(frame.payload()).unwrap());
        }
        assert_eq!(whole, text);
    }
}
