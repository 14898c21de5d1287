//! The bytes that make a terminal show a screen, or what has changed on it.
//!
//! Every row is positioned by itself, so that the terminal may be larger than the screen.

use vt100::{Parser, Screen};

/// What turns a terminal that shows `before` into one that shows `now`; without it, whatever it shows.
pub(super) fn redraw(now: &Screen, before: Option<&Screen>) -> Vec<u8> {
    let (rows, cols) = now.size();
    let before = before.filter(|before| before.size() == now.size());
    let mut bytes = Vec::new();
    let blank;
    let before = if let Some(before) = before {
        bytes.extend(now.input_mode_diff(before));
        before
    } else {
        bytes.extend_from_slice(b"\x1b[m\x1b[H\x1b[2J");
        bytes.extend(now.input_mode_formatted());
        blank = Parser::new(rows, cols, 0);
        blank.screen()
    };
    for (row, changes) in now.rows_diff(before, 0, cols).enumerate() {
        if !changes.is_empty() {
            bytes.extend_from_slice(format!("\x1b[{};1H\x1b[m", row + 1).as_bytes());
            bytes.extend(changes);
        }
    }
    let (row, col) = now.cursor_position();
    let (row, col) = (row.min(rows - 1) + 1, col.min(cols - 1) + 1);
    let visible = if now.hide_cursor() { 'l' } else { 'h' };
    bytes.extend_from_slice(format!("\x1b[m\x1b[{row};{col}H\x1b[?25{visible}").as_bytes());
    bytes
}
