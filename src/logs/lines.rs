//! Bytes to lines (docs/logs.md, From output to entries): pure, fast, across reads of any size.
//!
//! A block of complete lines is found, checked for UTF-8 and copied once; the lines in it are a
//! table of offsets. Only the beginning of a line that is not complete yet stays behind.

use memchr::{memchr_iter, memrchr};

/// The longest message of one entry, in bytes of UTF-8. A longer line is cut into several.
pub const MAX_LINE: usize = 64 * 1024;

/// The most entries that come out together, so that what is made from them stays small too.
const MAX_ENTRIES: usize = 16 * 1024;

/// Several lines in one piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// Every entry, each followed by `\n`. A `\r` before it is still there.
    text: Box<str>,
    /// Where the `\n` of each entry is. Empty for a single entry, the most frequent case, where
    /// the table would cost more than the text.
    ends: Box<[u32]>,
    /// Ascending indices of the entries that are continued by the next one.
    partial: Box<[u32]>,
}

impl Lines {
    /// One entry; line breaks in it become spaces.
    pub fn one(message: &str) -> Self {
        let mut text = String::with_capacity(message.len() + 1);
        text.extend(
            message
                .chars()
                .map(|c| if c == '\n' || c == '\r' { ' ' } else { c }),
        );
        text.push('\n');
        Self {
            text: text.into_boxed_str(),
            ends: Box::default(),
            partial: Box::default(),
        }
    }

    /// The number of entries, never 0.
    pub fn count(&self) -> usize {
        self.ends.len().max(1)
    }

    /// The message of an entry, and whether the next one continues it.
    ///
    /// # Panics
    /// When `index` is not below [`Lines::count`].
    #[inline]
    pub fn get(&self, index: usize) -> (&str, bool) {
        let start = match index {
            0 => 0,
            _ => self.ends[index - 1] as usize + 1,
        };
        let end = match self.ends.get(index) {
            Some(end) => *end as usize,
            None => self.text.len() - 1,
        };
        let line = &self.text[start..end];
        if !self.partial.is_empty() && self.is_partial(index) {
            return (line, true);
        }
        (line.strip_suffix('\r').unwrap_or(line), false)
    }

    /// Everything as it stands: entries, `\n` after each, `\r` perhaps before that.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn heap(&self) -> usize {
        self.text.len() + size_of_val(&*self.ends) + size_of_val(&*self.partial)
    }

    fn is_partial(&self, index: usize) -> bool {
        u32::try_from(index).is_ok_and(|index| self.partial.binary_search(&index).is_ok())
    }

    /// `text` is complete lines, with a `\n` at each place in `ends`.
    fn from_block(text: Vec<u8>, ends: Vec<u32>) -> Self {
        match String::from_utf8(text) {
            Ok(text) if text.len() <= MAX_LINE || all_short(&text, &ends) => Self {
                text: text.into_boxed_str(),
                ends: if ends.len() == 1 {
                    Box::default()
                } else {
                    ends.into_boxed_slice()
                },
                partial: Box::default(),
            },
            Ok(text) => Builder::cut_lines(&text),
            Err(error) => Builder::cut_lines(&String::from_utf8_lossy(error.as_bytes())),
        }
    }
}

fn all_short(text: &str, ends: &[u32]) -> bool {
    let mut start = 0;
    ends.iter().all(|&end| {
        let line = &text.as_bytes()[start..end as usize];
        start = end as usize + 1;
        message_len(line) <= MAX_LINE
    })
}

/// The length without a `\r` at the end, which is not part of the message.
#[inline]
fn message_len(line: &[u8]) -> usize {
    line.len() - usize::from(line.last() == Some(&b'\r'))
}

/// Puts lines together one by one, for the text that cannot be taken as it is.
#[derive(Default)]
struct Builder {
    text: String,
    ends: Vec<u32>,
    partial: Vec<u32>,
}

impl Builder {
    fn cut_lines(text: &str) -> Lines {
        let mut builder = Self {
            text: String::with_capacity(text.len()),
            ..Self::default()
        };
        for line in text.split_terminator('\n') {
            let mut line = line;
            while let Some((piece, rest)) = cut(line) {
                builder.push(piece, true);
                line = rest;
            }
            builder.push(line, false);
        }
        builder.finish()
    }

    fn push(&mut self, entry: &str, partial: bool) {
        if partial {
            self.partial.push(offset(self.ends.len()));
        }
        self.text.push_str(entry);
        self.ends.push(offset(self.text.len()));
        self.text.push('\n');
    }

    fn finish(self) -> Lines {
        Lines {
            text: self.text.into_boxed_str(),
            ends: self.ends.into_boxed_slice(),
            partial: self.partial.into_boxed_slice(),
        }
    }
}

/// The first piece of a line that is too long for one entry, and the rest, never empty.
fn cut(line: &str) -> Option<(&str, &str)> {
    if message_len(line.as_bytes()) <= MAX_LINE {
        return None;
    }
    let mut at = MAX_LINE;
    while !line.is_char_boundary(at) {
        at -= 1;
    }
    Some(line.split_at(at))
}

/// Blocks are a read and what was left of earlier ones, a few hundred KiB at most.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Cuts a stream of bytes into lines. Every byte is looked at once, whatever the sizes of the
/// reads and of the lines; it never holds more than [`MAX_LINE`] and a few bytes.
#[derive(Debug, Default)]
pub struct Splitter {
    /// The beginning of a line whose end has not been read. Holds no `\n`.
    tail: Vec<u8>,
}

impl Splitter {
    /// Takes what one read brought and emits the lines that are complete now.
    pub fn push(&mut self, chunk: &[u8], emit: &mut dyn FnMut(Lines)) {
        let Some(last) = memrchr(b'\n', chunk) else {
            self.tail.extend_from_slice(chunk);
            self.cut_tail(emit);
            return;
        };
        let (mut block, rest) = chunk.split_at(last + 1);
        while !block.is_empty() {
            let count = memchr_iter(b'\n', block).count().min(MAX_ENTRIES);
            let head = self.tail.len();
            let mut ends = Vec::with_capacity(count);
            ends.extend(
                memchr_iter(b'\n', block)
                    .take(count)
                    .map(|at| offset(head + at)),
            );
            let end = ends.last().map_or(0, |end| *end as usize) + 1 - head;
            let mut text = Vec::with_capacity(head + end);
            text.append(&mut self.tail);
            text.extend_from_slice(&block[..end]);
            emit(Lines::from_block(text, ends));
            block = &block[end..];
        }
        // A flood must not leave large buffers behind with every quiet pipe.
        if self.tail.capacity() > 4096 && rest.len() <= 4096 {
            self.tail = Vec::new();
        }
        self.tail.extend_from_slice(rest);
        self.cut_tail(emit);
    }

    /// The stream has ended: what is left is a line too.
    pub fn finish(&mut self, emit: &mut dyn FnMut(Lines)) {
        if self.tail.is_empty() {
            return;
        }
        let mut text = std::mem::take(&mut self.tail);
        let end = offset(text.len());
        text.push(b'\n');
        emit(Lines::from_block(text, vec![end]));
    }

    /// Emits the beginning of a line that is too long already, so that it need not be held.
    fn cut_tail(&mut self, emit: &mut dyn FnMut(Lines)) {
        // Replacing invalid bytes makes text no shorter, so with an unfinished character (3 bytes)
        // and a `\r` to spare there is something to cut.
        if self.tail.len() < MAX_LINE + 5 {
            return;
        }
        let (whole, unfinished) = self.tail.split_at(whole_characters(&self.tail));
        let text = String::from_utf8_lossy(whole);
        let mut builder = Builder::default();
        let mut rest = &*text;
        while let Some((piece, after)) = cut(rest) {
            builder.push(piece, true);
            rest = after;
        }
        self.tail = [rest.as_bytes(), unfinished].concat();
        emit(builder.finish());
    }
}

/// The length without a character at the end of which not all bytes are there yet.
fn whole_characters(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let at = bytes.len() - back;
        let needs = match bytes[at] {
            0x80..=0xBF => continue,
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => 1,
        };
        // A start that cannot be completed is invalid, but whether it is shows with what follows.
        return if needs > back { at } else { bytes.len() };
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Entries = Vec<(String, bool)>;

    /// What docs/logs.md, From output to entries, says, word for word, for all bytes at once.
    fn reference(bytes: &[u8]) -> Entries {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let mut entries = Vec::new();
        for line in text.split_terminator('\n') {
            let mut line = line.strip_suffix('\r').unwrap_or(line);
            while line.len() > MAX_LINE {
                let at = (0..=MAX_LINE).rev().find(|at| line.is_char_boundary(*at));
                let (piece, rest) = line.split_at(at.unwrap());
                entries.push((piece.to_owned(), true));
                line = rest;
            }
            entries.push((line.to_owned(), false));
        }
        entries
    }

    fn collect(lines: &Lines, into: &mut Entries) {
        let all = (0..lines.count()).map(|index| lines.get(index));
        into.extend(all.map(|(text, partial)| (text.to_owned(), partial)));
    }

    /// Reads of the given sizes, over and over.
    fn split(bytes: &[u8], sizes: &[usize]) -> Entries {
        let mut splitter = Splitter::default();
        let mut entries = Vec::new();
        let mut rest = bytes;
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, after) = rest.split_at((*size).clamp(1, rest.len()));
            splitter.push(chunk, &mut |lines| collect(&lines, &mut entries));
            assert!(splitter.tail.len() < MAX_LINE + 5);
            rest = after;
        }
        splitter.finish(&mut |lines| collect(&lines, &mut entries));
        entries
    }

    /// Bytes with what makes splitting hard, in pieces that repeat.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            3 => Just(b"\n".to_vec()),
            2 => Just(b"\r\n".to_vec()),
            1 => Just(b"\r".to_vec()),
            3 => "[ -~]{0,12}".prop_map(String::into_bytes),
            2 => "\\PC{0,4}".prop_map(String::into_bytes),
            2 => proptest::collection::vec(any::<u8>(), 0..6),
            2 => proptest::sample::select(vec![
                b"\xE2\x82".to_vec(), b"\xF0\x9F".to_vec(), b"\xF0\x9F\x92".to_vec(),
                b"\xC2".to_vec(), b"\x80".to_vec(), b"\xED\xA0\x80".to_vec(),
                "\u{20AC}".into(), "\u{1F4A9}".into(),
            ]),
        ];
        proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    /// A long run of something, to get beyond the limit of a line, between other bytes.
    fn long() -> impl Strategy<Value = Vec<u8>> {
        let unit = prop_oneof![
            Just(b"x".to_vec()),
            Just("\u{20AC}".into()),
            Just("\u{1F4A9}".into()),
            Just(b"\xFF".to_vec()),
            Just(b"\xF0\x9F\x92".to_vec()),
            Just(b"\n".to_vec()),
        ];
        let run = (unit, MAX_LINE - 5..MAX_LINE + 6, 1..3usize).prop_map(|(unit, len, times)| {
            let count = len * times / unit.len();
            unit.repeat(count)
        });
        (bytes(), run, bytes()).prop_map(|(a, b, c)| [a, b, c].concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn any_reads_give_the_lines_of_the_whole(
            bytes in bytes(),
            sizes in proptest::collection::vec(1..40usize, 1..6),
        ) {
            prop_assert_eq!(split(&bytes, &sizes), reference(&bytes));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn long_lines_are_cut_where_the_whole_would_be(
            bytes in long(),
            sizes in proptest::collection::vec(1..100_000usize, 1..6),
        ) {
            let (got, wanted) = (split(&bytes, &sizes), reference(&bytes));
            prop_assert!(got == wanted, "{} entries, wanted {}", got.len(), wanted.len());
        }
    }

    #[test]
    fn the_limit_is_exact_and_does_not_count_the_line_end() {
        let full = "x".repeat(MAX_LINE);
        for end in ["\n", "\r\n", "", "\r"] {
            let text = format!("{full}{end}");
            assert_eq!(
                split(text.as_bytes(), &[1000]),
                [(full.clone(), false)],
                "{end:?}"
            );
            let over = format!("{full}y{end}");
            let wanted = [(full.clone(), true), ("y".to_owned(), false)];
            assert_eq!(split(over.as_bytes(), &[1000]), wanted, "{end:?}");
        }
    }

    #[test]
    fn many_short_lines_come_out_in_bounded_groups() {
        let mut sizes = Vec::new();
        Splitter::default().push(&b"\n".repeat(3 * MAX_ENTRIES + 5), &mut |lines| {
            sizes.push(lines.count());
        });
        assert_eq!(sizes, [MAX_ENTRIES, MAX_ENTRIES, MAX_ENTRIES, 5]);
    }

    #[test]
    fn a_quiet_pipe_keeps_no_large_buffer() {
        let mut splitter = Splitter::default();
        splitter.push(&vec![b'x'; 60_000], &mut |_| {});
        splitter.push(b"y\nz", &mut |_| {});
        assert!(splitter.tail.capacity() <= 4096);
        assert_eq!(splitter.tail, b"z");
    }

    #[test]
    fn one_entry_stays_one_whatever_is_in_it() {
        let lines = Lines::one("a\nb\r\n");
        assert_eq!((lines.count(), lines.get(0)), (1, ("a b  ", false)));
    }
}
