//! Log entries as they travel (docs/protocol.md, log).

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};

use crate::facts::{Origin, Record, Stream, Timestamp};

/// One log line with its metadata. It borrows from the message it came in where it can.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry<'a> {
    /// Its number: contiguous over all services of a session, from 1.
    pub seq: u64,
    /// The service that wrote it.
    #[serde(borrow)]
    pub service: Cow<'a, str>,
    /// The service's status when the line was read; text, because nothing is decided by it.
    #[serde(borrow)]
    pub phase: Cow<'a, str>,
    /// Where the service wrote it to.
    pub stream: Stream,
    /// The line, without its end.
    #[serde(borrow)]
    pub message: Cow<'a, str>,
    /// When it was read.
    pub timestamp: Timestamp,
    /// The line goes on in the service's next entry.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// Who wrote it; left out for the service's own.
    #[serde(default, skip_serializing_if = "Origin::is_service")]
    pub origin: Origin,
}

/// The `data` of a `get_logs` result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPage<'a> {
    /// Ascending by `seq`.
    #[serde(borrow)]
    pub entries: Vec<LogEntry<'a>>,
    /// Whether entries that were asked for are not here.
    pub truncated: bool,
    /// The limit that applied.
    pub effective_limit: u64,
}

/// The `data` of a `get_events` result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPage {
    /// Ascending by `number`. What a later version records in a way that this one cannot read is left out.
    #[serde(deserialize_with = "readable")]
    pub events: Vec<Record>,
    /// Whether records that were asked for are not here.
    pub truncated: bool,
    /// The limit that applied.
    pub effective_limit: u64,
}

fn readable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Record>, D::Error> {
    let all = Vec::<serde_json::Value>::deserialize(deserializer)?;
    let records = all.into_iter();
    Ok(records
        .filter_map(|record| serde_json::from_value(record).ok())
        .collect())
}
