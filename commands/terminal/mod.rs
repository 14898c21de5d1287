//! How we print: the server's own lines, the services' output, colour or none, quietly when nobody
//! reads.

pub(crate) mod abilities;
pub(crate) mod age;
pub(crate) mod changes;
pub(crate) mod color;
pub(crate) mod diagnostics;
pub(crate) mod lines;
pub(crate) mod moment;
pub(crate) mod output;
pub(crate) mod print;
pub(crate) mod progress;
pub(crate) mod sanitize;
pub(crate) mod status;
pub(crate) mod table;
pub(crate) mod wrap;
