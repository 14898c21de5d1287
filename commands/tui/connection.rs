//! The connection to one session: the client library's events as messages, our effects as its
//! commands.

use std::num::NonZeroU64;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use flowlayer_core::client::{
    self, Client, ClientConfig, CommandError, ConnectionState, Entry, Event, Events, Failure,
    Follow, Missed, Reloaded, Reply, Start,
};
use flowlayer_core::facts::{ConfigChanged, ReloadReport, Status};
use flowlayer_core::protocol::{Code, Command, LogsCursor, LogsQuery};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

use super::exporting;
use super::log::export::Export;

use super::log::page::PageRequest;
use super::log::window::Cursor;
use super::log::{Content, Item, Place};
use super::message::{Answer, CommandId, Link, Listener, Message, NoPage, Order, Outcome, Page};
use crate::session::find::{self, Endpoint, Selector};

/// How many of the newest lines come by themselves at the start.
const NEWEST: usize = 500;
/// How many of the lines that were missed come by themselves; the rest is paged when it is read.
const MISSED: usize = 2_000;

/// What the cockpit calls itself.
const AGENT: &str = concat!("flowlayer/", env!("CARGO_PKG_VERSION"), " tui");

/// One connection. Dropping it closes it.
pub(crate) struct SessionConnection {
    client: Client,
    events: Events,
    /// Where it dials, as of the last attempt.
    pub(crate) endpoint: Arc<Mutex<Endpoint>>,
    /// Answers carry it, so that those of another session are recognised.
    pub(crate) epoch: u64,
    answers: UnboundedSender<Answer>,
    /// The log that is being written to a file; ends with the connection.
    exporting: JoinSet<()>,
    has_met: bool,
}

impl SessionConnection {
    /// Connects, and reconnects for ever.
    pub(crate) fn start(
        endpoint: Endpoint,
        selector: Arc<Selector>,
        epoch: u64,
        answers: UnboundedSender<Answer>,
    ) -> Self {
        let endpoint = Arc::new(Mutex::new(endpoint));
        let dialled = Arc::clone(&endpoint);
        let mut config = ClientConfig::finding(Arc::new(move || {
            let mut now = dialled.lock().unwrap_or_else(PoisonError::into_inner);
            *now = find::refreshed(&now, &selector);
            now.target()
        }));
        config.agent = AGENT;
        config.follow = Some(Follow {
            start: Start::Newest(NEWEST),
            missed: Missed::Window(MISSED),
        });
        let (client, events) = client::start(config);
        Self {
            client,
            events,
            endpoint,
            epoch,
            answers,
            exporting: JoinSet::new(),
            has_met: false,
        }
    }

    /// Waits for what happens next. Cancel-safe.
    pub(crate) async fn next(&mut self, now: i64) -> Message {
        while let Some(event) = self.events.next().await {
            if let Some(message) = self.message(event, now) {
                return message;
            }
        }
        // It never ends by itself; should it, nothing more will happen.
        std::future::pending().await
    }

    /// What has happened already.
    pub(crate) fn try_next(&mut self, now: i64) -> Option<Message> {
        loop {
            let event = self.events.try_next()?;
            if let Some(message) = self.message(event, now) {
                return Some(message);
            }
        }
    }

    /// What an event means for the model, if anything.
    fn message(&mut self, event: Event, now: i64) -> Option<Message> {
        Some(match event {
            // Every snapshot comes with one, and the header shows the path that was dialled by.
            Event::Config(_) | Event::Terminal(_) | Event::TerminalLost(_) => return None,
            Event::ConfigChanged(changed) => Message::ConfigChanged(changed),
            Event::Connection(state) => Message::Link(link(state, now)),
            Event::Session(session) => Message::Hello {
                is_new: session.restarted || !std::mem::replace(&mut self.has_met, true),
                session_id: session.hello.session_id,
            },
            Event::Snapshot(states) => Message::Snapshot(states),
            Event::Status { state, at } => Message::Status { state, at },
            Event::Detail(state) => Message::Detail(state),
            Event::Logs(entries) => Message::Lines(items(entries)),
            Event::Gap(gap) => Message::Gap {
                first: gap.first,
                last: gap.last,
            },
        })
    }

    /// Tries again now.
    pub(crate) fn retry(&self) {
        self.client.retry_now();
    }

    /// Sends a command; what becomes of it comes as answers.
    pub(crate) fn send(&self, id: CommandId, order: &Order) {
        let command = match order {
            Order::Start(name) => Command::StartService(name.to_string()),
            Order::Stop(name) => Command::StopService(name.to_string()),
            Order::Restart(name) => Command::RestartService(name.to_string()),
            Order::StartAll => Command::StartAll,
            Order::StopAll => Command::StopAll,
            Order::Reload(changes) => Command::Reload {
                dry_run: false,
                with_dependents: false,
                changes: Some(changes.clone()),
            },
        };
        let mut call = self.client.call(command);
        let (answers, epoch) = (self.answers.clone(), self.epoch);
        tokio::spawn(async move {
            // The receiver is gone once the program ends.
            let answer = |message| drop(answers.send(Answer { epoch, message }));
            if call.accepted().await.is_ok() {
                answer(Message::Accepted(id));
            }
            let outcome = outcome(call.finished().await);
            answer(Message::Finished { id, outcome });
        });
    }

    /// Writes the log to a file; how far it is comes as answers. Another one that is being written is given up.
    pub(crate) fn export(&mut self, export: Export, path: String) {
        let (client, answers, epoch) = (self.client.clone(), self.answers.clone(), self.epoch);
        self.exporting.abort_all();
        self.exporting.spawn(async move {
            // The receiver is gone once the program ends.
            let answer = |message| drop(answers.send(Answer { epoch, message }));
            let report = |saving| answer(Message::Saving(saving));
            let result = exporting::write(&client, &export, Path::new(&path), report).await;
            answer(Message::Saved(result.map(|()| path)));
        });
    }

    /// Stops writing; what is in the file stays.
    pub(crate) fn stop_exporting(&mut self) {
        self.exporting.abort_all();
    }

    /// Asks for log entries; they come as an answer.
    pub(crate) fn fetch(&self, request: PageRequest) {
        let query = LogsQuery {
            service: request.service.as_deref().map(str::to_owned),
            limit: NonZeroU64::new(request.limit),
            cursor: match request.cursor {
                Cursor::End => LogsCursor::End,
                Cursor::Before(seq) => {
                    NonZeroU64::new(seq).map_or(LogsCursor::End, LogsCursor::Before)
                }
            },
        };
        let (client, answers, epoch) = (self.client.clone(), self.answers.clone(), self.epoch);
        tokio::spawn(async move {
            let answer = client.logs(query).await;
            let result = answer
                .map(|page| Page {
                    entries: items(page.entries),
                    is_truncated: page.truncated,
                })
                .map_err(|error| match error {
                    CommandError::NotConnected | CommandError::Disconnected => NoPage::Disconnected,
                    error => NoPage::Failed(error.to_string()),
                });
            let message = Message::Page { request, result };
            let _ = answers.send(Answer { epoch, message });
        });
    }
}

fn outcome(result: Result<Reply, CommandError>) -> Outcome {
    match result {
        Ok(Reply::Reload(Reloaded {
            error: Some(error),
            report,
            ..
        })) if error.is(Code::ConfigChanged) || !report.problems.is_empty() => {
            let ReloadReport { changes, problems } = report;
            let stale = !(changes.is_empty() && problems.is_empty());
            let now = ConfigChanged {
                stale,
                problems,
                changes,
            };
            Outcome::NotReloaded {
                why: error.message,
                now: Box::new(now),
            }
        }
        Ok(Reply::Reload(Reloaded {
            error: Some(error),
            failed_services,
            ..
        }))
        | Err(CommandError::Failed {
            error,
            failed_services,
        }) => Outcome::Failed {
            why: error.message,
            services: failed_services,
        },
        Ok(_) => Outcome::Done,
        Err(CommandError::Refused(error)) => Outcome::Refused(error.message),
        Err(error) => Outcome::Lost(error.to_string()),
    }
}

fn items(entries: Vec<Entry>) -> Vec<Arc<Item>> {
    let entries = entries.into_iter();
    entries.map(|entry| Arc::new(item(entry))).collect()
}

/// A line of the log.
pub(super) fn item(entry: Entry) -> Item {
    Item {
        place: Place::line(entry.seq),
        at: entry.timestamp.0,
        service: Some(entry.service),
        phase: phase(&entry.phase),
        content: Content::Line {
            stream: entry.stream,
            partial: entry.partial,
            text: entry.message,
        },
    }
}

/// A status by its name.
fn phase(word: &str) -> Option<Status> {
    use Status::{Failed, Ready, Running, Starting, Stopped, Stopping, Unknown};
    let all = [Running, Ready, Stopping, Starting, Failed, Stopped, Unknown];
    all.into_iter().find(|status| status.as_str() == word)
}

fn link(state: ConnectionState, now: i64) -> Link {
    let at = |moment: Instant| {
        let left = moment.saturating_duration_since(Instant::now()).as_millis();
        now + i64::try_from(left).unwrap_or(0)
    };
    match state {
        ConnectionState::Connecting => Link::Connecting,
        ConnectionState::Connected => Link::Connected,
        ConnectionState::Reconnecting { retry_at, why } => Link::Reconnecting {
            retry_at: at(retry_at),
            why: why.to_string(),
        },
        ConnectionState::Failing { retry_at, why } => match why {
            Failure::TokenRequired(_) => Link::TokenRequired,
            Failure::InvalidToken(_) => Link::InvalidToken,
            Failure::NotFlowLayer { .. } | Failure::WrongVersion { .. } => Link::Incompatible {
                why: why.to_string(),
            },
            _ => Link::Unreachable {
                retry_at: retry_at.map_or(now, at),
                listener: match &why {
                    Failure::Refused(_) | Failure::NotRunning(_) => Listener::Absent,
                    Failure::NoHandshake { .. } | Failure::Full(_) | Failure::Silent(_) => {
                        Listener::Present
                    }
                    _ => Listener::Unknown,
                },
                why: why.to_string(),
            },
        },
    }
}
