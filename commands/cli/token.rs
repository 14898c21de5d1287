//! A token as given on the command line.

use std::fmt;
use std::str::FromStr;

/// A bearer token that can be sent in a header: not empty, visible ASCII only (SPEC 3).
/// Its `Debug` form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl Token {
    /// The secret itself.
    #[allow(dead_code, reason = "for the subcommands that send or check it")]
    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Why a text cannot be a token. The text itself stays out of it, since it is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenError {
    /// Nothing in it.
    #[error("a token cannot be empty: leave the option out to have one generated")]
    Empty,
    /// White space, control or non-ASCII characters.
    #[error("a token is made of visible ASCII characters only, without white space")]
    NotVisibleAscii,
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        if text.is_empty() {
            Err(TokenError::Empty)
        } else if text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(TokenError::NotVisibleAscii)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_visible_ascii_is_a_token_and_debug_keeps_it_secret() {
        let token: Token = "fl_S3cret!~".parse().unwrap();
        assert_eq!(format!("{token:?}"), "Token(…)");
        assert_eq!(token.into_string(), "fl_S3cret!~");
        assert_eq!("".parse::<Token>(), Err(TokenError::Empty));
        for text in [" ", "a b", "a\n", "é", "a\u{7f}", "\0"] {
            assert_eq!(
                text.parse::<Token>(),
                Err(TokenError::NotVisibleAscii),
                "{text:?}"
            );
        }
    }
}
