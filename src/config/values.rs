//! Values that can stand in a config: what is right, what is said otherwise, and their schemas.
//!
//! Those that probes share are in [`flowlayer_probes::value`].

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use flowlayer_probes::Fault;
use flowlayer_probes::value::{FromValue, integer, nul, quote, strings, wrong_type};

use super::bind::{Bind, BindError, PortZero};
use super::model::Kind;

/// Implements [`JsonSchema`] for a value type: its schema stands where it is used.
macro_rules! schema {
    ($type:ty, $schema:tt) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

/// Above this a JSON number no longer says exactly which integer is meant.
const MAX_EXACT: u64 = 1 << 53;

/// An integer above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Positive(pub(super) u64);

impl FromValue for Positive {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        integer(value, 1, MAX_EXACT).map(Self)
    }
}

schema!(Positive, { "type": "integer", "minimum": 1, "maximum": MAX_EXACT });

/// How many entries to keep: more than 0, and not more than can be counted in 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Capacity(pub(super) usize);

impl FromValue for Capacity {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        let capacity = integer(value, 1, u64::from(u32::MAX))?;
        Ok(Self(usize::try_from(capacity).unwrap_or(usize::MAX)))
    }
}

schema!(Capacity, { "type": "integer", "minimum": 1, "maximum": u32::MAX });

/// The port of a service; 0 means none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ServicePort(pub(super) Option<u16>);

impl FromValue for ServicePort {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        let port = integer(value, 0, u64::from(u16::MAX))?;
        Ok(Self(u16::try_from(port).ok().filter(|&port| port > 0)))
    }
}

schema!(ServicePort, { "type": "integer", "minimum": 0, "maximum": u16::MAX });

impl FromValue for Kind {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        match String::from_value(value)?.as_str() {
            "daemon" => Ok(Self::Daemon),
            "oneshot" => Ok(Self::Oneshot),
            other => Err(
                Fault::error("unknown_value", format!("unknown kind {}", quote(other)))
                    .with_known(other, ["daemon", "oneshot"]),
            ),
        }
    }
}

schema!(Kind, { "enum": ["daemon", "oneshot"], "default": "daemon" });

/// A path: not empty, no NUL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathText(pub(super) String);

impl FromValue for PathText {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        path(String::from_value(value)?).map(Self)
    }
}

schema!(PathText, { "type": "string", "minLength": 1 });

/// One path or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Paths(pub(super) Vec<String>);

impl FromValue for Paths {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        match value {
            Value::String(one) => Ok(Self(vec![path(one.clone())?])),
            Value::Array(_) => {
                let several = strings(value)?.into_iter().enumerate().map(|(at, text)| {
                    path(text).map_err(|fault| fault.with_part(flowlayer_probes::Part::Item(at)))
                });
                several.collect::<Result<_, _>>().map(Self)
            }
            other => Err(wrong_type("a string or an array of strings", other)),
        }
    }
}

schema!(Paths, {
    "oneOf": [
        { "type": "string", "minLength": 1 },
        { "type": "array", "items": { "type": "string", "minLength": 1 } },
    ],
});

fn path(text: String) -> Result<String, Fault> {
    if text.is_empty() {
        Err(Fault::error("empty_string", "the path is empty"))
    } else if text.contains('\0') {
        Err(nul("path"))
    } else {
        Ok(text)
    }
}

/// `session.bind`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BindText(pub(super) Bind);

impl FromValue for BindText {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        let text = match value {
            // A bare port is often written without the quotes.
            Value::Number(_) => {
                let port = integer(value, 1, u64::from(u16::MAX))?;
                let fault = wrong_type("a string", value);
                return Err(fault.with_help(format!("write \"{port}\"")));
            }
            other => String::from_value(other)?,
        };
        Bind::parse(&text, PortZero::Refused)
            .map(Self)
            .map_err(|why| unusable("invalid_bind", &text, why))
    }
}

schema!(BindText, {
    "type": "string",
    "pattern": "^(([^:\\[\\]/\\s]*|\\[[0-9a-fA-F:.]+\\]):)?0*[1-9][0-9]{0,4}$",
    "examples": ["127.0.0.1:6999", ":6999", "6999"],
});

/// `session.addr`: `host:port`, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AddrText(pub(super) String);

impl FromValue for AddrText {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        let text = String::from_value(value)?;
        let wrong = |why| Err(unusable("invalid_addr", &text, why));
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
    "examples": ["127.0.0.1:6999"],
});

fn unusable(code: &'static str, text: &str, why: BindError) -> Fault {
    Fault::error(code, format!("{} is no address: {why}", quote(text)))
        .with_help("write host:port, for example \"127.0.0.1:6999\"")
}

/// `session.token`. Its `Debug` form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct TokenText(pub(super) String);

impl std::fmt::Debug for TokenText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenText(…)")
    }
}

impl FromValue for TokenText {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        let Value::String(token) = value else {
            // Without saying what was found: it may be the secret.
            return Err(Fault::error("wrong_type", "expected a string"));
        };
        if token.is_empty() {
            Err(Fault::error("empty_string", "the token is empty")
                .with_help("leave the field out to have one generated"))
        } else if token.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(token.clone()))
        } else {
            Err(Fault::error(
                "invalid_token",
                "a token is made of visible ASCII characters only, without white space",
            ))
        }
    }
}

schema!(TokenText, { "type": "string", "pattern": "^[!-~]+$" });

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn code<T: FromValue>(value: &Value) -> Option<&'static str> {
        T::from_value(value).err().map(|fault| fault.code)
    }

    #[test]
    fn ports_of_services_may_be_0() {
        let port = |value| ServicePort::from_value(&value).unwrap().0;
        assert_eq!(port(json!(0)), None);
        assert_eq!(port(json!(65535)), Some(65535));
        assert_eq!(code::<ServicePort>(&json!(-1)), Some("out_of_range"));
        assert_eq!(code::<ServicePort>(&json!(65536)), Some("out_of_range"));
    }

    #[test]
    fn addresses_to_dial_name_a_host() {
        let addr = |text: &str| AddrText::from_value(&json!(text)).map(|addr| addr.0);
        assert_eq!(addr("localhost:80"), Ok("localhost:80".to_owned()));
        assert_eq!(addr("6999"), Ok("127.0.0.1:6999".to_owned()));
        assert_eq!(code::<AddrText>(&json!(":6999")), Some("invalid_addr"));
        assert_eq!(code::<AddrText>(&json!("localhost")), Some("invalid_addr"));
    }

    #[test]
    fn a_number_for_an_address_is_told_how_to_write_it() {
        let fault = BindText::from_value(&json!(6999)).unwrap_err();
        let help = flowlayer_probes::Help::Text("write \"6999\"".to_owned());
        assert_eq!((fault.code, fault.help), ("wrong_type", help));
    }

    #[test]
    fn a_token_never_shows_in_what_is_said_about_it() {
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

    #[test]
    fn paths_are_one_or_several() {
        let paths = |value| Paths::from_value(&value).map(|paths| paths.0);
        assert_eq!(paths(json!(".env")), Ok(vec![".env".to_owned()]));
        assert_eq!(paths(json!([])), Ok(vec![]));
        let fault = Paths::from_value(&json!(["a", ""])).unwrap_err();
        assert_eq!(fault.part, flowlayer_probes::Part::Item(1));
        assert_eq!(code::<Paths>(&json!("a\0")), Some("nul_byte"));
    }
}
