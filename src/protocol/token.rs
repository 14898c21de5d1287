//! The bearer token: the one secret of a session.

use std::fmt;

use thiserror::Error;

/// A session's bearer token (docs/protocol.md, Reaching a session). Never empty, visible ASCII
/// only; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Why a text cannot be a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Nothing there.
    #[error("the token is empty: give one, or leave it out to have one generated")]
    Empty,
    /// A character that cannot travel in the header, by its place in the text, from 1.
    #[error(
        "character {position} of the token is white space, a control character or not ASCII: \
         use letters, digits and punctuation"
    )]
    Character {
        /// Counted in characters, from 1.
        position: usize,
    },
}

impl Token {
    /// A text as a token, if it can be one.
    pub fn new(text: impl Into<String>) -> Result<Self, TokenError> {
        let text = text.into();
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        match text.chars().position(|c| !c.is_ascii_graphic()) {
            Some(index) => Err(TokenError::Character {
                position: index + 1,
            }),
            None => Ok(Self(text)),
        }
    }

    /// A new one nobody can guess: `fl_` and a random UUID.
    pub fn generate() -> Self {
        Self(format!("fl_{}", uuid::Uuid::new_v4()))
    }

    /// The secret itself: for a header, a file of mode 0600, or the boot line of a generated one.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether a presented credential is this token, in a time that does not depend on where the
    /// two differ.
    pub fn matches(&self, presented: &[u8]) -> bool {
        let secret = self.0.as_bytes();
        let mut difference = u8::from(secret.len() != presented.len());
        for (index, byte) in secret.iter().enumerate() {
            let other = presented.get(index).copied().unwrap_or(!byte);
            difference |= std::hint::black_box(byte ^ other);
        }
        std::hint::black_box(difference) == 0
    }
}

impl std::str::FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        Self::new(text)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_visible_ascii_is_a_token() {
        assert!(Token::new("dev-token!~").is_ok());
        assert_eq!(Token::new(""), Err(TokenError::Empty));
        for (text, position) in [(" a", 1), ("a b", 2), ("ab\n", 3), ("é", 1), ("a\u{7f}", 2)] {
            assert_eq!(Token::new(text), Err(TokenError::Character { position }));
        }
    }

    #[test]
    fn a_generated_one_is_new_every_time_and_never_in_debug_output() {
        let token = Token::generate();
        assert_ne!(token, Token::generate());
        assert_eq!(token.expose().len(), "fl_".len() + 36);
        assert!(token.expose().starts_with("fl_"));
        assert_eq!(format!("{token:?}"), "Token(…)");
    }

    #[test]
    fn matches_itself_alone() {
        let token = Token::new("secret").unwrap();
        assert!(token.matches(b"secret"));
        for other in [
            &b""[..],
            b"secre",
            b"secrets",
            b"Secret",
            b"secret\0",
            b"terces",
        ] {
            assert!(!token.matches(other));
        }
    }
}
