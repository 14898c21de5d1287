//! What others hold of the runtime: commands in, status out.
//!
//! A subscriber gets one ordered stream. Snapshot, acks, status changes and results come through
//! the same channel, in the order the actor decided them, so nothing can overtake anything.

use std::sync::Arc;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::status::StatusView;
use crate::facts::{BootEnd, Change, ConfigChanged, ConfigState, ReloadReport};
use crate::screen::Consoles;

/// Identifies a subscriber for as long as the session lives; never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SubscriberId(pub u64);

/// Chosen by the subscriber; comes back with the ack and the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RequestId(pub u64);

/// Something a client wants done (docs/lifecycle.md, Commands). Services by index in the
/// name-sorted list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Bring one service up, its dependencies first.
    Start(usize),
    /// Take one service down.
    Stop(usize),
    /// Stop, then start.
    Restart(usize),
    /// Bring up everything with `autoStart`.
    StartAll,
    /// Take everything down, in reverse waves.
    StopAll,
    /// End the session. Unlike the others it is never refused: who asks while the session ends
    /// already waits for the same end.
    Shutdown(Urgency),
}

/// How to reload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReloadOptions {
    /// Only find out what it would do.
    pub dry_run: bool,
    /// Restart what depends on something that is restarted, too.
    pub with_dependents: bool,
    /// Apply exactly these changes, or none.
    pub expected: Option<Vec<Change>>,
}

/// Why an action is not taken on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// For people: what is in progress and what to do.
    pub message: String,
}

/// The answer to an action, sent before anything that it causes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[must_use]
pub enum Decision {
    /// Exactly one [`Outcome`] follows.
    Accepted,
    /// Nothing follows (`service_busy` on the wire).
    Busy(Rejection),
}

/// The terminal outcome of an accepted action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Done.
    Done,
    /// Not done, and why.
    Failed {
        /// A message that says what to do.
        message: String,
        /// Every failed and blocked service the action was about, sorted by name.
        failed_services: Vec<Arc<str>>,
    },
    /// A reload would change something else than what it was to apply, so it changed nothing.
    EditedAgain {
        /// A message that says so.
        message: String,
    },
}

/// One item of a subscriber's stream.
#[derive(Debug, Clone)]
pub enum Update {
    /// All services, sorted by name. First item of every subscription (`request` is `None`), the same
    /// after every reload, and the answer to [`Handle::snapshot`].
    Snapshot {
        /// The request it answers.
        request: Option<RequestId>,
        /// All services, sorted by name.
        services: Arc<[Arc<StatusView>]>,
        /// The configuration they come from.
        config: Arc<ConfigState>,
    },
    /// A status changed, or was asked to be repeated.
    Status {
        /// The service as it is now.
        view: Arc<StatusView>,
        /// When this was decided.
        at: SystemTime,
        /// `seq` of the newest log entry at that moment: what a service said before is at most
        /// this, what it says in its new status is more.
        after: u64,
    },
    /// What a service waits for has changed, but not its status; at most one a second a service, droppable.
    Detail {
        /// The service as it is now.
        view: Arc<StatusView>,
        /// When this was seen.
        at: SystemTime,
    },
    /// The answer to an action of this subscriber.
    Ack {
        /// The request it answers.
        request: RequestId,
        /// Taken on or not.
        decision: Decision,
    },
    /// The outcome of an accepted action of this subscriber.
    Result {
        /// The request it answers.
        request: RequestId,
        /// How it ended.
        outcome: Outcome,
        /// What a reload has found.
        report: Option<Box<ReloadReport>>,
    },
    /// The configuration was edited, or what was edited counts now.
    ConfigChanged(Arc<ConfigChanged>),
    /// The boot has resolved; sent once to every subscriber that was there.
    BootEnded(BootEnd),
    /// The session ends: no new starts from here on, and the teardown follows.
    ShuttingDown,
}

/// How urgently to shut down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Urgency {
    /// Reverse waves, with grace.
    Graceful,
    /// SIGKILL to everything at once.
    Now,
}

/// What the actor receives from handles.
#[derive(Debug)]
pub enum Message {
    /// Begin to start services. Until then nothing happens, so that subscribers miss nothing.
    Boot,
    /// Add a subscriber; the snapshot is its first item.
    Subscribe {
        /// Its id.
        id: SubscriberId,
        /// Its stream.
        updates: mpsc::UnboundedSender<Update>,
        /// What it calls itself, for the records of its commands.
        client: Arc<str>,
    },
    /// Forget a subscriber. Its actions go on; their results go nowhere.
    Unsubscribe(SubscriberId),
    /// Send a snapshot into the subscriber's stream.
    Snapshot(SubscriberId, RequestId),
    /// Do something.
    Act(SubscriberId, RequestId, Action),
    /// Read the configuration again and apply it.
    Reload(SubscriberId, RequestId, ReloadOptions),
    /// End the session.
    Shutdown(Urgency),
    /// Whether a session that ends is to wait before it takes services down.
    HoldTeardown(bool),
}

/// Cheap to clone; every method is one message to the actor and returns at once.
#[derive(Debug, Clone)]
pub struct Handle {
    messages: mpsc::UnboundedSender<Message>,
    next_subscriber: Arc<std::sync::atomic::AtomicU64>,
    consoles: Consoles,
}

impl Handle {
    /// A handle and the end of its channel that the actor reads.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Message>) {
        let (messages, inbox) = mpsc::unbounded_channel();
        (
            Self {
                messages,
                next_subscriber: Arc::default(),
                consoles: Consoles::default(),
            },
            inbox,
        )
    }

    /// Joins the stream of updates: a snapshot first, then every change after it, none lost and
    /// none doubled. Dropping the subscription ends it. The stream ends when the runtime has ended. `client` is
    /// what the subscriber calls itself.
    pub fn subscribe(&self, client: Arc<str>) -> Subscription {
        let id = SubscriberId(
            self.next_subscriber
                .fetch_add(1, std::sync::atomic::Ordering::Relaxed),
        );
        let (updates, stream) = mpsc::unbounded_channel();
        self.send(Message::Subscribe {
            id,
            updates,
            client,
        });
        Subscription {
            id,
            updates: stream,
            handle: self.clone(),
        }
    }

    /// The screens and the input of all services.
    pub fn consoles(&self) -> &Consoles {
        &self.consoles
    }

    /// Begins the boot. Call it once, after all subscribers of the boot have subscribed.
    pub fn boot(&self) {
        self.send(Message::Boot);
    }

    /// Asks for an action; an [`Update::Ack`] and, if accepted, an [`Update::Result`] come through
    /// the subscriber's stream.
    pub fn act(&self, subscriber: SubscriberId, request: RequestId, action: Action) {
        self.send(Message::Act(subscriber, request, action));
    }

    /// Asks for the configuration to be read again and applied. As with [`Handle::act`] an ack comes, and if
    /// accepted a result; the snapshot of the new plan before that.
    pub fn reload(&self, subscriber: SubscriberId, request: RequestId, options: ReloadOptions) {
        self.send(Message::Reload(subscriber, request, options));
    }

    /// Asks for a snapshot in the subscriber's stream.
    pub fn snapshot(&self, subscriber: SubscriberId, request: RequestId) {
        self.send(Message::Snapshot(subscriber, request));
    }

    /// Ends the session; a second call with [`Urgency::Now`] skips all grace.
    pub fn shutdown(&self, urgency: Urgency) {
        self.send(Message::Shutdown(urgency));
    }

    /// Holds the teardown at the end of the session until this is called with `false`, so that requests under
    /// way are answered first. Nothing is started meanwhile, and [`Urgency::Now`] does not wait.
    pub fn hold_teardown(&self, held: bool) {
        self.send(Message::HoldTeardown(held));
    }

    fn send(&self, message: Message) {
        // The actor is gone only after everything has ended; then nobody waits, and the
        // subscriber sees the end of its stream.
        let _ = self.messages.send(message);
    }
}

/// A place in the stream of updates.
#[derive(Debug)]
pub struct Subscription {
    /// To be named in requests.
    pub id: SubscriberId,
    /// Unbounded, because status is never dropped: the reader must bound it in time (a connection
    /// that takes nothing for 10 s is closed).
    pub updates: mpsc::UnboundedReceiver<Update>,
    handle: Handle,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.handle.send(Message::Unsubscribe(self.id));
    }
}
