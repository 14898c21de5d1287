//! A line of a service's output as it is shown: what a terminal would have shown last, and safe for it.
//!
//! Services may print anything, and whoever controls what a service prints (a request path in a
//! log line, say) must not control the terminal. Of all escape sequences only colours (SGR) pass.
//! Titles, clipboard writes, links, cursor moves, mode switches and single control characters do
//! not; the text around and inside them stays.

use std::borrow::Cow;
use std::fmt::Write as _;

use anstyle_parse::{Params, Parser, Perform};

/// Stands for a character that would reorder the text around it.
const NEUTRAL: char = '\u{fffd}';

/// Ends all colours.
const RESET: &str = "\u{1b}[0m";

/// How much of the colours in force is remembered for a line that starts over after a `\r`. Real
/// programs need a handful of bytes; the limit keeps a hostile line from costing quadratic time.
const STYLE_MEMORY: usize = 96;

/// Appends the line to `out`, without its line end. What it prints is what a terminal would have
/// shown last (`\r` and backspace overwrite), in its colours when they are allowed, and without
/// them afterwards.
pub fn append_safe(out: &mut String, line: &str, colored: bool) {
    if is_plain(line) {
        out.push_str(line);
        return;
    }
    filter(out, line, colored, plain_length);
}

/// Any text (names, paths, messages of a server) as one line without terminal control sequences.
pub fn text(line: &str) -> Cow<'_, str> {
    if is_plain(line) {
        return line.into();
    }
    let mut text = String::with_capacity(line.len());
    append_safe(&mut text, line, false);
    text.into()
}

/// [`append_safe`] for a text whose first bytes are known to be plain.
fn filter(out: &mut String, line: &str, colored: bool, plain_length: impl Fn(&str) -> usize) {
    let mut screen = Screen::new(out, colored);
    let mut parser = Parser::<anstyle_parse::AsciiParser>::default();
    let mut rest = line;
    loop {
        if screen.takes_runs() {
            let (run, after) = rest.split_at(plain_length(rest));
            screen.out.push_str(run);
            rest = after;
        }
        let mut characters = rest.chars();
        let Some(character) = characters.next() else {
            break;
        };
        rest = characters.as_str();
        screen.is_inside |= matches!(character, '\u{1b}' | '\u{80}'..='\u{9f}');
        match character {
            // The eight-bit controls are short for ESC and a letter.
            '\u{80}'..='\u{9f}' => {
                parser.advance(&mut screen, 0x1b);
                // The range above makes this 0x40..=0x5f.
                #[expect(clippy::cast_possible_truncation, reason = "see the range")]
                parser.advance(&mut screen, (character as u32 - 0x40) as u8);
            }
            '\0'..='\u{7f}' => {
                // ASCII, by the range.
                #[expect(clippy::cast_possible_truncation, reason = "see the range")]
                parser.advance(&mut screen, character as u32 as u8);
            }
            // The parser's tables are about bytes. DEL is what it prints outside of sequences and
            // ignores inside of all of them, which is what is wanted of any other character.
            _ => {
                screen.beyond_ascii = Some(character);
                parser.advance(&mut screen, 0x7f);
                screen.beyond_ascii = None;
            }
        }
    }
    screen.end();
}

const fn is_plain_byte(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e | b'\t')
}

/// How many bytes at the start are printable ASCII or tabs.
fn plain_length(text: &str) -> usize {
    let special = text.bytes().position(|byte| !is_plain_byte(byte));
    special.unwrap_or(text.len())
}

/// Whether the line can be shown unchanged, as nearly every line can.
fn is_plain(line: &str) -> bool {
    line.bytes().all(is_plain_byte)
        || line
            .chars()
            .all(|character| character == '\t' || !(character.is_control() || reorders(character)))
}

/// The bidirectional controls: invisible, and they make text read other than it is.
pub const fn reorders(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// The one line of a terminal that matters here.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a state of its own of a terminal"
)]
struct Screen<'a> {
    out: &'a mut String,
    /// Where the line starts in `out`.
    start: usize,
    /// No character before this may be overwritten: it is part of a colour sequence.
    after_style: usize,
    colored: bool,
    /// The colour sequences in force, as far as they are remembered.
    style: String,
    /// Whether the last colour sequence was one that ends all colours.
    is_reset: bool,
    /// A `\r` was seen: the next character starts the line over.
    starts_over: bool,
    /// Backspaces seen: the next character replaces as many.
    back: usize,
    /// The character that the DEL now fed to the parser replaces.
    beyond_ascii: Option<char>,
    /// The parser may be inside of a sequence.
    is_inside: bool,
}

impl<'a> Screen<'a> {
    fn new(out: &'a mut String, colored: bool) -> Self {
        Self {
            start: out.len(),
            after_style: out.len(),
            out,
            colored,
            style: String::new(),
            is_reset: true,
            starts_over: false,
            back: 0,
            beyond_ascii: None,
            is_inside: false,
        }
    }

    /// Whether printable text of any length is shown unchanged.
    const fn takes_runs(&self) -> bool {
        !(self.is_inside || self.starts_over || self.back > 0)
    }

    fn show(&mut self, character: char) {
        if std::mem::take(&mut self.starts_over) {
            self.back = 0;
            self.out.truncate(self.start);
            self.out.push_str(&self.style);
            self.after_style = self.out.len();
        }
        for _ in 0..std::mem::take(&mut self.back) {
            if self.out.len() == self.after_style {
                break;
            }
            self.out.pop();
        }
        self.out.push(if reorders(character) {
            NEUTRAL
        } else {
            character
        });
    }

    fn set_style(&mut self, parameters: &Params) {
        let from = self.out.len();
        self.out.push_str("\u{1b}[");
        for (index, parameter) in parameters.iter().enumerate() {
            for (sub, value) in parameter.iter().enumerate() {
                let separator = match (index, sub) {
                    (0, 0) => "",
                    (_, 0) => ";",
                    _ => ":",
                };
                // Writing to a `String` does not fail.
                let _ = write!(self.out, "{separator}{value}");
            }
        }
        self.out.push('m');
        self.after_style = self.out.len();
        let sequence = &self.out[from..];
        self.is_reset = sequence == RESET;
        if self.is_reset || self.style.len() + sequence.len() > STYLE_MEMORY {
            self.style.clear();
        }
        if !self.is_reset && sequence.len() <= STYLE_MEMORY {
            self.style.push_str(sequence);
        }
    }

    fn end(self) {
        if !self.is_reset {
            self.out.push_str(RESET);
        }
    }
}

impl Perform for Screen<'_> {
    fn print(&mut self, character: char) {
        self.is_inside = false;
        match character {
            // A DEL of the line itself replaces no character.
            '\u{7f}' => {
                if let Some(character) = self.beyond_ascii {
                    self.show(character);
                }
            }
            _ => self.show(character),
        }
    }

    fn execute(&mut self, control: u8) {
        match control {
            b'\t' => self.show('\t'),
            // Lines come without their ends; should one be inside, it must not end the prefix's.
            b'\n' => self.show(' '),
            b'\r' => self.starts_over = true,
            0x08 => self.back = self.back.saturating_add(1),
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, parameters: &Params, intermediates: &[u8], cut: bool, action: u8) {
        self.is_inside = false;
        // With intermediates it is not a colour: `ESC [ > 4 m` switches how keys are sent.
        if self.colored && action == b'm' && intermediates.is_empty() && !cut {
            self.set_style(parameters);
        }
    }

    fn esc_dispatch(&mut self, _: &[u8], _: bool, _: u8) {
        self.is_inside = false;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn safe(line: &str, colored: bool) -> String {
        let mut out = String::from("before ");
        append_safe(&mut out, line, colored);
        out.strip_prefix("before ").unwrap().to_owned()
    }

    #[track_caller]
    fn shows(line: &str, wanted: &str) {
        assert_eq!(safe(line, true), wanted, "{line:?}");
        assert_eq!(safe(line, false), wanted, "{line:?} without colours");
    }

    #[test]
    fn plain_text_is_left_alone() {
        for line in [
            "",
            "GET /health 200",
            "\tindented",
            "naïve 漢字 🦀 e\u{301} │",
        ] {
            shows(line, line);
        }
    }

    #[test]
    fn colors_pass_and_end_with_the_line() {
        let red = "\u{1b}[31merror\u{1b}[0m: no";
        assert_eq!(safe(red, true), red);
        assert_eq!(safe(red, false), "error: no");
        assert_eq!(
            safe("\u{1b}[1;38;5;9mx", true),
            "\u{1b}[1;38;5;9mx\u{1b}[0m"
        );
        assert_eq!(safe("\u{1b}[4:3mx\u{1b}[m", true), "\u{1b}[4:3mx\u{1b}[0m");
        assert_eq!(safe("\u{9b}32mx", true), "\u{1b}[32mx\u{1b}[0m");
    }

    #[test]
    fn what_steers_the_terminal_is_dropped_and_the_text_kept() {
        shows("a\u{1b}]0;title\u{7}b", "ab");
        shows("a\u{1b}]0;title\u{1b}\\b", "ab");
        shows("a\u{1b}]52;c;ZXZpbA==\u{7}b", "ab");
        shows(
            "\u{1b}]8;;http://x/\u{1b}\\link\u{1b}]8;;\u{1b}\\ text",
            "link text",
        );
        shows("a\u{1b}[2J\u{1b}[H\u{1b}[?1049h\u{1b}[5Ab", "ab");
        shows("a\u{1b}[>4;1mb\u{1b}[?4mb", "abb");
        shows("a\u{1b}Pq#0;2;0;0;0\u{1b}\\b", "ab");
        shows(
            "a\u{1b}_apc\u{1b}\\\u{1b}^pm\u{1b}\\\u{1b}Xsos\u{1b}\\b",
            "ab",
        );
        shows("a\u{1b}cb\u{1b}(0c\u{1b}7d", "abcd");
        shows("a\u{9d}0;Ünïcödé title\u{9c}b\u{90}q\u{9c}c\u{85}d", "abcd");
        shows("a\u{7}b\0c\u{7f}d\u{e}e\u{b}f\u{c}g", "abcdefg");
        shows("trailing\u{1b}", "trailing");
        shows("trailing\u{1b}[", "trailing");
        shows("evil\u{202e}txt.exe\u{2069}", "evil\u{fffd}txt.exe\u{fffd}");
        shows("two\nlines", "two lines");
    }

    #[test]
    fn a_progress_bar_shows_its_last_state() {
        shows("10%\r20%\r100%", "100%");
        shows("10%\r\u{1b}[K20%\u{1b}[K\r", "20%");
        shows("\rdone", "done");
        shows("|\u{8}/\u{8}-", "-");
        shows("no\u{8}\u{8}\u{8}\u{8}yes", "yes");
        shows("spinner |\u{8}", "spinner |");
        let green = "\u{1b}[32m10%\r20%\r30%\u{1b}[0m done";
        assert_eq!(safe(green, true), "\u{1b}[32m30%\u{1b}[0m done");
        assert_eq!(
            safe("a\u{1b}[32m\u{8}\u{8}b", true),
            "a\u{1b}[32mb\u{1b}[0m"
        );
    }

    #[test]
    fn a_line_made_to_be_slow_is_not() {
        let line = format!("{}{}", "\u{1b}[31m".repeat(6_000), "x\r".repeat(16_000));
        assert!(safe(&line, true).len() < 200);
        let line = "x\u{8}".repeat(32_000);
        assert_eq!(safe(&line, true), "x");
    }

    /// Text with every ingredient of a sequence in it, likely enough to meet.
    fn hostile() -> impl Strategy<Value = String> {
        let bit = prop_oneof![
            3 => any::<char>().prop_map(String::from),
            3 => "[a-z0-9;:?>!\\[\\]PX^_\\\\m ]",
            4 => prop::sample::select(vec![
                "\u{1b}", "\u{1b}[", "\u{1b}]", "\u{1b}]0;", "\u{1b}P", "\u{9b}", "\u{9d}",
                "\u{9c}", "\u{90}", "\u{7}", "\u{1b}\\", "\r", "\u{8}", "\t", "\u{18}", "31m",
                "\u{1b}[1;31m", "\u{1b}[m", "\u{202e}", "é", "漢", "\u{7f}", "\n",
            ]).prop_map(str::to_owned),
        ];
        prop::collection::vec(bit, 0..40).prop_map(|bits| bits.concat())
    }

    proptest! {
        #[test]
        fn only_colors_and_tabs_come_out(line in hostile(), colored: bool) {
            let shown = safe(&line, colored);
            let color = regex::Regex::new("\u{1b}\\[[0-9;:]*m").unwrap();
            let text = if colored { color.replace_all(&shown, "") } else { (&*shown).into() };
            prop_assert!(
                text.chars().all(|c| c == '\t' || !(c.is_control() || reorders(c))),
                "{:?}", shown
            );
            let last = color.find_iter(&shown).last();
            prop_assert!(last.is_none_or(|last| last.as_str() == RESET), "{:?}", shown);
            prop_assert_eq!(safe(&shown, colored), &*shown, "filtering twice changes nothing");
        }

        #[test]
        fn going_in_runs_or_by_characters_is_the_same(
            line in prop_oneof![hostile(), "([a-z]{0,9}|\t|\u{1b}(\\[3[0-7]m|[7c\\[P\\]]|)|[\r\u{8}\u{9b}\u{18}é漢]){0,12}"],
            colored: bool,
        ) {
            let mut by_characters = String::new();
            filter(&mut by_characters, &line, colored, |_| 0);
            let mut in_runs = String::new();
            filter(&mut in_runs, &line, colored, plain_length);
            prop_assert_eq!(in_runs, by_characters);
        }

        #[test]
        fn colors_are_the_only_difference_between_the_two_forms(line in hostile()) {
            let color = regex::Regex::new("\u{1b}\\[[0-9;:]*m").unwrap();
            // A backspace stops at a colour, so that one may differ.
            prop_assume!(!line.contains('\u{8}'));
            let colored = safe(&line, true);
            let bare = color.replace_all(&colored, "");
            prop_assert_eq!(&*bare, safe(&line, false));
        }

        #[test]
        fn text_without_controls_is_unchanged(line in "[^\\p{Cc}\u{61c}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}]{0,60}") {
            prop_assert_eq!(safe(&line, true), line);
        }
    }
}
