//! What a client sends, judged in the documented order (docs/protocol.md, What is refused).

use serde_json::{Map, Value};
use thiserror::Error;

use super::code::{Code, ErrorBody};

/// A well-formed command envelope; what it asks for is not judged yet.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandEnvelope {
    /// Chosen by the client, trimmed; replies carry it.
    pub id: String,
    /// The command's name, trimmed.
    pub name: String,
    /// The payload; `null` counts as absent.
    pub payload: Option<Value>,
}

/// A message that gets an `error` envelope for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The message's id when one could be read, to be echoed.
    pub id: Option<String>,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a message. The words are part of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Fault {
    /// Not a JSON object. JSON nested deeper than 127 levels counts as such.
    #[error("invalid json message")]
    InvalidJson,
    /// No usable `type`.
    #[error("type is required")]
    MissingType,
    /// A command without usable `id`.
    #[error("command.id is required")]
    CommandWithoutId,
    /// A command without usable `name`.
    #[error("command.name is required")]
    CommandWithoutName,
    /// An ack without usable `id`.
    #[error("ack.id is required")]
    AckWithoutId,
    /// An ack whose payload lacks the boolean.
    #[error("ack.payload.accepted is required")]
    AckWithoutAccepted,
    /// A result without usable `id`.
    #[error("result.id is required")]
    ResultWithoutId,
    /// A result whose payload lacks the boolean.
    #[error("result.payload.ok is required")]
    ResultWithoutOk,
    /// An event without usable `name`.
    #[error("event.name is required")]
    EventWithoutName,
    /// An error whose payload lacks a usable code or message.
    #[error("error.payload.code and error.payload.message are required")]
    ErrorWithoutBody,
    /// A `type` that is none of the protocol's.
    #[error("unknown message type")]
    UnknownType,
    /// A valid message that is not a command.
    #[error("only command messages can be routed")]
    NotACommand,
}

impl Fault {
    /// Every fault, in the order in which they are looked for.
    pub const ALL: [Self; 12] = [
        Self::InvalidJson,
        Self::MissingType,
        Self::CommandWithoutId,
        Self::CommandWithoutName,
        Self::AckWithoutId,
        Self::AckWithoutAccepted,
        Self::ResultWithoutId,
        Self::ResultWithoutOk,
        Self::EventWithoutName,
        Self::ErrorWithoutBody,
        Self::UnknownType,
        Self::NotACommand,
    ];

    /// The code on the wire.
    pub const fn code(self) -> Code {
        match self {
            Self::InvalidJson => Code::InvalidJson,
            Self::MissingType => Code::MissingType,
            Self::CommandWithoutId | Self::AckWithoutId | Self::ResultWithoutId => Code::MissingId,
            Self::CommandWithoutName | Self::EventWithoutName => Code::MissingName,
            Self::AckWithoutAccepted | Self::ResultWithoutOk | Self::ErrorWithoutBody => {
                Code::InvalidPayload
            }
            Self::UnknownType => Code::UnknownType,
            Self::NotACommand => Code::UnsupportedMessageType,
        }
    }

    /// The payload of the answer.
    pub fn body(self) -> ErrorBody {
        ErrorBody::new(self.code(), self.to_string())
    }
}

/// Judges one message, whether it came as text or as a binary frame
/// (docs/protocol.md, What is refused).
///
/// Bounded whatever it is given: memory is a small multiple of the message, depth is limited.
/// Of a key that occurs twice the last one counts.
pub fn parse(message: &[u8]) -> Result<CommandEnvelope, Refused> {
    let Ok(Value::Object(mut envelope)) = serde_json::from_slice(message) else {
        return Err(Refused {
            id: None,
            fault: Fault::InvalidJson,
        });
    };
    let id = word(&envelope, "id").map(str::to_owned);
    match judge(&envelope, id.is_some()) {
        Ok(name) => Ok(CommandEnvelope {
            name: name.to_owned(),
            // `judge` lets no command without an id through.
            id: id.unwrap_or_default(),
            payload: envelope
                .remove("payload")
                .filter(|payload| !payload.is_null()),
        }),
        Err(fault) => Err(Refused { id, fault }),
    }
}

/// The command's name, or the first fault in the documented order.
fn judge(envelope: &Map<String, Value>, has_id: bool) -> Result<&str, Fault> {
    let payload = envelope.get("payload");
    match word(envelope, "type").ok_or(Fault::MissingType)? {
        "command" if !has_id => Err(Fault::CommandWithoutId),
        "command" => word(envelope, "name").ok_or(Fault::CommandWithoutName),
        "ack" if !has_id => Err(Fault::AckWithoutId),
        "ack" if !has_bool(payload, "accepted") => Err(Fault::AckWithoutAccepted),
        "result" if !has_id => Err(Fault::ResultWithoutId),
        "result" if !has_bool(payload, "ok") => Err(Fault::ResultWithoutOk),
        "event" if word(envelope, "name").is_none() => Err(Fault::EventWithoutName),
        "error" if !has_error_body(payload) => Err(Fault::ErrorWithoutBody),
        "ack" | "result" | "event" | "error" => Err(Fault::NotACommand),
        _ => Err(Fault::UnknownType),
    }
}

/// A string field, trimmed; `None` for anything else and for a blank one.
fn word<'a>(object: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    let text = object.get(field)?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}

fn has_bool(payload: Option<&Value>, field: &str) -> bool {
    payload
        .and_then(|payload| payload.get(field))
        .is_some_and(Value::is_boolean)
}

fn has_error_body(payload: Option<&Value>) -> bool {
    payload
        .and_then(Value::as_object)
        .is_some_and(|body| word(body, "code").is_some() && word(body, "message").is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn refused(message: &str, id: Option<&str>, code: &str, words: &str) {
        let refused = parse(message.as_bytes()).expect_err(message);
        assert_eq!(refused.id.as_deref(), id, "{message}");
        assert_eq!(refused.fault.code().as_str(), code, "{message}");
        assert_eq!(refused.fault.to_string(), words, "{message}");
    }

    #[test]
    fn a_command_is_taken_with_its_words_trimmed() {
        let command = parse(
            br#" {"id":" 7 ","type":"\tcommand\n","name":" get_logs ","payload":{"limit":3},"x":1} "#,
        )
        .unwrap();
        assert_eq!(command.id, "7");
        assert_eq!(command.name, "get_logs");
        assert_eq!(command.payload, Some(json!({"limit": 3})));
    }

    #[test]
    fn a_null_payload_is_an_absent_one() {
        let command =
            parse(br#"{"type":"command","id":"1","name":"start_all","payload":null}"#).unwrap();
        assert_eq!(command.payload, None);
    }

    #[test]
    fn what_is_not_an_object_is_invalid_json() {
        for message in [
            "",
            "   ",
            "garbage",
            "null",
            "[]",
            "\"command\"",
            "42",
            "{",
            r#"{"type":"command"} x"#,
            r#"{"type":"command",}"#,
            "{'type':'command'}",
        ] {
            refused(message, None, "invalid_json", "invalid json message");
        }
        assert_eq!(
            parse(b"{\"type\":\"\xff\"}").unwrap_err().fault,
            Fault::InvalidJson
        );
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |levels: usize| {
            format!(
                r#"{{"type":"command","id":"1","name":"x","payload":{}{}}}"#,
                "[".repeat(levels),
                "]".repeat(levels)
            )
        };
        assert!(parse(deep(100).as_bytes()).is_ok());
        refused(&deep(500_000), None, "invalid_json", "invalid json message");
    }

    #[test]
    fn of_a_double_key_the_last_counts() {
        let command = parse(br#"{"type":"ack","type":"command","id":"1","id":"2","name":"x"}"#);
        assert_eq!(command.unwrap().id, "2");
    }

    proptest! {
        #[test]
        fn any_bytes_get_an_answer(message in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&message);
        }
    }

    /// The rules of docs/protocol.md, What is refused, as a list, for every combination of these fields.
    #[test]
    fn every_envelope_gets_the_first_fault_of_the_list() {
        let texts = [
            "command",
            "ack",
            "result",
            "event",
            "error",
            "",
            " ",
            " command ",
            "Command",
        ];
        let mut values: Vec<Option<Value>> = texts.iter().map(|text| Some(json!(text))).collect();
        values.extend([
            None,
            Some(Value::Null),
            Some(json!(1)),
            Some(json!(["start_all"])),
        ]);
        let payloads = [
            None,
            Some(json!([])),
            Some(json!({"accepted": true, "code": "c"})),
            Some(json!({"ok": false, "accepted": "yes", "code": " ", "message": "m"})),
            Some(json!({"code": "c", "message": "m"})),
        ];
        let pairs = values
            .iter()
            .flat_map(|kind| values.iter().map(move |id| (kind, id)));
        let rest = || {
            values
                .iter()
                .flat_map(|name| payloads.iter().map(move |payload| (name, payload)))
        };
        for ((kind, id), (name, payload)) in
            pairs.flat_map(|pair| rest().map(move |rest| (pair, rest)))
        {
            let fields = [
                ("type", kind),
                ("id", id),
                ("name", name),
                ("payload", payload),
            ];
            let fields =
                fields.map(|(key, value)| value.clone().map(|value| (key.to_owned(), value)));
            let envelope = Value::Object(fields.into_iter().flatten().collect()).to_string();
            let text =
                |value: &Option<Value>| value.as_ref()?.as_str().map(|text| text.trim().to_owned());
            let set = |value: &Option<Value>| text(value).is_some_and(|text| !text.is_empty());
            let is = |word: &str| text(kind).as_deref() == Some(word);
            let field = |name: &str| payload.as_ref()?.get(name).cloned();
            let has_body = set(&field("code")) && set(&field("message"));
            let rules = [
                (!set(kind), Fault::MissingType),
                (is("command") && !set(id), Fault::CommandWithoutId),
                (is("command") && !set(name), Fault::CommandWithoutName),
                (is("ack") && !set(id), Fault::AckWithoutId),
                (is("result") && !set(id), Fault::ResultWithoutId),
                (
                    is("ack") && field("accepted") != Some(json!(true)),
                    Fault::AckWithoutAccepted,
                ),
                (
                    is("result") && field("ok") != Some(json!(false)),
                    Fault::ResultWithoutOk,
                ),
                (is("event") && !set(name), Fault::EventWithoutName),
                (is("error") && !has_body, Fault::ErrorWithoutBody),
                (
                    !["command", "ack", "result", "event", "error"]
                        .into_iter()
                        .any(is),
                    Fault::UnknownType,
                ),
                (!is("command"), Fault::NotACommand),
            ];
            let expected = rules
                .into_iter()
                .find_map(|(broken, fault)| broken.then_some(fault));
            let got = parse(envelope.as_bytes());
            assert_eq!(
                got.as_ref().err().map(|refused| refused.fault),
                expected,
                "{envelope}"
            );
            if let Err(refused) = got {
                assert_eq!(
                    refused.id,
                    text(id).filter(|id| !id.is_empty()),
                    "{envelope}"
                );
            }
        }
    }
}
