//! What programs ask their terminal, answered by the screen: nobody's terminal is asked.

use std::fmt::Write as _;

use vt100::{Callbacks, Screen};

/// Answers that are kept until they are sent.
const MAX_ANSWERS: usize = 4096;

/// Collects the answers.
#[derive(Debug, Default)]
pub(super) struct Answers {
    text: String,
}

impl Answers {
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    fn say(&mut self, answer: std::fmt::Arguments<'_>) {
        if self.text.len() < MAX_ANSWERS {
            // Writing to a text does not fail.
            let _ = self.text.write_fmt(answer);
        }
    }
}

impl Callbacks for Answers {
    fn unhandled_csi(
        &mut self,
        screen: &mut Screen,
        first: Option<u8>,
        second: Option<u8>,
        parameters: &[&[u16]],
        last: char,
    ) {
        let parameter = parameters.first().and_then(|it| it.first()).copied();
        let parameter = parameter.unwrap_or(0);
        let (rows, cols) = screen.size();
        let (row, col) = screen.cursor_position();
        let (row, col) = (row.min(rows - 1) + 1, col.min(cols - 1) + 1);
        match (first, second, last, parameter) {
            // A VT220 with colours.
            (None, None, 'c', 0) => self.say(format_args!("\x1b[?62;22c")),
            (Some(b'>'), None, 'c', 0) => self.say(format_args!("\x1b[>1;10;0c")),
            (None, None, 'n', 5) => self.say(format_args!("\x1b[0n")),
            (None, None, 'n', 6) => self.say(format_args!("\x1b[{row};{col}R")),
            (Some(b'?'), None, 'n', 6) => self.say(format_args!("\x1b[?{row};{col}R")),
            (None, None, 't', 18) => self.say(format_args!("\x1b[8;{rows};{cols}t")),
            (Some(b'>'), None, 'q', 0) => self.say(format_args!("\x1bP>|flowlayer\x1b\\")),
            // A mode that is not known.
            (Some(b'?'), Some(b'$'), 'p', mode) => self.say(format_args!("\x1b[?{mode};0$y")),
            _ => {}
        }
    }

    fn unhandled_osc(&mut self, _: &mut Screen, parameters: &[&[u8]]) {
        let [which, b"?"] = parameters else { return };
        let (which, color) = match *which {
            b"10" => (10, "ffff/ffff/ffff"),
            b"11" => (11, "0000/0000/0000"),
            b"12" => (12, "ffff/ffff/ffff"),
            _ => return,
        };
        self.say(format_args!("\x1b]{which};rgb:{color}\x1b\\"));
    }
}
