//! What a terminal can show: how many colours, and whether more than ASCII; and the one colour that has to be chosen with
//! care, that of secondary text.

use std::ffi::OsStr;

/// How many colours a terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// None, or none are wanted.
    Mono,
    /// The sixteen of its palette.
    Sixteen,
    /// 256 or more.
    Many,
}

/// Secondary text on terminals with 256 colours: a grey that stands out on dark and on light backgrounds. The bright
/// black of the sixteen is the background of some palettes.
pub(crate) const SECONDARY: u8 = 244;

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Abilities {
    pub(crate) depth: Depth,
    /// Whether only ASCII is shown as it is meant.
    pub(crate) is_ascii: bool,
}

impl Abilities {
    /// Reads the environment. `colored`: whether colours are wanted at all.
    pub(crate) fn detect(colored: bool) -> Self {
        let text = |name| {
            let value = std::env::var_os(name)?;
            (!value.is_empty()).then(|| value.to_string_lossy().to_lowercase())
        };
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(text);
        let term = text("TERM").unwrap_or_default();
        Self::of(
            colored,
            &term,
            std::env::var_os("COLORTERM").as_deref(),
            locale.as_deref(),
        )
    }

    fn of(colored: bool, term: &str, colorterm: Option<&OsStr>, locale: Option<&str>) -> Self {
        let depth = if colored {
            depth(term, colorterm.is_some_and(|it| !it.is_empty()))
        } else {
            Depth::Mono
        };
        // Without a locale nothing is known, and most terminals show UTF-8.
        let is_utf8 =
            locale.is_none_or(|locale| locale.contains("utf-8") || locale.contains("utf8"));
        Self {
            depth,
            is_ascii: !is_utf8 || is_console(term) || is_vt(term),
        }
    }
}

/// The console of Linux, whose font has few characters.
fn is_console(term: &str) -> bool {
    term == "linux" || term.starts_with("linux-")
}

/// A terminal of the time before colours, or what pretends to be one.
fn is_vt(term: &str) -> bool {
    let number = term.strip_prefix("vt").unwrap_or_default();
    number.starts_with(|first: char| first.is_ascii_digit())
}

fn depth(term: &str, has_colorterm: bool) -> Depth {
    const MANY: [&str; 11] = [
        "256color",
        "direct",
        "truecolor",
        "kitty",
        "alacritty",
        "foot",
        "ghostty",
        "wezterm",
        "iterm",
        "contour",
        "rio",
    ];
    if is_vt(term) {
        Depth::Mono
    } else if has_colorterm || MANY.iter().any(|name| term.contains(name)) {
        Depth::Many
    } else {
        Depth::Sixteen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(term: &str, colorterm: &str, locale: Option<&str>) -> (Depth, bool) {
        let abilities = Abilities::of(true, term, Some(OsStr::new(colorterm)), locale);
        (abilities.depth, abilities.is_ascii)
    }

    #[test]
    fn what_a_terminal_can_show_is_known_from_its_environment() {
        use Depth::{Many, Mono, Sixteen};
        let utf8 = Some("en_us.utf-8");
        for (term, colorterm, locale, expected) in [
            ("xterm-256color", "", utf8, (Many, false)),
            ("xterm", "truecolor", utf8, (Many, false)),
            ("xterm", "", utf8, (Sixteen, false)),
            ("screen", "", Some("c.utf8"), (Sixteen, false)),
            ("xterm-kitty", "", None, (Many, false)),
            ("linux", "", utf8, (Sixteen, true)),
            ("vt100", "", utf8, (Mono, true)),
            ("vt220", "truecolor", utf8, (Mono, true)),
            ("xterm-256color", "", Some("c"), (Many, true)),
            ("xterm-256color", "", Some("posix"), (Many, true)),
        ] {
            assert_eq!(
                of(term, colorterm, locale),
                expected,
                "{term} {colorterm} {locale:?}"
            );
        }
        let unwanted = Abilities::of(false, "xterm-256color", None, None);
        assert_eq!(unwanted.depth, Depth::Mono);
    }

    /// Backgrounds of the palettes that people use.
    const BACKGROUNDS: [(&str, u32); 17] = [
        ("xterm", 0x00_00_00),
        ("xterm, reversed", 0xff_ff_ff),
        ("VGA, Linux console", 0x00_00_00),
        ("Solarized Dark", 0x00_2b_36),
        ("Solarized Light", 0xfd_f6_e3),
        ("Gruvbox Dark", 0x28_28_28),
        ("Gruvbox Light", 0xfb_f1_c7),
        ("Dracula", 0x28_2a_36),
        ("Nord", 0x2e_34_40),
        ("One Dark", 0x28_2c_34),
        ("One Light", 0xfa_fa_fa),
        ("Tango Dark", 0x2e_34_36),
        ("Tango Light", 0xee_ee_ec),
        ("Campbell", 0x0c_0c_0c),
        ("macOS Basic", 0xff_ff_ff),
        ("macOS Pro", 0x00_00_00),
        ("Ubuntu", 0x30_0a_24),
    ];

    /// Bright black of those palettes on their backgrounds: what secondary text was once written in.
    const BRIGHT_BLACK_OF_SOLARIZED_DARK: u32 = 0x00_2b_36;

    /// The relative luminance of WCAG 2.
    fn luminance(color: u32) -> f64 {
        let part = |shift: u32| {
            let value = f64::from((color >> shift) & 0xff) / 255.0;
            if value <= 0.039_28 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
    }

    fn contrast(one: u32, other: u32) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        one.max(other) / one.min(other)
    }

    /// The colours from 232 on are greys whose values no palette changes.
    fn grey(index: u8) -> u32 {
        let value = 8 + 10 * u32::from(index - 232);
        value << 16 | value << 8 | value
    }

    #[test]
    fn secondary_text_can_be_read_on_every_background() {
        for (palette, background) in BACKGROUNDS {
            let contrast = contrast(grey(SECONDARY), background);
            assert!(contrast >= 3.0, "{palette}: {contrast:.2}");
        }
        let before = contrast(BRIGHT_BLACK_OF_SOLARIZED_DARK, 0x00_2b_36);
        assert!(before < 1.1, "the test can tell");
    }
}
