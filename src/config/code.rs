//! The codes of problems: stable, for machines, all of them here.

macro_rules! codes {
    ($($code:ident $name:literal $severity:literal $meaning:literal,)+) => {
        /// What kind of problem it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $meaning] $code,)+
        }

        impl Code {
            /// Every code, in the order of the reference.
            pub const ALL: &[Self] = &[$(Self::$code),+];

            /// The word for it in every output.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => $name,)+ }
            }

            /// `error`, `warning`, or both, for the reference.
            pub const fn severity(self) -> &'static str {
                match self { $(Self::$code => $severity,)+ }
            }

            /// What it means, for the reference.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$code => $meaning,)+ }
            }
        }
    };
}

codes! {
    Unreadable "unreadable" "error" "the file cannot be read, or is over 8 MiB",
    InvalidUtf8 "invalid_utf8" "error" "the file is not UTF-8",
    Syntax "syntax" "error" "not JSON with comments; what comes after it is not checked",
    TooDeep "too_deep" "error" "objects and arrays are nested over 32 levels deep",
    TooManyValues "too_many_values" "error" "over 1,000,000 values in one file",
    DuplicateKey "duplicate_key" "error" "a key is given twice in one object",
    UnknownField "unknown_field" "error" "no such field",
    MissingField "missing_field" "error" "a required field is absent",
    WrongType "wrong_type" "error" "a value of another type than the field's",
    OutOfRange "out_of_range" "error" "a number outside of its bounds",
    UnknownValue "unknown_value" "error" "not one of the known values",
    EmptyName "empty_name" "error" "an empty service name",
    EmptyCommand "empty_command" "error" "a command without a program",
    EmptyString "empty_string" "error" "an empty string where a value is required",
    NulByte "nul_byte" "error" "NUL in a command, variable or path",
    InvalidEnvName "invalid_env_name" "error"
        "an environment name that is empty or contains `=`",
    InvalidBind "invalid_bind" "error" "not an address to listen on",
    InvalidAddr "invalid_addr" "error" "not an address to dial",
    InvalidToken "invalid_token" "error"
        "a token with white space, control or non-ASCII characters",
    InvalidGroup "invalid_group" "error" "the name of a group that begins with `@`",
    InvalidUrl "invalid_url" "error" "not an absolute http:// or https:// URL",
    InvalidPattern "invalid_pattern" "error" "not a regular expression",
    InvalidHeader "invalid_header" "error"
        "a name or value of a header field that HTTP does not have",
    InvalidStatus "invalid_status" "error" "not an HTTP status or a range of them",
    SelfDependency "self_dependency" "error" "a service depends on itself",
    UnknownDependency "unknown_dependency" "error" "no service of that name",
    DependencyCycle "dependency_cycle" "error" "services depend on each other in a cycle",
    InvalidReference "invalid_reference" "error"
        "a reference that cannot be read, or to something that is not there",
    UnknownService "unknown_service" "error" "a reference to a service that does not exist",
    UrlCycle "url_cycle" "error" "urls that refer to each other in a circle",
    NoFreePort "no_free_port" "error" "no port is left to choose for a reload",
    UnsetVariable "unset_variable" "error or warning"
        "a reference to a variable that is not set and has no default: an error where a session starts",
    NotJsonc "not_jsonc" "warning" "a JSON5 spelling that other JSONC readers refuse",
    UnusedField "unused_field" "warning" "a field without effect here",
    EmptyServices "empty_services" "warning" "no service at all",
    SimilarNames "similar_names" "warning"
        "two names that differ only in upper and lower case",
    ReservedName "reserved_name" "warning" "a name that clients use for something else",
    SamePort "same_port" "warning" "two services with the same port",
    OtherPort "other_port" "warning" "a probe asks another port than the service's",
    MissingCwd "missing_cwd" "warning" "a working directory that does not exist (yet)",
    ShellSyntax "shell_syntax" "warning"
        "a command that looks as if a shell would read it",
    NotExpanded "not_expanded" "warning"
        "`~`, a variable or a `\\` at the end, where nothing expands it",
    TooManyProblems "too_many_problems" "error or warning"
        "over 1,000 problems: how many are not shown",
}
