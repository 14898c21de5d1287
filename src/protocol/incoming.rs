//! Reading what a server sends, for clients.

use std::borrow::Cow;

use serde::Deserialize;
use thiserror::Error;

use super::code::ErrorBody;
use super::event::Event;
use super::message::{AckPayload, ResultPayload};

/// One message of a server, as far as it can be read without knowing what it answers.
#[derive(Debug, Clone, PartialEq)]
pub enum Incoming<'a> {
    /// A command was taken on or refused.
    Ack {
        /// The command's id.
        id: String,
        /// Whether, and why not.
        payload: AckPayload,
    },
    /// How a command ended.
    Result {
        /// The command's id.
        id: String,
        /// Its payload, to be read once it is known what was asked.
        body: ResultBody<'a>,
    },
    /// Something happened.
    Event(Event<'a>),
    /// A message of ours was refused.
    Error {
        /// Its id when the server could read one.
        id: Option<String>,
        /// Why.
        body: ErrorBody,
    },
}

/// The unread payload of a `result`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResultBody<'a>(&'a str);

/// Why a message of a server could not be read.
#[derive(Debug, Error)]
pub enum Unreadable {
    /// Not JSON, or not shaped as the protocol has it.
    #[error("the server sent a message that does not follow the protocol: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The state of all services, not shaped as the protocol has it.
    #[error("its snapshot does not follow the protocol: {0}")]
    Snapshot(serde_json::Error),
    /// A type that servers do not send.
    #[error("the server sent a message of type \"{kind}\", which is not in the protocol")]
    Type {
        /// The type as sent.
        kind: String,
    },
}

/// The envelope without its payload, which is skipped, not built.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(default)]
    id: Option<String>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Body<P> {
    payload: P,
}

fn payload<'a, P: Deserialize<'a>>(text: &'a str) -> Result<P, Unreadable> {
    Ok(serde_json::from_str::<Body<P>>(text)?.payload)
}

impl<'a> Incoming<'a> {
    /// Reads one message. It is gone through twice, once for the envelope and once for the payload
    /// that this calls for, so that nothing is built that nobody wants.
    pub fn parse(text: &'a str) -> Result<Self, Unreadable> {
        let head: Head<'a> = serde_json::from_str(text)?;
        let id = head.id;
        match (head.r#type.as_ref(), id) {
            ("event", _) => Self::event(&head.name.unwrap_or_default(), text),
            ("ack", Some(id)) => Ok(Self::Ack {
                id,
                payload: payload(text)?,
            }),
            ("result", Some(id)) => Ok(Self::Result {
                id,
                body: ResultBody(text),
            }),
            ("error", id) => Ok(Self::Error {
                id,
                body: payload(text)?,
            }),
            (kind, _) => Err(Unreadable::Type {
                kind: kind.to_owned(),
            }),
        }
    }

    fn event(name: &str, text: &'a str) -> Result<Self, Unreadable> {
        Ok(Self::Event(match name {
            "log" => Event::Log(payload(text)?),
            "service_status" => Event::ServiceStatus(payload(text)?),
            "config_changed" => Event::ConfigChanged(payload(text)?),
            "service_detail" => Event::ServiceDetail(payload(text)?),
            "snapshot" => {
                let body = serde_json::from_str::<Body<_>>(text).map_err(Unreadable::Snapshot)?;
                Event::Snapshot(body.payload)
            }
            "terminal_output" => Event::TerminalOutput(payload(text)?),
            "hello" => Event::Hello(payload(text)?),
            name => Event::Unknown {
                name: name.to_owned(),
            },
        }))
    }
}

impl<'a> ResultBody<'a> {
    /// The payload, with `data` of the kind that was asked for.
    pub fn read<D: Deserialize<'a>>(self) -> Result<ResultPayload<D>, Unreadable> {
        payload(self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::facts::{Origin, Stream, Timestamp};
    use crate::protocol::{LogEntry, LogPage, message};

    fn entry() -> impl Strategy<Value = LogEntry<'static>> {
        (
            any::<u64>(),
            ".*",
            ".*",
            any::<(bool, bool, bool)>(),
            0..4_000_000_000_000_u64,
        )
            .prop_map(|(seq, service, text, (out, partial, own), ms)| LogEntry {
                seq,
                service: service.into(),
                phase: "running".into(),
                stream: if out { Stream::Stdout } else { Stream::Stderr },
                message: text.into(),
                timestamp: Timestamp::from(
                    std::time::UNIX_EPOCH + std::time::Duration::from_millis(ms),
                ),
                partial,
                origin: if own {
                    Origin::FlowLayer
                } else {
                    Origin::Service
                },
            })
    }

    proptest! {
        #[test]
        fn a_log_event_is_read_as_it_was_written(entry in entry()) {
            let text = message::log(&serde_json::to_string(&entry).unwrap());
            let read = Incoming::parse(&text).unwrap();
            prop_assert_eq!(read, Incoming::Event(Event::Log(entry)));
        }

        #[test]
        fn a_page_is_read_as_it_was_written(
            entries in prop::collection::vec(entry(), 0..4), truncated: bool, limit: u64, id in ".+"
        ) {
            let written: Vec<String> =
                entries.iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
            let text = message::page(&id, "entries", &written.join(","), truncated, limit);
            let Incoming::Result { id: read_id, body } = Incoming::parse(&text).unwrap() else {
                panic!("{text}");
            };
            prop_assert_eq!(read_id, id);
            let page = body.read::<LogPage<'_>>().unwrap();
            prop_assert!(page.ok && page.error.is_none());
            let expected = LogPage { entries, truncated, effective_limit: limit };
            prop_assert_eq!(page.data.unwrap(), expected);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            let _ = Incoming::parse(&text);
        }
    }

    #[test]
    fn a_line_may_have_an_origin_of_a_later_version() {
        let entry = |origin| {
            let text = format!(
                r#"{{"seq":1,"service":"a","phase":"","stream":"stderr","message":"","timestamp":"1970-01-01T00:00:00Z"{origin}}}"#
            );
            serde_json::from_str::<LogEntry<'_>>(&text).unwrap().origin
        };
        assert_eq!(entry(""), Origin::Service);
        assert_eq!(entry(r#","origin":"flowlayer""#), Origin::FlowLayer);
        assert_eq!(entry(r#","origin":"later""#), Origin::Other);
    }

    #[test]
    fn other_servers_say_less() {
        let text = r#"{"type":"event","name":"hello","payload":{"protocol_version":1,"server":"flowlayer","extra":{}}}"#;
        let Incoming::Event(Event::Hello(hello)) = Incoming::parse(text).unwrap() else {
            panic!("{text}");
        };
        assert_eq!((hello.protocol_version, hello.session_id), (1, None));
        let text = r#"{"type":"event","name":"snapshot","payload":{"services":[{"name":"a","status":"unknown"}]}}"#;
        assert!(Incoming::parse(text).is_ok());
        let text = r#"{"type":"ack","id":"1","payload":{"accepted":true,"error":null}}"#;
        let Incoming::Ack { payload, .. } = Incoming::parse(text).unwrap() else {
            panic!("{text}");
        };
        assert_eq!(payload.error, None);
    }

    #[test]
    fn what_servers_do_not_send_is_refused() {
        for text in [
            "",
            "[]",
            r#"{"type":"command","id":"1","name":"x"}"#,
            r#"{"type":"result"}"#,
            r#"{"type":"event","name":"log","payload":{"seq":"x"}}"#,
        ] {
            assert!(Incoming::parse(text).is_err(), "{text}");
        }
        let text = r#"{"type":"event","name":"weather","payload":3}"#;
        assert!(matches!(
            Incoming::parse(text),
            Ok(Incoming::Event(Event::Unknown { name })) if name == "weather"
        ));
    }
}
