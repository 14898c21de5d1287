//! How we print: the server's own lines, the services' output, colour or none, quietly when nobody
//! reads.

pub(crate) mod ansi;
pub(crate) mod boot;
pub(crate) mod color;
pub(crate) mod diagnostics;
pub(crate) mod explanation;
pub(crate) mod github;
pub(crate) mod lines;
pub(crate) mod narrator;
pub(crate) mod output;
pub(crate) mod print;
pub(crate) mod progress;
pub(crate) mod table;
pub(crate) mod words;
