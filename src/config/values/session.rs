//! The fields of `session`.

use serde_json::Value;

use super::number::integer;
use super::{FromValue, schema, wrong_type};
use crate::config::bind::{Bind, BindError, PortZero};
use crate::config::code::Code;
use crate::config::fault::Fault;
use crate::config::model::BindChoice;
use crate::config::quote::quote;

/// `session.bind`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct BindText(pub(in crate::config) BindChoice);

impl FromValue for BindText {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        let text = match value {
            // A bare port is often written without the quotes.
            Value::Number(_) => {
                let port = integer(value, 1, u16::MAX)?;
                let fault = wrong_type("a string", value);
                return Err(fault.with_help(format!("write \"{port}\"")));
            }
            other => String::from_value(other)?,
        };
        if text == "auto" {
            return Ok(Self(BindChoice::Auto));
        }
        Bind::parse(&text, PortZero::Refused)
            .map(|bind| Self(BindChoice::Fixed(bind)))
            .map_err(|why| unusable(Code::InvalidBind, &text, why))
    }
}

schema!(BindText, {
    "type": "string",
    "pattern": "^(auto|(([^:\\[\\]/\\s]*|\\[[0-9a-fA-F:.]+\\]):)?0*[1-9][0-9]{0,4})$",
});

/// `session.addr`: `host:port`, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct AddrText(pub(in crate::config) String);

impl FromValue for AddrText {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        let text = String::from_value(value)?;
        let wrong = |why| Err(unusable(Code::InvalidAddr, &text, why));
        match Bind::parse(&text, PortZero::Refused) {
            Ok(bind) if bind.host.is_empty() => wrong(BindError::Host),
            Ok(_) if !text.contains(':') => Ok(Self(format!("127.0.0.1:{text}"))),
            Ok(_) => Ok(Self(text)),
            Err(why) => wrong(why),
        }
    }
}

schema!(AddrText, {
    "type": "string",
    "pattern": "^(([^:\\[\\]/\\s]+|\\[[0-9a-fA-F:.]+\\]):)?0*[1-9][0-9]{0,4}$",
});

fn unusable(code: Code, text: &str, why: BindError) -> Fault {
    Fault::new(code, format!("{} is no address: {why}", quote(text)))
        .with_help("write host:port, for example \"127.0.0.1:6999\"")
}

/// `session.token`. Its `Debug` form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::config) struct TokenText(pub(in crate::config) String);

impl std::fmt::Debug for TokenText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenText(…)")
    }
}

impl FromValue for TokenText {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        let Value::String(token) = value else {
            // Without saying what was found: it may be the secret.
            return Err(Fault::new(Code::WrongType, "expected a string"));
        };
        if token.is_empty() {
            Err(Fault::new(Code::EmptyString, "the token is empty")
                .with_help("leave the field out to have one generated"))
        } else if token.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(token.clone()))
        } else {
            Err(Fault::new(
                Code::InvalidToken,
                "a token is made of visible ASCII characters only, without white space",
            ))
        }
    }
}

schema!(TokenText, { "type": "string", "pattern": "^[!-~]+$" });

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::code;
    use super::*;
    use crate::config::fault::Help;

    #[test]
    fn addresses_to_dial_name_a_host() {
        let addr = |text: &str| AddrText::from_value(&json!(text)).map(|addr| addr.0);
        assert_eq!(addr("localhost:80"), Ok("localhost:80".to_owned()));
        assert_eq!(addr("6999"), Ok("127.0.0.1:6999".to_owned()));
        assert_eq!(code::<AddrText>(&json!(":6999")), Some(Code::InvalidAddr));
        assert_eq!(
            code::<AddrText>(&json!("localhost")),
            Some(Code::InvalidAddr)
        );
    }

    #[test]
    fn help_for_a_number_as_an_address_shows_the_string() {
        let fault = BindText::from_value(&json!(6999)).unwrap_err();
        let help = Help::Text("write \"6999\"".to_owned());
        assert_eq!((fault.code, fault.help), (Code::WrongType, help));
    }

    #[test]
    fn a_token_never_shows_in_a_fault() {
        for token in [
            json!("s3cret value"),
            json!("s3crét"),
            json!(53),
            json!(["s3cret"]),
        ] {
            let fault = TokenText::from_value(&token).unwrap_err();
            assert!(!fault.message.contains("s3cr"), "{fault:?}");
        }
        let token = TokenText::from_value(&json!("s3cret")).unwrap();
        assert_eq!(format!("{token:?}"), "TokenText(…)");
    }
}
