//! The terminal's job control: the session in the background, a command in the foreground.

pub mod background;
pub mod foreground;
