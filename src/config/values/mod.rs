//! Values that can stand in a config: what is right, what is said otherwise, and their schemas.

mod number;
mod session;
mod status;
mod text;

use schemars::JsonSchema;
use serde_json::Value;

use super::code::Code;
use super::fault::Fault;
use super::model::ProbeOwner;
use super::quote::{describe, quote};
use crate::facts::{Kind, OutputMode, Stdio, StopScope, StopSignal};

pub(super) use number::{Capacity, Millis, Port, Positive, ServicePort};
pub(super) use session::{AddrText, BindText, TokenText};
pub(super) use status::Statuses;
pub(super) use text::{Command, PathText, URL_PATTERN, UrlText, nul};

/// A value that can stand in a config.
pub(super) trait FromValue: JsonSchema + Sized {
    /// Reads it. The fault is about the value or one of its items; the caller knows the field.
    fn from_value(value: &Value) -> Result<Self, Fault>;
}

/// Implements [`JsonSchema`] for a value type: its schema stands where it is used.
macro_rules! schema {
    ($type:ty, $schema:tt) => {
        $crate::config::values::schema!($type, _generator => $schema);
    };
    ($type:ty, $generator:ident => $schema:tt) => {
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema($generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}
pub(super) use schema;

impl FromValue for String {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        match value {
            Value::String(text) => Ok(text.clone()),
            other @ (Value::Number(_) | Value::Bool(_)) => {
                Err(wrong_type("a string", other).with_help(format!("write \"{other}\"")))
            }
            other => Err(wrong_type("a string", other)),
        }
    }
}

impl FromValue for bool {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        value
            .as_bool()
            .ok_or_else(|| wrong_type("true or false", value))
    }
}

impl FromValue for Kind {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        match String::from_value(value)?.as_str() {
            "daemon" => Ok(Self::Daemon),
            "oneshot" => Ok(Self::Oneshot),
            other => Err(
                Fault::new(Code::UnknownValue, format!("unknown kind {}", quote(other)))
                    .with_known(other, &["daemon", "oneshot"]),
            ),
        }
    }
}

schema!(Kind, { "enum": ["daemon", "oneshot"] });

impl FromValue for StopSignal {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        let name = String::from_value(value)?;
        Self::named(&name).ok_or_else(|| {
            let message = format!("unknown stop signal {}", quote(&name));
            Fault::new(Code::UnknownValue, message).with_known(&name, &Self::NAMES)
        })
    }
}

schema!(StopSignal, { "enum": StopSignal::NAMES });

impl FromValue for StopScope {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        match String::from_value(value)?.as_str() {
            "group" => Ok(Self::Group),
            "leader" => Ok(Self::Leader),
            other => {
                let message = format!("unknown stop scope {}", quote(other));
                Err(Fault::new(Code::UnknownValue, message).with_known(other, &["group", "leader"]))
            }
        }
    }
}

schema!(StopScope, { "enum": ["group", "leader"] });

impl FromValue for ProbeOwner {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        match String::from_value(value)?.as_str() {
            "service" => Ok(Self::Service),
            "any" => Ok(Self::Any),
            other => {
                let message = format!("unknown owner {}", quote(other));
                Err(Fault::new(Code::UnknownValue, message).with_known(other, &["service", "any"]))
            }
        }
    }
}

schema!(ProbeOwner, { "enum": ["service", "any"] });

/// The standard input of a service without a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StdinMode(pub(super) Stdio);

impl FromValue for StdinMode {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        match String::from_value(value)?.as_str() {
            "open" => Ok(Self(Stdio::Open)),
            "null" => Ok(Self(Stdio::Null)),
            other => {
                let message = format!("unknown stdin {}", quote(other));
                Err(Fault::new(Code::UnknownValue, message).with_known(other, &["open", "null"]))
            }
        }
    }
}

schema!(StdinMode, { "enum": ["open", "null"] });

impl FromValue for OutputMode {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        match String::from_value(value)?.as_str() {
            "show" => Ok(Self::Show),
            "quiet" => Ok(Self::Quiet),
            other => {
                let message = format!("unknown output mode {}", quote(other));
                Err(Fault::new(Code::UnknownValue, message).with_known(other, &["show", "quiet"]))
            }
        }
    }
}

schema!(OutputMode, { "enum": ["show", "quiet"] });

fn wrong_type(expected: &str, found: &Value) -> Fault {
    let message = format!("expected {expected}, found {}", describe(found));
    Fault::new(Code::WrongType, message)
}

#[cfg(test)]
fn code<T: FromValue>(value: &Value) -> Option<Code> {
    T::from_value(value).err().map(|fault| fault.code)
}
