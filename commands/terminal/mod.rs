//! How we print: the server's own lines, the services' output, colour or none, quietly when nobody
//! reads.

#[allow(dead_code, reason = "for the subcommand that is being written")]
pub(crate) mod ansi;
#[allow(dead_code, reason = "for the subcommand that is being written")]
pub(crate) mod boot;
pub(crate) mod color;
pub(crate) mod diagnostics;
pub(crate) mod github;
#[allow(dead_code, reason = "for the subcommand that is being written")]
pub(crate) mod lines;
#[allow(dead_code, reason = "for the subcommand that is being written")]
pub(crate) mod narrator;
#[allow(dead_code, reason = "for the subcommand that is being written")]
pub(crate) mod output;
pub(crate) mod print;
