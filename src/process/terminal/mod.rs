//! The terminal's job control: the session in the background, a command in the foreground.

pub mod background;
pub mod foreground;
mod witness;

pub use witness::{Reach, Witness};
