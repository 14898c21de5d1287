//! What a shell would expand, in texts that no shell reads.

/// `~` at the beginning, a variable, or a `\` at the end of a value.
pub(super) fn in_value(text: &str) -> Option<&'static str> {
    if is_home(text) {
        Some("`~` is not expanded")
    } else if has_variable(text) {
        Some("variables are not expanded")
    } else if text.ends_with('\\') {
        Some("a `\\` at the end does not continue the line")
    } else {
        None
    }
}

pub(super) fn is_home(text: &str) -> bool {
    text == "~" || text.starts_with("~/")
}

/// `$NAME`, `${name}`, `$(command)`; `$name` is more often part of a password or of a script.
pub(super) fn has_variable(text: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split('$').skip(1).any(|rest| {
        let name = rest.split(|c| !is_name(c)).next().unwrap_or_default();
        let is_constant = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        rest.starts_with(['{', '('])
            || name.len() > 1
                && !name.starts_with(|c: char| c.is_ascii_digit())
                && name.chars().all(is_constant)
    })
}

/// A pattern of paths (`src/*.ts`): not a regular expression, not an address.
pub(super) fn is_glob(word: &str) -> bool {
    word.contains('*')
        && !word.starts_with('-')
        && !word.starts_with("*:")
        && !word.contains("://")
        && !word.contains(['^', '$', '(', ')', '[', ']', '|', '+', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_a_shell_would_expand() {
        for value in [
            "~",
            "~/x",
            "$HOME/bin",
            "a:${path}",
            "$(date)",
            "one \\",
            "http://localhost:$API_PORT",
        ] {
            assert!(in_value(value).is_some(), "{value}");
        }
        for value in [
            "", "a~b", "~user", "pa$sword", "5$", "$1", "pa$Word", "*", "app:*", "$X",
        ] {
            assert_eq!(in_value(value), None, "{value}");
        }
    }

    #[test]
    fn patterns_of_paths() {
        for word in ["*.rs", "src/*.ts", "dist/**", "**/*.js", "a*", "*"] {
            assert!(is_glob(word), "{word}");
        }
        for word in ["--include=*.rs", "*:8080", "http://*:80", "^a.*$", "x"] {
            assert!(!is_glob(word), "{word}");
        }
    }
}
