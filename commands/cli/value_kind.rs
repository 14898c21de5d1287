//! The kind of an argument's value, derived from its name in the help.
//!
//! So an argument says once what it is, to people and to [`crate::completions::complete`] alike: whoever calls a
//! value `SERVICE` gets the names of services completed.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueKind {
    Service,
    /// A file that exists.
    File,
    Directory,
    /// A program, and after it the arguments of that.
    Command,
    Other,
}

pub(crate) fn value_kind(arg: &clap::Arg) -> ValueKind {
    let name = arg.get_value_names().and_then(|names| names.first());
    match name.map(clap::builder::Str::as_str) {
        Some("SERVICE" | "SERVICES" | "NAME") => ValueKind::Service,
        Some("CONFIG" | "PATH" | "PATHS" | "FILE" | "FILES") => ValueKind::File,
        Some("DIR") => ValueKind::Directory,
        Some("CMD" | "COMMAND") => ValueKind::Command,
        _ => ValueKind::Other,
    }
}
