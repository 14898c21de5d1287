//! The fuzz targets of FlowLayer: `cargo +nightly fuzz run -s none config`, and the others by their names.

pub mod bodies;
