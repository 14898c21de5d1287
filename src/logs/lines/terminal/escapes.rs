//! Reads escape sequences byte by byte, across reads of any size.

use super::style::number;

/// The longest parameters that are kept; of a longer sequence nothing is done.
const MAX_PARAMETERS: usize = 128;

/// Something that is not text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sequence<'a> {
    /// A control character.
    Control(u8),
    /// ESC and this.
    Escape(u8),
    /// CSI with its parameters and this.
    Csi(Parameters<'a>, u8),
}

/// The parameters of a CSI sequence as written, intermediates included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parameters<'a>(pub(super) &'a [u8]);

impl Parameters<'_> {
    /// The parameter at this place; `None` when it is absent or 0.
    pub(super) fn get(self, at: usize) -> Option<usize> {
        let digits = self.0.split(|&byte| byte == b';').nth(at)?;
        Some(usize::from(number(digits))).filter(|&number| number > 0)
    }

    /// The same as a count, which is 1 when absent.
    pub(super) fn count(self) -> usize {
        self.get(0).unwrap_or(1)
    }

    /// The numbers of a DEC private mode sequence.
    pub(super) fn private_modes(&self) -> impl Iterator<Item = u16> + '_ {
        let modes = self.0.strip_prefix(b"?");
        let modes = modes
            .into_iter()
            .flat_map(|modes| modes.split(|&byte| byte == b';'));
        modes.map(number)
    }

    /// Whether there are none but numbers.
    pub(super) fn are_plain(self) -> bool {
        let is_plain = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b';' | b':');
        self.0.iter().all(is_plain)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    Escape,
    /// An escape sequence with intermediates: its last byte follows.
    Designation,
    Csi,
    /// OSC, DCS, SOS, PM or APC: up to its terminator.
    String,
    /// In one of those, after an ESC.
    StringEscape,
}

#[derive(Debug, Default)]
pub(super) struct Escapes {
    state: State,
    parameters: Vec<u8>,
    /// There are too many.
    overlong: bool,
}

impl Escapes {
    /// Whether the next byte is text, or begins a sequence.
    pub(super) fn is_text(&self) -> bool {
        self.state == State::Text
    }

    /// Takes a byte that is no text; what it completes.
    pub(super) fn take(&mut self, byte: u8) -> Option<Sequence<'_>> {
        match (self.state, byte) {
            (State::String | State::StringEscape, 0x1b) => self.state = State::StringEscape,
            (_, 0x18 | 0x1a)
            | (State::String, 0x07)
            | (State::StringEscape, b'\\')
            | (State::Designation, 0x30..=0x7e) => self.state = State::Text,
            (State::Text | State::Escape | State::Designation | State::Csi, 0x1b) => {
                self.state = State::Escape;
            }
            (State::Text | State::Escape | State::Designation | State::Csi, 0x00..=0x1f) => {
                return Some(Sequence::Control(byte));
            }
            // A string may also be cut off by another sequence.
            (State::Escape | State::StringEscape, _) => return self.begin(byte),
            (State::Csi, 0x40..=0x7e) => {
                self.state = State::Text;
                let is_whole = !self.overlong;
                return is_whole.then_some(Sequence::Csi(Parameters(&self.parameters), byte));
            }
            (State::Csi, _) if self.parameters.len() < MAX_PARAMETERS => self.parameters.push(byte),
            (State::Csi, _) => self.overlong = true,
            (State::String | State::Text | State::Designation, _) => {}
        }
        None
    }

    /// The byte after ESC.
    fn begin(&mut self, byte: u8) -> Option<Sequence<'_>> {
        self.state = match byte {
            b'[' => {
                self.parameters.clear();
                self.overlong = false;
                State::Csi
            }
            b']' | b'P' | b'X' | b'^' | b'_' => State::String,
            0x20..=0x2f => State::Designation,
            _ => State::Text,
        };
        (self.state == State::Text).then_some(Sequence::Escape(byte))
    }
}
