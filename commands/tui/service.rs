//! A service: what the server says of it, and what the cockpit has seen of its starts.

use std::sync::Arc;

use flowlayer_core::facts::{Kind, OutputMode, Status, StoppedBy};
use flowlayer_core::protocol::{Details, ServiceState};

use crate::terminal::status::State;

/// A service that is not up after this time is a problem, in milliseconds.
const SLOW_MS: i64 = 10_000;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct ServiceModel {
    /// Byte for byte.
    pub(crate) name: Arc<str>,
    /// Its place among the names, which decides its colour.
    pub(crate) rank: usize,
    /// Its status.
    pub(crate) status: Status,
    /// The rest.
    pub(crate) details: Details,
    /// When its last start began, where that was seen, in milliseconds since 1970.
    pub(crate) began: Option<i64>,
    /// How long that start took until it was up, in milliseconds.
    pub(crate) took: Option<i64>,
}

impl ServiceModel {
    /// Its state.
    pub(crate) fn state(&self) -> State {
        State::of(self.status, &self.details)
    }

    /// Whether it has reached its terminal startup state. Other servers do not report that.
    pub(crate) fn is_up(&self) -> bool {
        self.details.up.unwrap_or(self.status == Status::Ready)
    }

    /// Whether there is something of it to stop: a process, or the start of one.
    pub(crate) fn has_process(&self) -> bool {
        match self.status {
            Status::Starting | Status::Running | Status::Stopping => true,
            Status::Ready => self.details.kind != Some(Kind::Oneshot) || self.details.pid.is_some(),
            Status::Unknown | Status::Stopped | Status::Failed => false,
        }
    }

    /// Whether it is down on purpose since the boot: `autoStart: false`, or not in `--only`.
    pub(crate) fn is_left_out(&self) -> bool {
        self.status == Status::Stopped && self.details.stopped_by == Some(StoppedBy::NotStarted)
    }

    /// How urgently somebody should look at it, 0 first: failed, blocked, or long not ready. `None` when nothing is
    /// wrong.
    pub(crate) fn problem(&self, now: i64) -> Option<u8> {
        let is_slow = || {
            let since = self.details.since;
            since.is_some_and(|since| now - since.0 >= SLOW_MS)
        };
        match self.state() {
            State::Failed => Some(0),
            State::Blocked => Some(1),
            State::Starting | State::Running | State::Stopping => is_slow().then_some(2),
            // What waits is as well as what it waits for.
            State::Waiting | State::Up | State::Done | State::Stopped => None,
        }
    }

    /// When its last start began, in milliseconds since 1970; where the cockpit has not seen that, its last change.
    pub(crate) fn started(&self) -> Option<i64> {
        self.began.or_else(|| Some(self.details.since?.0))
    }

    /// Where its page is.
    pub(crate) fn url(&self) -> Option<&str> {
        self.details.spec.as_ref()?.url.as_deref()
    }

    /// The groups it is in.
    pub(super) fn groups(&self) -> &[String] {
        let spec = self.details.spec.as_ref();
        spec.map_or(&[], |spec| &spec.groups)
    }

    /// Whether its lines are not to be among those of all.
    pub(crate) fn is_quiet(&self) -> bool {
        let spec = self.details.spec.as_ref();
        spec.is_some_and(|spec| spec.output == OutputMode::Quiet)
    }

    /// Whether it depends on the other directly.
    pub(crate) fn depends_on(&self, other: &Self) -> bool {
        let mut names = self.details.depends_on.iter();
        names.any(|name| **name == *other.name)
    }

    /// As it stands in a snapshot.
    pub(super) fn new(state: ServiceState) -> Self {
        Self {
            name: state.name.into(),
            rank: 0,
            status: state.status,
            details: state.details,
            began: None,
            took: None,
        }
    }

    /// Takes in a status of this time, in milliseconds since 1970.
    pub(crate) fn change(&mut self, at: i64, status: Status, details: Details) {
        let was_up = self.is_up();
        self.status = status;
        self.details = details;
        match status {
            Status::Starting => (self.began, self.took) = (Some(at), None),
            _ if self.is_up() && !was_up => self.took = self.began.map(|began| at - began),
            _ => {}
        }
    }
}
