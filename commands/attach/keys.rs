//! What is typed: sent on as it is, but for the key that leaves.

/// ctrl-].
const LEAVE: u8 = 0x1d;

const PASTE: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";

/// What typed bytes mean.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Send(Vec<u8>),
    /// What comes before it is of no use any more.
    Leave,
}

/// Reads bytes that were typed or pasted.
#[derive(Debug, Default)]
pub(super) struct Keys {
    is_pasting: bool,
    /// Whether the service wants to know what is pasted.
    passes_marks: bool,
    /// The beginning of what may be a mark.
    mark: Vec<u8>,
}

impl Keys {
    /// Whether the service has asked for marks around what is pasted.
    pub(super) fn screen_expects_paste(&mut self, expects: bool) {
        self.passes_marks = expects;
    }

    /// Takes what one read brought. In a paste no key leaves.
    pub(super) fn typed(&mut self, bytes: &[u8]) -> Typed {
        let mut sent = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            self.mark.push(byte);
            let wanted = if self.is_pasting { PASTE_END } else { PASTE };
            if wanted == self.mark {
                self.is_pasting = !self.is_pasting;
                let mark = std::mem::take(&mut self.mark);
                if self.passes_marks {
                    sent.extend(mark);
                }
                continue;
            }
            if wanted.starts_with(&self.mark) {
                continue;
            }
            // None: what looked like its beginning was typed. The last byte may begin another.
            let last = self.mark.pop();
            sent.append(&mut self.mark);
            match last {
                Some(LEAVE) if !self.is_pasting => return Typed::Leave,
                Some(byte) if byte == wanted[0] => self.mark.push(byte),
                last => sent.extend(last),
            }
        }
        // Nobody types so fast: an Escape alone is the key.
        if self.mark.len() < 3 && !self.is_pasting {
            sent.append(&mut self.mark);
        }
        Typed::Send(sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(keys: &mut Keys, bytes: &[u8]) -> Vec<u8> {
        match keys.typed(bytes) {
            Typed::Send(bytes) => bytes,
            Typed::Leave => panic!("it left"),
        }
    }

    #[test]
    fn keys_are_sent_as_they_are_and_one_leaves() {
        let mut keys = Keys::default();
        for bytes in [
            &b"a"[..],
            b"\x1b",
            b"\x1b[A",
            b"\x03\x04",
            b"\x1b[",
            b"\x1bOP",
        ] {
            assert_eq!(sent(&mut keys, bytes), bytes);
        }
        assert_eq!(keys.typed(b"x\x1d"), Typed::Leave);
    }

    #[test]
    fn in_a_paste_no_key_leaves() {
        let mut keys = Keys::default();
        assert_eq!(sent(&mut keys, b"\x1b[200~a\x1db\x1b[201~"), b"a\x1db");
        assert_eq!(keys.typed(b"\x1d"), Typed::Leave);
        keys.screen_expects_paste(true);
        let paste = b"\x1b[200~a\x1db\x1b[201~";
        assert_eq!(sent(&mut keys, paste), paste);
        // Whatever the pieces in which it is read, once its mark is there.
        let mut all = sent(&mut keys, b"\x1b[200~");
        for byte in b"\x1d\x1b\x1b[201\x1b[201~" {
            all.extend(sent(&mut keys, &[*byte]));
        }
        assert_eq!(all, b"\x1b[200~\x1d\x1b\x1b[201\x1b[201~");
        assert_eq!(keys.typed(b"\x1d"), Typed::Leave);
    }
}
