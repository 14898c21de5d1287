//! How we print: colour or none, quietly when nobody reads.

pub(crate) mod color;
pub(crate) mod print;
