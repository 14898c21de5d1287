//! The fuzz targets of FlowLayer: `cargo +nightly fuzz run -s none config`, and the others by their names.

#[path = "../../commands/terminal/sanitize.rs"]
#[allow(dead_code, unreachable_pub, reason = "it is a module of the program")]
mod sanitize;
pub mod bodies;
