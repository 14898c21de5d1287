//! One connection: every decision about it, without I/O.
//!
//! The task that owns the socket names what happened ([`Event`]); `handle` decides; `fill` says
//! what goes out next. Replies and status events leave in the order in which they were decided;
//! details and log entries leave when nothing else waits.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Bytes;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message};

use super::commands::{CommandEffect, Commands};
use super::keepalive::{Activity, Due, Keepalive};
use super::log_feed::LogFeed;
use super::outbox::{Class, Outbox};
use super::render;
use super::terminals::Answer;
use crate::logs::{Logs, Page, Taken};
use crate::protocol::message;
use crate::runtime::{RequestId, Update};
use crate::session::config::{Limits, SessionConfig};

#[derive(Debug)]
pub(super) enum Event {
    /// A text or binary message came; the two are the same.
    Message(Bytes),
    /// A ping or a pong came.
    SignOfLife,
    /// The peer closes; the socket answers by itself.
    PeerCloses,
    /// What came breaks the rules of WebSocket: nothing more can be read.
    Broken(Farewell),
    /// The socket has ended or failed.
    Gone,
    /// Everything handed to the socket has been taken by the system.
    Flushed,
    Update(Update),
    RuntimeEnded,
    Logs(Taken),
    /// There are no more log entries now.
    NoMoreLogs,
    /// The answer to a [`CommandEffect::Query`].
    Page(RequestId, Page),
    /// The answer to a [`CommandEffect::Terminal`].
    Terminal(RequestId, Answer),
    /// What has changed on a screen, as an event.
    Screen(String),
    /// [`Conversation::wake_at`] has come.
    Time,
}

/// The state of the socket when an event came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// When the system last took bytes for the peer.
    pub(super) last_write: Instant,
    /// Everything that has come from the peer so far has been read, or is not to be read. After a
    /// long pause of our own, this tells a silent peer from one that we have not listened to.
    pub(super) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Farewell {
    SessionEnded,
    BrokenFrame,
    NotText,
    TooSlow,
    TooBig,
}

impl Farewell {
    fn frame(self) -> CloseFrame {
        let (code, reason) = match self {
            Self::SessionEnded => (1001, "the session has ended"),
            Self::BrokenFrame => (1002, "broken WebSocket frame"),
            Self::NotText => (1007, "text that is not UTF-8"),
            Self::TooSlow => (1008, "status events were not taken in time"),
            Self::TooBig => (1009, "message too big"),
        };
        CloseFrame {
            code: code.into(),
            reason: reason.into(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// The runtime has ended: what is pending goes out until this moment at the latest.
    Draining {
        until: Instant,
    },
    /// A close frame is to be sent, or has been; the rest of the handshake may take this long.
    Closing {
        farewell: Option<Farewell>,
        until: Instant,
        /// Whether the peer's side of the handshake can still be read.
        readable: bool,
    },
    Over(End),
}

/// How to leave the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    HangUp,
    /// Read what the peer still sends for a moment, so that it gets to read our close frame.
    Linger,
}

#[derive(Debug)]
pub(super) struct Conversation {
    config: Arc<SessionConfig>,
    phase: Phase,
    outbox: Outbox,
    /// The newest detail of each service, rendered; it replaces older ones.
    details: BTreeMap<usize, String>,
    logs: LogFeed,
    commands: Commands,
    keepalive: Keepalive,
    /// Whether the snapshot is on its way: nothing may come before it, so nothing is read either.
    introduced: bool,
    /// Whether all that was handed to the socket has been taken.
    idle: bool,
    last_write: Instant,
    was_reading: bool,
}

impl Conversation {
    /// A new connection; `hello` is the first thing it says.
    pub(super) fn new(config: Arc<SessionConfig>, logs: Logs, now: Instant) -> Self {
        let mut outbox = Outbox::default();
        outbox.push(Class::Status, message::hello(&render::hello(&config)));
        Self {
            commands: Commands::new(Arc::clone(&config), logs),
            config,
            phase: Phase::Open,
            outbox,
            details: BTreeMap::new(),
            logs: LogFeed::default(),
            keepalive: Keepalive::new(now),
            introduced: false,
            idle: true,
            last_write: now,
            was_reading: false,
        }
    }

    pub(super) fn handle(
        &mut self,
        now: Instant,
        line: Line,
        event: Event,
        effects: &mut Vec<CommandEffect>,
    ) {
        self.last_write = line.last_write;
        match event {
            Event::Message(text) => {
                self.keepalive.heard(now);
                if self.phase == Phase::Open {
                    self.commands.receive(&text, &mut self.outbox, effects);
                }
            }
            Event::SignOfLife => {
                self.keepalive.heard(now);
                // The socket may have a pong to send.
                self.idle = false;
            }
            Event::PeerCloses => self.close(now, None, true),
            Event::Broken(farewell) => self.close(now, Some(farewell), false),
            Event::Gone => self.phase = Phase::Over(End::HangUp),
            Event::Flushed => self.flushed(),
            Event::Update(update) => self.update(now, update),
            Event::RuntimeEnded => self.runtime_ended(now),
            Event::Logs(taken) => self.logs.take(taken),
            Event::NoMoreLogs => self.close(now, Some(Farewell::SessionEnded), true),
            Event::Page(request, page) => self.commands.page(request, &page, &mut self.outbox),
            Event::Terminal(request, answer) => {
                let outbox = &mut self.outbox;
                self.commands.terminal_answer(request, answer, outbox);
            }
            Event::Screen(text) => self.outbox.push(Class::Reply, text),
            Event::Time => {}
        }
        self.commands
            .start_queries(self.outbox.reply_bytes, effects);
        self.keep_time(now, line.quiet);
    }

    /// What goes to the socket now. To be called after every event until it gives nothing.
    pub(super) fn fill(&mut self, now: Instant, frames: &mut Vec<Message>) {
        match &mut self.phase {
            // Goes out behind what has been handed over, whether or not that is taken.
            Phase::Closing { farewell, .. } => {
                if let Some(farewell) = farewell.take() {
                    frames.push(Message::Close(Some(farewell.frame())));
                    self.idle = false;
                }
            }
            Phase::Open | Phase::Draining { .. } if self.idle => self.fill_open(now, frames),
            Phase::Open | Phase::Draining { .. } | Phase::Over(_) => {}
        }
    }

    fn fill_open(&mut self, now: Instant, frames: &mut Vec<Message>) {
        if self.keepalive.ping(now, &self.config.limits) {
            frames.push(Message::Ping(Bytes::new()));
        }
        if !self.outbox.is_empty() {
            self.outbox.fill(frames);
        } else if !self.details.is_empty() {
            let details = std::mem::take(&mut self.details);
            frames.extend(details.into_values().map(Message::text));
        } else {
            self.logs.fill(frames);
        }
        self.idle = frames.is_empty();
    }

    pub(super) fn reads(&self) -> bool {
        match self.phase {
            Phase::Open => {
                self.introduced
                    && self.commands.in_flight() < self.limits().commands_in_flight
                    && self.outbox.reply_bytes < self.limits().unsent_bytes
            }
            Phase::Closing { readable, .. } => readable,
            Phase::Draining { .. } | Phase::Over(_) => false,
        }
    }

    pub(super) fn flushes(&self) -> bool {
        !self.idle
    }

    /// Whether the runtime is listened to. Once it is not, it never is again.
    pub(super) fn listens(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Whether log entries should be fetched: there is nothing else to send.
    pub(super) fn wants_logs(&self) -> bool {
        let nothing_to_send = self.idle && self.outbox.is_empty() && self.logs.is_empty();
        match self.phase {
            Phase::Open => nothing_to_send && self.introduced,
            Phase::Draining { .. } => nothing_to_send && self.commands.no_queries(),
            Phase::Closing { .. } | Phase::Over(_) => false,
        }
    }

    /// Whether what has changed on screens should be fetched: before log entries, of which there may always be more.
    pub(super) fn wants_screens(&self) -> bool {
        self.phase == Phase::Open && self.idle && self.outbox.is_empty() && self.introduced
    }

    /// Whether those entries are the last ones.
    pub(super) fn wants_last_logs(&self) -> bool {
        matches!(self.phase, Phase::Draining { .. }) && self.wants_logs()
    }

    /// When [`Event::Time`] is due.
    pub(super) fn wake_at(&self) -> Instant {
        match self.phase {
            Phase::Open | Phase::Over(_) => self.keepalive.next(self.activity(), self.limits()),
            Phase::Draining { until } | Phase::Closing { until, .. } => until,
        }
    }

    /// Set when the connection is over.
    pub(super) fn end(&self) -> Option<End> {
        match self.phase {
            Phase::Over(end) => Some(end),
            _ => None,
        }
    }

    fn update(&mut self, now: Instant, update: Update) {
        match update {
            Update::Snapshot {
                request: None,
                services,
                config,
            } => {
                self.introduced = true;
                self.commands.introduced(&services);
                // They are older than this.
                self.details.clear();
                let text = message::snapshot(&render::snapshot(&services, &config));
                self.push_status(now, text);
            }
            Update::Snapshot {
                request: Some(request),
                services,
                config,
            } => {
                let outbox = &mut self.outbox;
                self.commands.snapshot(request, &services, &config, outbox);
            }
            Update::Status { view, at, .. } => {
                // A pending detail is older than this.
                self.details.remove(&view.service);
                let text = message::service_status(&render::service_status(&view, at));
                self.push_status(now, text);
            }
            Update::Detail { view, at } => {
                let text = message::service_detail(&render::service_detail(&view, at));
                self.details.insert(view.service, text);
            }
            Update::Ack { request, decision } => {
                self.commands.ack(request, decision, &mut self.outbox);
            }
            Update::Result {
                request,
                outcome,
                report,
            } => {
                let outbox = &mut self.outbox;
                self.commands.result(request, outcome, report, outbox);
            }
            Update::ConfigChanged(changed) => {
                self.push_status(now, message::config_changed(&changed));
            }
            Update::BootEnded(_) | Update::ShuttingDown => {}
        }
    }

    fn push_status(&mut self, now: Instant, text: String) {
        self.outbox.push(Class::Status, text);
        self.keepalive.status_waits(now);
        if self.outbox.status_bytes > self.limits().unsent_status_bytes {
            self.close(now, Some(Farewell::TooSlow), true);
        }
    }

    fn flushed(&mut self) {
        self.idle = true;
        if self.outbox.status_bytes == 0 {
            self.keepalive.no_status_waits();
        }
        if let Phase::Closing {
            readable: false,
            farewell: None,
            ..
        } = self.phase
        {
            self.phase = Phase::Over(End::Linger);
        }
    }

    fn runtime_ended(&mut self, now: Instant) {
        if self.phase == Phase::Open {
            self.phase = Phase::Draining {
                until: now + self.limits().drain,
            };
        }
    }

    fn close(&mut self, now: Instant, farewell: Option<Farewell>, readable: bool) {
        match self.phase {
            Phase::Open | Phase::Draining { .. } => {
                // An answer of the socket to the peer's close waits to be flushed.
                self.idle = false;
                self.phase = Phase::Closing {
                    farewell,
                    until: now + self.limits().close,
                    readable,
                };
            }
            // What breaks while we close no longer matters.
            Phase::Closing { .. } if !readable => self.phase = Phase::Over(End::HangUp),
            Phase::Closing { .. } | Phase::Over(_) => {}
        }
    }

    fn keep_time(&mut self, now: Instant, quiet: bool) {
        let reading = self.reads();
        if reading && !self.was_reading {
            self.keepalive.heard(now);
        }
        self.was_reading = reading;
        match self.phase {
            Phase::Open => match self.keepalive.due(now, self.activity(), self.limits()) {
                Due::Silent if quiet => self.phase = Phase::Over(End::HangUp),
                Due::Silent | Due::Nothing => {}
                Due::Stuck => self.close(now, Some(Farewell::TooSlow), true),
            },
            Phase::Draining { until } if now >= until => {
                self.close(now, Some(Farewell::SessionEnded), true);
            }
            Phase::Closing { until, .. } if now >= until => self.phase = Phase::Over(End::HangUp),
            Phase::Draining { .. } | Phase::Closing { .. } | Phase::Over(_) => {}
        }
    }

    fn activity(&self) -> Activity {
        Activity {
            reading: self.reads(),
            idle: self.idle,
            last_write: self.last_write,
        }
    }

    fn limits(&self) -> &Limits {
        &self.config.limits
    }
}
