//! The screen on terminals that cannot show all of it: ASCII in place of symbols, the nearest of sixteen colours.

use ratatui::buffer::Buffer;
use ratatui::style::Color;

use super::theme::Theme;
use crate::terminal::abilities::Depth;

/// Replaces what the terminal cannot show.
pub(crate) fn apply(buffer: &mut Buffer, theme: Theme) {
    let has_many = theme.abilities.depth != Depth::Sixteen;
    if has_many && !theme.abilities.is_ascii {
        return;
    }
    for cell in &mut buffer.content {
        if theme.abilities.is_ascii && !cell.symbol().is_ascii() {
            let ascii = ascii(cell.symbol());
            cell.set_symbol(ascii);
        }
        if !has_many {
            (cell.fg, cell.bg) = (nearest(cell.fg), nearest(cell.bg));
        }
    }
}

/// One column, or two for what is as wide.
fn ascii(symbol: &str) -> &'static str {
    match symbol {
        "·" => ".",
        "⊘" | "┆" => "!",
        "◌" | "┊" => ":",
        "◐" => "o",
        "●" => "*",
        "✓" | "╭" | "╮" | "╰" | "╯" => "+",
        "◑" => "%",
        "○" | "─" | "–" => "-",
        "✗" => "x",
        "≡" | "▒" => "=",
        "│" => "|",
        "┃" | "█" => "#",
        "…" => "~",
        "›" | "→" | "▸" => ">",
        "‹" | "←" => "<",
        "↑" => "^",
        "↓" => "v",
        "◆" => "@",
        other if unicode_width::UnicodeWidthStr::width(other) > 1 => "??",
        _ => "?",
    }
}

/// The sixteen as xterm has them.
const SIXTEEN: [(Color, [i32; 3]); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 0, 0]),
    (Color::LightGreen, [0, 255, 0]),
    (Color::LightYellow, [255, 255, 0]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 0, 255]),
    (Color::LightCyan, [0, 255, 255]),
    (Color::White, [255, 255, 255]),
];

/// The nearest of the sixteen.
fn nearest(color: Color) -> Color {
    let rgb = match color {
        Color::Rgb(red, green, blue) => [red, green, blue].map(i32::from),
        Color::Indexed(index @ 0..16) => return SIXTEEN[usize::from(index)].0,
        Color::Indexed(index @ 16..232) => {
            let cube = i32::from(index - 16);
            [cube / 36, cube / 6 % 6, cube % 6]
                .map(|part| if part == 0 { 0 } else { 55 + 40 * part })
        }
        Color::Indexed(index) => [8 + 10 * i32::from(index - 232); 3],
        _ => return color,
    };
    let distance = |other: &[i32; 3]| -> i32 {
        let parts = rgb.iter().zip(other);
        parts.map(|(one, other)| (one - other).pow(2)).sum()
    };
    let nearest = SIXTEEN.iter().min_by_key(|(_, other)| distance(other));
    nearest.map_or(color, |(color, _)| *color)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::terminal::abilities::Abilities;
    use crate::terminal::status::State;
    use crate::tui::fixture;
    use crate::tui::view;
    use ratatui::layout::Rect;

    #[test]
    fn every_state_has_an_ascii_symbol_of_its_own() {
        let symbols: HashSet<&str> = State::ALL
            .iter()
            .map(|state| ascii(state.symbol()))
            .collect();
        assert_eq!(symbols.len(), State::ALL.len());
    }

    #[test]
    fn a_plain_terminal_gets_ascii_and_sixteen_colors() {
        for depth in [Depth::Mono, Depth::Sixteen] {
            let is_ascii = true;
            let mut model = fixture::model(120, 40, true);
            model.theme = Theme::new(Abilities { depth, is_ascii });
            for keys in ["", "p", "pb", "\u{1b}?", "\u{1b}jjjjd"] {
                fixture::keys(&mut model, keys);
                let mut buffer = Buffer::empty(Rect::new(0, 0, 120, 40));
                view::draw(&model, &mut buffer);
                for cell in &buffer.content {
                    assert!(cell.symbol().is_ascii(), "{:?}", cell.symbol());
                    for color in [cell.fg, cell.bg] {
                        let is_plain = !matches!(color, Color::Indexed(_) | Color::Rgb(..));
                        assert!(
                            is_plain && (depth == Depth::Sixteen || color == Color::Reset),
                            "{color:?}"
                        );
                    }
                }
            }
            let rows = view::screen(&model);
            assert!(rows.contains("o mailer"), "{rows}");
        }
    }

    #[test]
    fn colors_of_services_become_the_nearest_of_sixteen() {
        for (color, expected) in [
            (Color::Indexed(3), Color::Yellow),
            (Color::Indexed(196), Color::LightRed),
            (Color::Indexed(244), Color::DarkGray),
            (Color::Rgb(0, 200, 10), Color::Green),
            (Color::Reset, Color::Reset),
            (Color::Magenta, Color::Magenta),
        ] {
            assert_eq!(nearest(color), expected, "{color:?}");
        }
    }
}
