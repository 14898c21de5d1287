//! Colours and attributes of text, as escape sequences set them.

use std::fmt::Write as _;

/// A colour, as the parameters that set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Color {
    /// One of the sixteen: 30 to 37 or 90 to 97, for the background too.
    Basic(u8),
    Palette(u8),
    Rgb(u8, u8, u8),
}

/// How text looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Style {
    foreground: Option<Color>,
    background: Option<Color>,
    /// A bit for each of 1 to 9.
    attributes: u16,
}

impl Style {
    /// Applies the parameters of an SGR sequence.
    pub(super) fn apply(&mut self, parameters: &[u8]) {
        let mut groups = parameters.split(|&byte| byte == b';');
        while let Some(group) = groups.next() {
            let mut parts = group.split(|&byte| byte == b':').map(number);
            let code = parts.next().unwrap_or(0);
            match code {
                0 => *self = Self::default(),
                4 if parts.next() == Some(0) => self.attributes &= !(1 << 4),
                1..=9 => self.attributes |= 1 << code,
                21 => self.attributes |= 1 << 4,
                22 => self.attributes &= !(1 << 1 | 1 << 2),
                23..=29 => self.attributes &= !(1 << (code - 20)),
                30..=37 | 90..=97 => self.foreground = Some(Color::Basic(low(code))),
                40..=47 | 100..=107 => self.background = Some(Color::Basic(low(code - 10))),
                39 => self.foreground = None,
                49 => self.background = None,
                38 | 48 | 58 => {
                    let within: Vec<u16> = parts.collect();
                    let color = if within.is_empty() {
                        color(|| groups.next().map(number))
                    } else {
                        // A colour space may stand before the three.
                        let skipped = usize::from(within[0] == 2 && within.len() > 4);
                        let mut rest = within[..1].iter().chain(&within[1 + skipped..]);
                        color(|| rest.next().copied())
                    };
                    match code {
                        38 => self.foreground = color.or(self.foreground),
                        48 => self.background = color.or(self.background),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }

    /// Writes what makes text look like this after text that looked like `before`.
    pub(super) fn write(self, before: Self, text: &mut String) {
        if self == before {
            return;
        }
        text.push_str("\u{1b}[");
        let mut is_first = true;
        if before != Self::default() {
            text.push('0');
            is_first = false;
        }
        let mut push = |code: &str| {
            if !std::mem::take(&mut is_first) {
                text.push(';');
            }
            text.push_str(code);
        };
        for code in 1..=9_u8 {
            if self.attributes >> code & 1 == 1 {
                push(&code.to_string());
            }
        }
        for (color, offset) in [(self.foreground, 0), (self.background, 10)] {
            match color {
                Some(Color::Basic(code)) => push(&(code + offset).to_string()),
                Some(Color::Palette(index)) => push(&format!("{};5;{index}", 38 + offset)),
                Some(Color::Rgb(r, g, b)) => {
                    let mut code = String::new();
                    let _ = write!(code, "{};2;{r};{g};{b}", 38 + offset);
                    push(&code);
                }
                None => {}
            }
        }
        text.push('m');
    }
}

/// A palette index or three values, after 38, 48 or 58.
fn color(mut next: impl FnMut() -> Option<u16>) -> Option<Color> {
    match next()? {
        5 => Some(Color::Palette(low(next()?))),
        2 => Some(Color::Rgb(low(next()?), low(next()?), low(next()?))),
        _ => None,
    }
}

fn low(number: u16) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

/// A parameter; absent is 0.
pub(super) fn number(digits: &[u8]) -> u16 {
    digits
        .iter()
        .filter(|byte| byte.is_ascii_digit())
        .fold(0_u16, |number, byte| {
            number
                .saturating_mul(10)
                .saturating_add(u16::from(byte - b'0'))
        })
}
