//! What happened to a session after its boot, one line each.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::run::Run;
use crate::facts::{Reason, Status, Timestamp, What};

/// Something that happened, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Happened {
    /// When.
    pub timestamp: Timestamp,
    /// The number of the newest log entry then.
    pub seq: u64,
    /// What.
    pub text: String,
}

impl Run {
    /// What happened after the boot: commands, failures, what came up again, reloads, and the end.
    pub fn after_boot(&self) -> Vec<Happened> {
        let booted = self
            .records
            .iter()
            .position(|record| matches!(record.what, What::BootEnded(_)));
        let Some(booted) = booted else {
            return Vec::new();
        };
        let mut known = BTreeMap::new();
        let mut is_repeated = |what: &What| match what {
            What::Status(status) => {
                let told = (status.state.status, status.state.reason.clone());
                known.insert(Arc::clone(&status.service), told.clone()) == Some(told)
            }
            _ => false,
        };
        let records = self.records.iter().enumerate();
        records
            .filter_map(|(index, record)| {
                if is_repeated(&record.what) || index <= booted {
                    return None;
                }
                Some(Happened {
                    timestamp: record.timestamp,
                    seq: record.seq,
                    text: text(&record.what)?,
                })
            })
            .collect()
    }
}

fn text(what: &What) -> Option<String> {
    Some(match what {
        What::Command {
            by,
            command,
            service,
        } => {
            let service = service.as_ref().map(|it| format!(" {it}"));
            let by = if by.is_empty() { "a client" } else { &**by };
            format!("{command}{} by {by}", service.unwrap_or_default())
        }
        What::Refused { message, .. } => format!("refused: {message}"),
        What::Result {
            ok: false, message, ..
        } => format!("not done: {}", message.as_deref().unwrap_or_default()),
        What::Status(status) => {
            let state = &status.state;
            let is_told = match state.status {
                Status::Failed => true,
                Status::Stopped => state.reason.is_some(),
                _ => state.up,
            };
            let reason = state.reason.as_ref().and_then(Reason::detail);
            let reason = reason.map(|it| format!(": {it}"));
            let line = format!(
                "{} {}{}",
                status.service,
                state.status.as_str(),
                reason.unwrap_or_default()
            );
            return is_told.then_some(line);
        }
        What::Signal { service, signal } => match service {
            Some(service) => format!("{signal} to {service}"),
            None => format!("{signal} to everything"),
        },
        What::Reloaded { changes, .. } => match changes.len() {
            1 => "reloaded: 1 change".to_owned(),
            count => format!("reloaded: {count} changes"),
        },
        What::ShuttingDown => "the session ends".to_owned(),
        What::SessionEnded { clean: true, .. } => "the session has ended".to_owned(),
        What::SessionEnded { left, .. } => {
            let left: Vec<_> = left.iter().map(ToString::to_string).collect();
            format!("the session has ended; could not end {}", left.join(", "))
        }
        _ => return None,
    })
}
