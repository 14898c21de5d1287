//! What a client can ask for (docs/protocol.md, Commands).

use std::num::NonZeroU64;

use serde::Deserialize as _;
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::code::{Code, ErrorBody};
use super::number::whole;
use super::terminal::{decode, encode};
use crate::facts::Change;

/// A command with a payload that is right in itself; whether the service exists is for the server
/// to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The state of all services.
    GetSnapshot,
    /// Log entries.
    GetLogs(LogsQuery),
    /// Records of what happened.
    GetEvents(EventsQuery),
    /// Bring one service up, its dependencies first.
    StartService(String),
    /// Take one service down.
    StopService(String),
    /// Stop one service, then start it.
    RestartService(String),
    /// Bring everything up.
    StartAll,
    /// Take everything down.
    StopAll,
    /// Read the configuration again and apply it.
    Reload {
        /// Only find out what it would do.
        dry_run: bool,
        /// Restart what depends on something that is restarted, too.
        with_dependents: bool,
        /// Apply exactly these changes, or none.
        changes: Option<Vec<Change>>,
    },
    /// Get the screen of a service, and its changes from then on.
    AttachTerminal {
        /// The service.
        service: String,
        /// How high the client's terminal is.
        rows: u16,
        /// How wide it is.
        cols: u16,
    },
    /// Get no more changes.
    DetachTerminal(String),
    /// The client's terminal has another size.
    ResizeTerminal {
        /// The service.
        service: String,
        /// How high it is.
        rows: u16,
        /// How wide it is.
        cols: u16,
    },
    /// Send something to the stdin of a service.
    SendInput {
        /// The service.
        service: String,
        /// What to send.
        data: Vec<u8>,
    },
    /// End the session.
    Shutdown {
        /// Without grace: kill everything at once.
        force: bool,
    },
}

/// The names of all commands.
pub(super) const COMMANDS: [&str; 14] = [
    "get_snapshot",
    "get_logs",
    "start_service",
    "stop_service",
    "restart_service",
    "start_all",
    "stop_all",
    "shutdown",
    "reload",
    "get_events",
    "attach_terminal",
    "detach_terminal",
    "resize_terminal",
    "send_input",
];

/// Which log entries (docs/protocol.md, `get_logs`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogsQuery {
    /// Of this service only.
    pub service: Option<String>,
    /// At most so many; the server's default when absent.
    pub limit: Option<NonZeroU64>,
    /// From where.
    pub cursor: LogsCursor,
}

/// Which records (docs/protocol.md, `get_events`); the newest of those that match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventsQuery {
    /// At most so many; [`EventsQuery::LIMIT`] when absent.
    pub limit: Option<NonZeroU64>,
    /// Only records above this number.
    pub after: Option<u64>,
    /// Only records below this number.
    pub before: Option<NonZeroU64>,
}

/// Where in the log to look; always for the newest entries there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogsCursor {
    /// At the end of this session.
    #[default]
    End,
    /// Above this `seq`.
    After(u64),
    /// Below this `seq`, earlier sessions on disk included.
    Before(NonZeroU64),
}

impl LogsCursor {
    /// `after_seq` and `before_seq`.
    pub fn bounds(self) -> (Option<u64>, Option<u64>) {
        match self {
            Self::End => (None, None),
            Self::After(seq) => (Some(seq), None),
            Self::Before(seq) => (None, Some(seq.get())),
        }
    }
}

/// Why a command is refused before the services are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PayloadFault {
    /// No command has this name.
    #[error("there is no command \"{name}\"; the commands are {}", COMMANDS.join(", "))]
    UnknownCommand {
        /// As sent, trimmed.
        name: String,
    },
    /// The payload is a text, a number or a list.
    #[error("payload must be an object")]
    NotAnObject,
    /// The command is about one service.
    #[error("payload.service is required")]
    ServiceMissing,
    /// A service is named by its name.
    #[error("payload.service must be a string that is not empty")]
    ServiceNotText,
    /// A number that must be whole and above 0.
    #[error("payload.{field} must be a whole number above 0")]
    NotPositive {
        /// `limit`, `before_seq` or `before`.
        field: &'static str,
    },
    /// A number that must be whole.
    #[error("payload.{field} must be a whole number, 0 or above")]
    NotWhole {
        /// `after_seq` or `after`.
        field: &'static str,
    },
    /// One that is true or false.
    #[error("payload.{field} must be true or false")]
    NotBoolean {
        /// `force`, `dry_run` or `with_dependents`.
        field: &'static str,
    },
    /// A number that must be whole.
    #[error("payload.{field} must be a whole number")]
    NotSize {
        /// `rows` or `cols`.
        field: &'static str,
    },
    /// Something else than the changes of a `reload`.
    #[error("payload.changes must be a list as `reload` reports it")]
    NotChanges,
    /// Bytes that are not written as base64.
    #[error("payload.data must be base64 text")]
    NotBase64,
    /// Two cursors.
    #[error("payload.after_seq and payload.before_seq exclude each other: send one of them")]
    TwoCursors,
}

impl PayloadFault {
    /// The code on the wire.
    pub fn code(&self) -> Code {
        match self {
            Self::UnknownCommand { .. } => Code::UnknownCommand,
            _ => Code::InvalidPayload,
        }
    }

    /// The `error` of the ack.
    pub fn body(&self) -> ErrorBody {
        ErrorBody::new(self.code(), self.to_string())
    }
}

impl Command {
    /// Reads a name and a payload. Unknown payload fields are ignored, `null` counts as absent.
    pub fn interpret(name: &str, payload: Option<&Value>) -> Result<Self, PayloadFault> {
        let none = Map::new();
        let fields = || match payload {
            None | Some(Value::Null) => Ok(&none),
            Some(Value::Object(fields)) => Ok(fields),
            Some(_) => Err(PayloadFault::NotAnObject),
        };
        let service = || required_service(fields()?);
        match name {
            "get_snapshot" => fields().map(|_| Self::GetSnapshot),
            "get_logs" => LogsQuery::read(fields()?).map(Self::GetLogs),
            "get_events" => EventsQuery::read(fields()?).map(Self::GetEvents),
            "start_service" => service().map(Self::StartService),
            "stop_service" => service().map(Self::StopService),
            "restart_service" => service().map(Self::RestartService),
            "start_all" => fields().map(|_| Self::StartAll),
            "stop_all" => fields().map(|_| Self::StopAll),
            "reload" => Ok(Self::Reload {
                dry_run: flag(fields()?, "dry_run")?,
                with_dependents: flag(fields()?, "with_dependents")?,
                changes: changes(fields()?)?,
            }),
            "attach_terminal" => Ok(Self::AttachTerminal {
                service: service()?,
                rows: size(fields()?, "rows")?,
                cols: size(fields()?, "cols")?,
            }),
            "detach_terminal" => service().map(Self::DetachTerminal),
            "resize_terminal" => Ok(Self::ResizeTerminal {
                service: service()?,
                rows: size(fields()?, "rows")?,
                cols: size(fields()?, "cols")?,
            }),
            "send_input" => Ok(Self::SendInput {
                service: service()?,
                data: data(fields()?)?,
            }),
            "shutdown" => Ok(Self::Shutdown {
                force: flag(fields()?, "force")?,
            }),
            _ => Err(PayloadFault::UnknownCommand {
                name: name.to_owned(),
            }),
        }
    }

    /// Its name on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::GetSnapshot => "get_snapshot",
            Self::GetLogs(_) => "get_logs",
            Self::GetEvents(_) => "get_events",
            Self::StartService(_) => "start_service",
            Self::StopService(_) => "stop_service",
            Self::RestartService(_) => "restart_service",
            Self::StartAll => "start_all",
            Self::StopAll => "stop_all",
            Self::Reload { .. } => "reload",
            Self::AttachTerminal { .. } => "attach_terminal",
            Self::DetachTerminal(_) => "detach_terminal",
            Self::ResizeTerminal { .. } => "resize_terminal",
            Self::SendInput { .. } => "send_input",
            Self::Shutdown { .. } => "shutdown",
        }
    }

    /// Its payload on the wire; `None` where it needs none.
    pub fn payload(&self) -> Option<Value> {
        match self {
            Self::GetSnapshot
            | Self::StartAll
            | Self::StopAll
            | Self::Shutdown { force: false } => None,
            Self::Reload {
                dry_run,
                with_dependents,
                changes,
            } => {
                let flags = [("dry_run", *dry_run), ("with_dependents", *with_dependents)];
                let set = flags.into_iter().filter(|(_, is_set)| *is_set);
                let mut set: Map<_, _> = set
                    .map(|(name, _)| (name.to_owned(), json!(true)))
                    .collect();
                if let Some(changes) = changes {
                    set.insert("changes".to_owned(), json!(changes));
                }
                (!set.is_empty()).then_some(Value::Object(set))
            }
            Self::Shutdown { force: true } => Some(json!({ "force": true })),
            Self::GetLogs(query) => query.write(),
            Self::GetEvents(query) => query.write(),
            Self::AttachTerminal {
                service,
                rows,
                cols,
            }
            | Self::ResizeTerminal {
                service,
                rows,
                cols,
            } => Some(json!({ "service": service, "rows": rows, "cols": cols })),
            Self::SendInput { service, data } => {
                Some(json!({ "service": service, "data": encode(data) }))
            }
            Self::StartService(service)
            | Self::DetachTerminal(service)
            | Self::StopService(service)
            | Self::RestartService(service) => Some(json!({ "service": service })),
        }
    }
}

impl LogsQuery {
    fn read(fields: &Map<String, Value>) -> Result<Self, PayloadFault> {
        let service = match present(fields, "service") {
            None => None,
            Some(value) => Some(service_name(value)?),
        };
        let after = number(fields, "after_seq")?;
        let limit = positive(fields, "limit")?;
        let cursor = match (after, positive(fields, "before_seq")?) {
            (None, None) => LogsCursor::End,
            (Some(after), None) => LogsCursor::After(after),
            (None, Some(before)) => LogsCursor::Before(before),
            (Some(_), Some(_)) => return Err(PayloadFault::TwoCursors),
        };
        Ok(Self {
            service,
            limit,
            cursor,
        })
    }

    fn write(&self) -> Option<Value> {
        let (after, before) = self.cursor.bounds();
        let limit = self.limit.map(NonZeroU64::get);
        let fields = [
            (
                "service",
                self.service.as_ref().map(|service| json!(service)),
            ),
            ("limit", limit.map(Value::from)),
            ("after_seq", after.map(Value::from)),
            ("before_seq", before.map(Value::from)),
        ];
        present_only(fields)
    }
}

impl EventsQuery {
    /// The limit of those who do not say.
    pub const LIMIT: u64 = 1000;

    /// The limit that applies.
    pub fn effective_limit(&self) -> u64 {
        self.limit.map_or(Self::LIMIT, NonZeroU64::get)
    }

    fn read(fields: &Map<String, Value>) -> Result<Self, PayloadFault> {
        Ok(Self {
            limit: positive(fields, "limit")?,
            after: number(fields, "after")?,
            before: positive(fields, "before")?,
        })
    }

    fn write(&self) -> Option<Value> {
        present_only([
            ("limit", self.limit.map(|it| it.get().into())),
            ("after", self.after.map(Value::from)),
            ("before", self.before.map(|it| it.get().into())),
        ])
    }
}

/// An object of the fields that have a value; `None` if none has.
fn present_only<const N: usize>(fields: [(&str, Option<Value>); N]) -> Option<Value> {
    let fields = fields.into_iter();
    let fields: Map<_, _> = fields
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    (!fields.is_empty()).then_some(Value::Object(fields))
}

fn present<'a>(fields: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    fields.get(field).filter(|value| !value.is_null())
}

/// One that is false when absent.
fn flag(fields: &Map<String, Value>, field: &'static str) -> Result<bool, PayloadFault> {
    match present(fields, field) {
        None => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => Err(PayloadFault::NotBoolean { field }),
    }
}

fn changes(fields: &Map<String, Value>) -> Result<Option<Vec<Change>>, PayloadFault> {
    let changes = present(fields, "changes").map(Vec::<Change>::deserialize);
    changes.transpose().map_err(|_| PayloadFault::NotChanges)
}

fn required_service(fields: &Map<String, Value>) -> Result<String, PayloadFault> {
    service_name(present(fields, "service").ok_or(PayloadFault::ServiceMissing)?)
}

/// Byte for byte: names of services are not trimmed (docs/config.md, Services).
fn service_name(value: &Value) -> Result<String, PayloadFault> {
    match value.as_str() {
        Some(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => Err(PayloadFault::ServiceNotText),
    }
}

fn number(fields: &Map<String, Value>, field: &'static str) -> Result<Option<u64>, PayloadFault> {
    let Some(value) = present(fields, field) else {
        return Ok(None);
    };
    as_whole(value)
        .map(Some)
        .ok_or(PayloadFault::NotWhole { field })
}

fn as_whole(value: &Value) -> Option<u64> {
    value.as_number().and_then(whole)
}

/// One side of a terminal, at most as much as can be written.
fn size(fields: &Map<String, Value>, field: &'static str) -> Result<u16, PayloadFault> {
    let value = present(fields, field).and_then(as_whole);
    let value = value.ok_or(PayloadFault::NotSize { field })?;
    Ok(u16::try_from(value).unwrap_or(u16::MAX))
}

fn data(fields: &Map<String, Value>) -> Result<Vec<u8>, PayloadFault> {
    let text = present(fields, "data").and_then(Value::as_str);
    text.and_then(decode).ok_or(PayloadFault::NotBase64)
}

fn positive(
    fields: &Map<String, Value>,
    field: &'static str,
) -> Result<Option<NonZeroU64>, PayloadFault> {
    let Some(value) = present(fields, field) else {
        return Ok(None);
    };
    match as_whole(value).and_then(NonZeroU64::new) {
        Some(number) => Ok(Some(number)),
        None => Err(PayloadFault::NotPositive { field }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::{CAPABILITIES, HISTORY, TERMINALS};

    fn get_logs(payload: &Value) -> Result<LogsQuery, PayloadFault> {
        Command::interpret("get_logs", Some(payload)).map(|command| match command {
            Command::GetLogs(query) => query,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn every_capability_but_two_is_a_command_and_no_other_name_is() {
        let payload = json!({"service": "api", "rows": 1, "cols": 1, "data": ""});
        let (commands, groups) = CAPABILITIES.split_at(9);
        assert_eq!(commands, &COMMANDS[..9]);
        assert_eq!(groups, [HISTORY, TERMINALS]);
        for name in COMMANDS {
            assert_eq!(
                Command::interpret(name, Some(&payload)).unwrap().name(),
                name
            );
        }
        for name in ["", "Start_All", "re_load", "get_logs "] {
            let fault = Command::interpret(name, None).unwrap_err();
            assert_eq!(fault.code(), Code::UnknownCommand);
        }
    }

    #[test]
    fn a_payload_is_absent_null_or_an_object() {
        for name in [
            "get_snapshot",
            "get_logs",
            "get_events",
            "start_all",
            "stop_all",
            "reload",
            "shutdown",
        ] {
            for payload in [None, Some(json!(null)), Some(json!({"anything": [1]}))] {
                assert!(Command::interpret(name, payload.as_ref()).is_ok());
            }
            for payload in [json!([]), json!("api"), json!(1), json!(true)] {
                let fault = Command::interpret(name, Some(&payload)).unwrap_err();
                assert_eq!(fault, PayloadFault::NotAnObject);
            }
        }
    }

    #[test]
    fn one_service_is_named_as_it_is_written() {
        for name in ["start_service", "stop_service", "restart_service"] {
            let read = |payload: Value| Command::interpret(name, Some(&payload));
            assert_eq!(
                read(json!({"service": " api "})).unwrap().payload(),
                Some(json!({"service": " api "}))
            );
            assert_eq!(
                Command::interpret(name, None),
                Err(PayloadFault::ServiceMissing)
            );
            assert_eq!(read(json!({})), Err(PayloadFault::ServiceMissing));
            assert_eq!(
                read(json!({"service": null})),
                Err(PayloadFault::ServiceMissing)
            );
            assert_eq!(
                read(json!({"service": 1})),
                Err(PayloadFault::ServiceNotText)
            );
            assert_eq!(
                read(json!({"service": ""})),
                Err(PayloadFault::ServiceNotText)
            );
        }
    }

    #[test]
    fn sizes_are_whole_and_bytes_are_base64() {
        let attach = |payload: Value| Command::interpret("attach_terminal", Some(&payload));
        for (rows, read) in [
            (json!(0), 0),
            (json!(24.0), 24),
            (json!(10_000_000), u16::MAX),
        ] {
            let command = attach(json!({"service": "a", "rows": rows, "cols": 80})).unwrap();
            let Command::AttachTerminal { rows, cols, .. } = command else {
                panic!("{command:?}");
            };
            assert_eq!((rows, cols), (read, 80));
        }
        for odd in [json!(null), json!(-1), json!(1.5), json!("24")] {
            assert_eq!(
                attach(json!({"service": "a", "rows": odd, "cols": 80})),
                Err(PayloadFault::NotSize { field: "rows" })
            );
        }
        for odd in [
            json!(null),
            json!("a"),
            json!("====="),
            json!("cSB!"),
            json!([113]),
        ] {
            let payload = json!({"service": "a", "data": odd});
            assert_eq!(
                Command::interpret("send_input", Some(&payload)),
                Err(PayloadFault::NotBase64)
            );
        }
    }

    #[test]
    fn a_shutdown_has_grace_unless_it_is_forced() {
        let read = |payload: Value| Command::interpret("shutdown", Some(&payload));
        for payload in [json!({}), json!({"force": null}), json!({"force": false})] {
            assert_eq!(read(payload), Ok(Command::Shutdown { force: false }));
        }
        assert_eq!(
            read(json!({"force": true})),
            Ok(Command::Shutdown { force: true })
        );
        for odd in [json!(1), json!("true"), json!([])] {
            assert_eq!(
                read(json!({"force": odd})),
                Err(PayloadFault::NotBoolean { field: "force" })
            );
        }
    }

    #[test]
    fn get_logs_follows_its_rules() {
        assert_eq!(get_logs(&json!({})), Ok(LogsQuery::default()));
        assert_eq!(
            get_logs(&json!({"service": "api", "limit": 1e3, "after_seq": 0, "colour": 1})),
            Ok(LogsQuery {
                service: Some("api".to_owned()),
                limit: NonZeroU64::new(1000),
                cursor: LogsCursor::After(0),
            })
        );
        assert_eq!(
            get_logs(&json!({"before_seq": 7.0, "limit": null, "after_seq": null})),
            Ok(LogsQuery {
                cursor: LogsCursor::Before(NonZeroU64::new(7).unwrap()),
                ..LogsQuery::default()
            })
        );
        for odd in [
            json!(0),
            json!(-1),
            json!(1.5),
            json!("5"),
            json!([]),
            json!(1e300),
        ] {
            assert_eq!(
                get_logs(&json!({"limit": odd})),
                Err(PayloadFault::NotPositive { field: "limit" })
            );
            assert_eq!(
                get_logs(&json!({"before_seq": odd})),
                Err(PayloadFault::NotPositive {
                    field: "before_seq"
                })
            );
            if odd != json!(0) {
                assert_eq!(
                    get_logs(&json!({"after_seq": odd})),
                    Err(PayloadFault::NotWhole { field: "after_seq" })
                );
            }
        }
        assert_eq!(
            get_logs(&json!({"after_seq": 1, "before_seq": 9})),
            Err(PayloadFault::TwoCursors)
        );
        assert_eq!(
            get_logs(&json!({"service": 3})),
            Err(PayloadFault::ServiceNotText)
        );
    }

    fn command() -> impl Strategy<Value = Command> {
        let cursor = prop_oneof![
            Just(LogsCursor::End),
            any::<u64>().prop_map(LogsCursor::After),
            any::<NonZeroU64>().prop_map(LogsCursor::Before),
        ];
        let query = (prop::option::of(".+"), any::<Option<NonZeroU64>>(), cursor);
        prop_oneof![
            Just(Command::GetSnapshot),
            Just(Command::StartAll),
            Just(Command::StopAll),
            any::<bool>().prop_map(|force| Command::Shutdown { force }),
            any::<(Option<NonZeroU64>, Option<u64>, Option<NonZeroU64>)>().prop_map(
                |(limit, after, before)| {
                    Command::GetEvents(EventsQuery {
                        limit,
                        after,
                        before,
                    })
                }
            ),
            ".+".prop_map(Command::StartService),
            ".+".prop_map(Command::StopService),
            ".+".prop_map(Command::RestartService),
            (".+", any::<u16>(), any::<u16>()).prop_map(|(service, rows, cols)| {
                Command::AttachTerminal {
                    service,
                    rows,
                    cols,
                }
            }),
            (".+", any::<u16>(), any::<u16>()).prop_map(|(service, rows, cols)| {
                Command::ResizeTerminal {
                    service,
                    rows,
                    cols,
                }
            }),
            ".+".prop_map(Command::DetachTerminal),
            (".+", any::<Vec<u8>>())
                .prop_map(|(service, data)| Command::SendInput { service, data }),
            query.prop_map(|(service, limit, cursor)| Command::GetLogs(LogsQuery {
                service,
                limit,
                cursor
            })),
        ]
    }

    proptest! {
        #[test]
        fn what_one_end_writes_the_other_reads(command in command(), id in "[!-~]{1,9}") {
            let text = super::super::message::command(&id, &command);
            let envelope = super::super::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(&envelope.id, &id);
            prop_assert_eq!(
                Command::interpret(&envelope.name, envelope.payload.as_ref()),
                Ok(command)
            );
        }
    }
}
