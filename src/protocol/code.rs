//! The codes a program can act on, in one list.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a message or a command was refused, or an accepted command failed (docs/protocol.md, Codes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The message is not a JSON object.
    InvalidJson,
    /// The envelope has no usable `type`.
    MissingType,
    /// The envelope has no usable `id` where its type needs one.
    MissingId,
    /// The envelope has no usable `name` where its type needs one.
    MissingName,
    /// The payload lacks something, or something in it has the wrong type.
    InvalidPayload,
    /// The `type` is not one of the protocol's.
    UnknownType,
    /// A valid message of a type that only servers send.
    UnsupportedMessageType,
    /// No command has this name.
    UnknownCommand,
    /// No service of this session has this name.
    UnknownService,
    /// The service, or the whole session, is in the middle of something that excludes the command.
    ServiceBusy,
    /// The service has no terminal, or the client is not attached to it.
    NoTerminal,
    /// The service takes no input now.
    InputRefused,
    /// The configuration cannot be used.
    InvalidConfig,
    /// The configuration changes something else than what the command is to apply.
    ConfigChanged,
    /// An accepted command failed; the message says how.
    InternalError,
}

impl Code {
    /// Every code, in the order of the reference.
    pub const ALL: [Self; 15] = [
        Self::InvalidJson,
        Self::MissingType,
        Self::MissingId,
        Self::MissingName,
        Self::InvalidPayload,
        Self::UnknownType,
        Self::UnsupportedMessageType,
        Self::UnknownCommand,
        Self::UnknownService,
        Self::ServiceBusy,
        Self::NoTerminal,
        Self::InputRefused,
        Self::InvalidConfig,
        Self::ConfigChanged,
        Self::InternalError,
    ];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid_json",
            Self::MissingType => "missing_type",
            Self::MissingId => "missing_id",
            Self::MissingName => "missing_name",
            Self::InvalidPayload => "invalid_payload",
            Self::UnknownType => "unknown_type",
            Self::UnsupportedMessageType => "unsupported_message_type",
            Self::UnknownCommand => "unknown_command",
            Self::UnknownService => "unknown_service",
            Self::ServiceBusy => "service_busy",
            Self::NoTerminal => "no_terminal",
            Self::InputRefused => "input_refused",
            Self::InvalidConfig => "invalid_config",
            Self::ConfigChanged => "config_changed",
            Self::InternalError => "internal_error",
        }
    }

    /// Where a client meets it: in an `error` message, in an `ack` or in a `result`.
    pub const fn carried_by(self) -> &'static str {
        match self {
            Self::InvalidJson
            | Self::MissingType
            | Self::MissingId
            | Self::MissingName
            | Self::UnknownType
            | Self::UnsupportedMessageType => "error",
            Self::InvalidPayload => "error, ack",
            Self::UnknownCommand
            | Self::UnknownService
            | Self::ServiceBusy
            | Self::NoTerminal
            | Self::InputRefused => "ack",
            Self::InvalidConfig | Self::ConfigChanged | Self::InternalError => "result",
        }
    }

    /// One sentence for the reference.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::InvalidJson => "The message is not a JSON object.",
            Self::MissingType => "`type` is absent, not a string, or blank.",
            Self::MissingId => {
                "`id` is absent, not a string, or blank on a type that must have one."
            }
            Self::MissingName => {
                "`name` is absent, not a string, or blank on a type that must have one."
            }
            Self::InvalidPayload => {
                "The payload lacks a field, or a field has the wrong type or value."
            }
            Self::UnknownType => "`type` is none of the protocol's.",
            Self::UnsupportedMessageType => "A well-formed message that is not a command.",
            Self::UnknownCommand => "No command has this name.",
            Self::UnknownService => "No service of the session has this name.",
            Self::ServiceBusy => {
                "Another operation excludes the command now; the message says which. Try again later."
            }
            Self::NoTerminal => {
                "The service has no terminal, or this client is not attached to it."
            }
            Self::InputRefused => {
                "The service takes no input now, or not so much: the message says why. Nothing of it was taken."
            }
            Self::InvalidConfig => {
                "The configuration has errors, and nothing was changed; `data.problems` has them all."
            }
            Self::ConfigChanged => {
                "The configuration was edited again, and nothing was changed; `data.changes` is what a reload would change now."
            }
            Self::InternalError => "The command was accepted and failed; the message says how.",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The `error` object of an `ack` or a `result`, and the payload of an `error` message.
///
/// The code is text, so that a client can also show one it does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// A [`Code`] as written on the wire.
    pub code: String,
    /// For people.
    pub message: String,
}

impl ErrorBody {
    /// A code with its message.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code: code.as_str().to_owned(),
            message: message.into(),
        }
    }

    /// Whether it carries this code.
    pub fn is(&self, code: Code) -> bool {
        self.code == code.as_str()
    }
}

impl fmt::Display for ErrorBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}
