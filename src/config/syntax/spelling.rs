//! Spellings of JSON5 that JSONC does not have: read, but reported.

use std::ops::Range;

/// A way to write something that other readers of JSONC refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::config) enum Spelling {
    SingleQuotes,
    UnquotedKey,
    Hexadecimal,
    PlusSign,
    DecimalPoint,
    NotFinite,
    Escape,
    LineContinuation,
    ControlCharacter,
    WhiteSpace,
}

impl Spelling {
    const ALL: [Self; 10] = [
        Self::SingleQuotes,
        Self::UnquotedKey,
        Self::Hexadecimal,
        Self::PlusSign,
        Self::DecimalPoint,
        Self::NotFinite,
        Self::Escape,
        Self::LineContinuation,
        Self::ControlCharacter,
        Self::WhiteSpace,
    ];

    pub(in crate::config) fn name(self) -> &'static str {
        match self {
            Self::SingleQuotes => "a string in single quotes",
            Self::UnquotedKey => "a key without quotes",
            Self::Hexadecimal => "a hexadecimal number",
            Self::PlusSign => "a number with a plus sign",
            Self::DecimalPoint => "a number that begins or ends with its decimal point",
            Self::NotFinite => "`NaN` or `Infinity`",
            Self::Escape => "an escape that JSON does not have",
            Self::LineContinuation => "a string over several lines",
            Self::ControlCharacter => "a control character in a string",
            Self::WhiteSpace => "white space other than space, tab and line ends",
        }
    }

    /// What to write instead.
    pub(in crate::config) fn instead(self) -> &'static str {
        match self {
            Self::SingleQuotes | Self::UnquotedKey => "write it in double quotes",
            Self::Hexadecimal => "write it as a decimal number",
            Self::PlusSign => "leave the sign out",
            Self::DecimalPoint => "write a digit on both sides of the point",
            Self::NotFinite => "write a number in digits",
            Self::Escape => "write \\uXXXX",
            Self::LineContinuation => "write it on one line",
            Self::ControlCharacter => "write \\t for a tab, \\uXXXX for others",
            Self::WhiteSpace => "write a space",
        }
    }
}

/// Where each spelling was first seen, and how often.
#[derive(Debug, Default)]
pub(in crate::config) struct Spellings([Option<(Range<usize>, usize)>; Spelling::ALL.len()]);

impl Spellings {
    pub(super) fn note(&mut self, spelling: Spelling, span: Range<usize>) {
        let (_, times) = self.0[spelling as usize].get_or_insert((span, 0));
        *times += 1;
    }

    /// Each spelling that was seen: where first, and how often.
    pub(in crate::config) fn seen(
        &self,
    ) -> impl Iterator<Item = (Spelling, Range<usize>, usize)> + '_ {
        Spelling::ALL
            .into_iter()
            .zip(&self.0)
            .filter_map(|(spelling, seen)| {
                let (span, times) = seen.as_ref()?;
                Some((spelling, span.clone(), *times))
            })
    }
}
