//! What a client sends, judged in the documented order (docs/protocol.md, What is refused).

use serde_json::{Map, Value};
use thiserror::Error;

use super::code::{Code, ErrorBody};
use super::text::word;

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

/// The command's name, or the first fault in the documented order
/// (docs/protocol.md, What is refused).
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
    fn a_type_is_required_and_the_id_echoed_when_readable() {
        for (message, id) in [
            ("{}", None),
            (r#"{"id":"7"}"#, Some("7")),
            (r#"{"id":" 7 ","type":3}"#, Some("7")),
            (r#"{"id":7,"type":null}"#, None),
            (r#"{"id":"  ","type":"  "}"#, None),
        ] {
            refused(message, id, "missing_type", "type is required");
        }
    }

    #[test]
    fn a_command_needs_an_id_then_a_name() {
        for message in [
            r#"{"type":"command"}"#,
            r#"{"type":"command","name":"start_all"}"#,
            r#"{"type":"command","id":5,"name":"start_all"}"#,
            r#"{"type":"command","id":" ","name":"start_all"}"#,
        ] {
            refused(message, None, "missing_id", "command.id is required");
        }
        for message in [
            r#"{"type":"command","id":"7"}"#,
            r#"{"type":"command","id":"7","name":""}"#,
            r#"{"type":"command","id":"7","name":["start_all"]}"#,
        ] {
            refused(
                message,
                Some("7"),
                "missing_name",
                "command.name is required",
            );
        }
    }

    #[test]
    fn messages_of_servers_are_checked_before_they_are_refused() {
        refused(
            r#"{"type":"ack"}"#,
            None,
            "missing_id",
            "ack.id is required",
        );
        refused(
            r#"{"type":"ack","id":"7","payload":{"accepted":"yes"}}"#,
            Some("7"),
            "invalid_payload",
            "ack.payload.accepted is required",
        );
        refused(
            r#"{"type":"result"}"#,
            None,
            "missing_id",
            "result.id is required",
        );
        refused(
            r#"{"type":"result","id":"7","payload":[]}"#,
            Some("7"),
            "invalid_payload",
            "result.payload.ok is required",
        );
        refused(
            r#"{"type":"event","id":"7"}"#,
            Some("7"),
            "missing_name",
            "event.name is required",
        );
        for payload in [
            "null",
            "{}",
            r#"{"code":"x"}"#,
            r#"{"code":" ","message":"y"}"#,
        ] {
            refused(
                &format!(r#"{{"type":"error","payload":{payload}}}"#),
                None,
                "invalid_payload",
                "error.payload.code and error.payload.message are required",
            );
        }
    }

    #[test]
    fn what_is_left_is_unknown_or_not_for_a_server() {
        refused(
            r#"{"type":"Command","id":"7"}"#,
            Some("7"),
            "unknown_type",
            "unknown message type",
        );
        for message in [
            r#"{"type":"ack","id":"7","payload":{"accepted":true}}"#,
            r#"{"type":"result","id":"7","payload":{"ok":false}}"#,
            r#"{"type":"event","id":"7","name":"log"}"#,
            r#"{"type":"error","id":"7","payload":{"code":"x","message":"y"}}"#,
        ] {
            refused(
                message,
                Some("7"),
                "unsupported_message_type",
                "only command messages can be routed",
            );
        }
    }

    #[test]
    fn of_a_double_key_the_last_counts() {
        let command = parse(br#"{"type":"ack","type":"command","id":"1","id":"2","name":"x"}"#);
        assert_eq!(command.unwrap().id, "2");
    }

    /// Values that are near to envelopes, so that every branch is reached.
    fn field() -> impl Strategy<Value = Option<Value>> {
        let text = prop::sample::select(vec![
            "command",
            "ack",
            "result",
            "event",
            "error",
            "",
            " ",
            " command ",
            "x",
        ]);
        prop_oneof![
            Just(None),
            Just(Some(Value::Null)),
            Just(Some(json!(1))),
            text.prop_map(|text| Some(json!(text))),
            Just(Some(json!({"accepted": true, "ok": false}))),
            Just(Some(json!({"code": "c", "message": "m"}))),
        ]
    }

    proptest! {
        #[test]
        fn any_bytes_get_an_answer(message in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&message);
        }

        /// The rules of docs/protocol.md, What is refused, once more, as the list that they are.
        #[test]
        fn every_envelope_gets_the_first_fault_of_the_list(
            kind in field(), id in field(), name in field(), payload in field()
        ) {
            let mut envelope = Map::new();
            for (key, value) in [("type", &kind), ("id", &id), ("name", &name), ("payload", &payload)] {
                if let Some(value) = value {
                    envelope.insert(key.to_owned(), value.clone());
                }
            }
            let set = |value: &Option<Value>| {
                value.as_ref().and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty())
            };
            let is = |word: &str| kind.as_ref().and_then(Value::as_str).map(str::trim) == Some(word);
            let has = |field: &str| payload.as_ref().and_then(|p| p.get(field)).is_some();
            let rules = [
                (!set(&kind), Fault::MissingType),
                (is("command") && !set(&id), Fault::CommandWithoutId),
                (is("command") && !set(&name), Fault::CommandWithoutName),
                (is("ack") && !set(&id), Fault::AckWithoutId),
                (is("result") && !set(&id), Fault::ResultWithoutId),
                (is("ack") && !has("accepted"), Fault::AckWithoutAccepted),
                (is("result") && !has("ok"), Fault::ResultWithoutOk),
                (is("event") && !set(&name), Fault::EventWithoutName),
                (is("error") && !has("code"), Fault::ErrorWithoutBody),
                (!["command", "ack", "result", "event", "error"].into_iter().any(is), Fault::UnknownType),
                (!is("command"), Fault::NotACommand),
            ];
            let expected = rules.into_iter().find_map(|(broken, fault)| broken.then_some(fault));
            let got = parse(Value::Object(envelope).to_string().as_bytes());
            prop_assert_eq!(got.as_ref().err().map(|refused| refused.fault), expected);
            if let Err(refused) = got {
                prop_assert_eq!(refused.id.is_some(), set(&id));
            }
        }
    }
}
