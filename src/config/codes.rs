//! The codes of problems: stable, for machines, all of them here.

/// One code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// What stands in the output.
    pub name: &'static str,
    /// `error`, `warning`, or both.
    pub severity: &'static str,
    /// What it means.
    pub about: &'static str,
}

const fn error(name: &'static str, about: &'static str) -> Code {
    Code {
        name,
        severity: "error",
        about,
    }
}

const fn warning(name: &'static str, about: &'static str) -> Code {
    Code {
        name,
        severity: "warning",
        about,
    }
}

/// Every code, in the order of the reference.
pub const CODES: &[Code] = &[
    error("unreadable", "the file cannot be read, or is over 8 MiB"),
    error("invalid_utf8", "the file is not UTF-8"),
    error(
        "syntax",
        "not JSON with comments; what comes after it is not checked",
    ),
    error(
        "too_deep",
        "objects and arrays are nested over 32 levels deep",
    ),
    error("too_many_values", "over 1,000,000 values in one file"),
    error("duplicate_key", "a key is given twice in one object"),
    error("unknown_field", "no such field"),
    error("missing_field", "a required field is absent"),
    error("wrong_type", "a value of another type than the field's"),
    error("out_of_range", "a number outside of its bounds"),
    error("unknown_value", "a word that is none of the known ones"),
    error("empty_name", "an empty service name"),
    error("empty_command", "a command without a program"),
    error("empty_string", "an empty text where something must stand"),
    error("nul_byte", "NUL in a command, variable or path"),
    error(
        "invalid_env_name",
        "an environment name that is empty or contains `=`",
    ),
    error("invalid_bind", "not an address to listen on"),
    error("invalid_addr", "not an address to dial"),
    error(
        "invalid_token",
        "a token with white space, control or non-ASCII characters",
    ),
    error("invalid_url", "not an absolute http:// or https:// URL"),
    error("invalid_pattern", "not a regular expression"),
    error("self_dependency", "a service depends on itself"),
    error("unknown_dependency", "no service of that name"),
    error(
        "dependency_cycle",
        "services depend on each other in a circle",
    ),
    warning(
        "not_jsonc",
        "a JSON5 spelling that other JSONC readers refuse",
    ),
    warning("unused_field", "a field without effect here"),
    warning("empty_services", "no service at all"),
    warning(
        "similar_names",
        "two names that differ only in upper and lower case",
    ),
    warning(
        "reserved_name",
        "a name that clients use for something else",
    ),
    warning("same_port", "two services with the same port"),
    warning(
        "missing_cwd",
        "a working directory that does not exist (yet)",
    ),
    warning(
        "shell_syntax",
        "a command that looks as if a shell would read it",
    ),
    Code {
        name: "too_many_problems",
        severity: "error or warning",
        about: "over 1,000 problems: how many are not shown",
    },
];

/// Whether a code is one of [`CODES`].
pub(super) fn is_known(name: &str) -> bool {
    CODES.iter().any(|code| code.name == name)
}
