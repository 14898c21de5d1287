//! System errors as the text of a failed attempt: short, lower-case, without error numbers.

use std::error::Error;

/// `Connection refused (os error 111)` as `connection refused`.
pub(crate) fn short(error: &dyn Error) -> String {
    let text = error.to_string();
    let text = match text.rfind(" (os error ") {
        Some(end) => &text[..end],
        None => &text,
    };
    let mut chars = text.chars();
    match chars.next() {
        // An acronym keeps its capitals.
        Some(first) if !chars.as_str().starts_with(char::is_uppercase) => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}

/// The innermost cause of an error: what the outer ones only wrap is what a person needs.
pub(crate) fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    short(cause)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn errors_of_the_system_lose_number_and_capital() {
        let refused = io::Error::from_raw_os_error(111);
        assert_eq!(short(&refused), "connection refused");
        assert_eq!(short(&io::Error::other("TLS is off")), "TLS is off");
    }

    #[test]
    fn the_innermost_cause_is_what_counts() {
        let wrapped = io::Error::other(io::Error::other(io::Error::from_raw_os_error(111)));
        assert!(innermost(&wrapped).contains("connection refused"));
    }
}
