//! Eight bytes at a time: questions about text that must not depend on what the compiler makes of a
//! loop. Each answer is the highest bit of each byte that is asked for; nothing is carried from one
//! byte to the next.

const HIGH: u64 = all(0x80);

const fn all(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The bytes below 0x20.
pub const fn controls(word: u64) -> u64 {
    !(((word & !HIGH) + all(0x80 - 0x20)) | word) & HIGH
}

/// The bytes that are `byte`.
pub const fn equal(word: u64, byte: u8) -> u64 {
    let other = word ^ all(byte);
    !(((other & !HIGH) + !HIGH) | other) & HIGH
}

/// The bytes beyond ASCII.
pub const fn beyond_ascii(word: u64) -> u64 {
    word & HIGH
}

/// Whether any byte of a text is one that `of_word` tells; `of_byte` is the same question about one
/// byte.
#[inline]
pub fn found_in(bytes: &[u8], of_word: impl Fn(u64) -> u64, of_byte: impl Fn(u8) -> bool) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    // Without branches inside a chunk there is nothing to wait for.
    words.chunks(32).any(|chunk| {
        let told = |found, word: &[u8; 8]| found | of_word(u64::from_le_bytes(*word));
        chunk.iter().fold(0, told) != 0
    }) || rest.iter().any(|&byte| of_byte(byte))
}

/// Where the first such byte of a text is.
#[inline]
pub fn first_in(
    bytes: &[u8],
    of_word: impl Fn(u64) -> u64,
    of_byte: impl Fn(u8) -> bool,
) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let told = of_word(u64::from_le_bytes(*word));
        if told != 0 {
            return Some(index * 8 + told.trailing_zeros() as usize / 8);
        }
    }
    let before = bytes.len() - rest.len();
    rest.iter()
        .position(|&byte| of_byte(byte))
        .map(|index| before + index)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(word: u64, told: impl Fn(u8) -> bool) -> u64 {
        u64::from_le_bytes(
            word.to_le_bytes()
                .map(|byte| if told(byte) { 0x80 } else { 0 }),
        )
    }

    proptest! {
        #[test]
        fn each_byte_speaks_for_itself(
            bytes in prop::array::uniform8(prop_oneof![any::<u8>(), 0..0x23_u8, 0x7d..0x83_u8]),
            byte in prop_oneof![any::<u8>(), Just(0), Just(0x7f), Just(0x80), Just(0xff)],
        ) {
            let word = u64::from_le_bytes(bytes);
            prop_assert_eq!(controls(word), of(word, |b| b < 0x20));
            prop_assert_eq!(equal(word, byte), of(word, |b| b == byte));
            prop_assert_eq!(beyond_ascii(word), of(word, |b| !b.is_ascii()));
            for byte in bytes {
                prop_assert_eq!(equal(word, byte), of(word, |b| b == byte));
            }
        }

        #[test]
        fn any_byte_of_a_text_is_found(len in 0..600_usize, at in 0..600_usize) {
            let mut text = vec![b'a'; len];
            let asked = |text: &[u8]| found_in(text, |word| equal(word, b'!'), |byte| byte == b'!');
            prop_assert!(!asked(&text));
            let first = |text: &[u8]| first_in(text, |word| equal(word, b'!'), |byte| byte == b'!');
            prop_assert_eq!(first(&text), None);
            if at < len {
                text[at] = b'!';
                text[len - 1] = b'!';
                prop_assert!(asked(&text));
                prop_assert_eq!(first(&text), Some(at));
            }
        }
    }
}
