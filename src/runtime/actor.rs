//! The one task that owns the pure core and performs its effects.
//!
//! Its `select!` only names what happened; [`Orchestrator`] decides; what is decided is performed
//! in order. Whatever takes time is done elsewhere and comes back as an event.

use std::io;

use tokio::sync::mpsc;
use tokio::time::{Duration, Instant};

use super::board::Board;
use super::handle::{Handle, Message, Update, Urgency};
use super::lifecycle::{self, Now};
use super::orchestrator::{Effect, Input, Orchestrator, Ticket, View, trace};
use super::perform::{Performer, Report};
use super::setup::Setup;
use crate::facts::{LastLine, ProcessInfo, Reason};
use crate::logs::Logs;
use crate::process::{self, Event, guardian};

/// The minimum interval between details (docs/protocol.md, `service_detail`).
const DETAIL_INTERVAL: Duration = Duration::from_secs(1);

/// The target of the decision trace: each message is a line of JSON.
pub const DECISIONS: &str = "flowlayer::decisions";

/// A stack that runs.
#[derive(Debug)]
pub struct Runtime {
    /// Commands in, status out.
    pub handle: Handle,
    task: tokio::task::JoinHandle<Ended>,
}

/// How a session ended.
#[derive(Debug, Default)]
pub struct Ended {
    /// Everything could be stopped and nothing is left.
    pub clean: bool,
    /// What is left although it was to be ended.
    pub left: Vec<ProcessInfo>,
    /// The session ended because its guardian had died.
    pub guardian_lost: bool,
}

impl Runtime {
    /// Takes over a stack; [`Handle::boot`] begins to start it. Must be called within a tokio runtime; `link` is
    /// what [`guardian::enter`] gave, `session` names this session in the markers of its processes.
    pub fn start(
        setup: Setup,
        session: &str,
        link: Option<guardian::Link>,
        logs: Logs,
    ) -> io::Result<Self> {
        let (processes_said, process_events) = mpsc::unbounded_channel();
        let said = move |event| {
            // The actor ends after the process room has.
            let _ = processes_said.send(event);
        };
        let processes = process::start(link, session, said)?;
        let (reports, reported) = mpsc::unbounded_channel();
        let (handle, inbox) = Handle::new();
        let services = &setup.services;
        let planned: Vec<_> = services.iter().map(|it| it.planned.clone()).collect();
        if is_tracing() {
            tracing::trace!(target: DECISIONS, "{}", trace::opening(&planned));
        }
        let core = Orchestrator::new(planned);
        let board = Board::new(services, &core);
        let lives = services.iter().map(|_| Life::default()).collect();
        let actor = Actor {
            began: Instant::now(),
            core,
            board,
            logs: logs.clone(),
            ended: Ended::default(),
            over: false,
            lives,
            send_details_at: None,
            performer: Performer::new(setup, processes, logs, reports),
        };
        let task = tokio::spawn(actor.run(inbox, process_events, reported));
        Ok(Self { handle, task })
    }

    /// Returns when the session has ended: after [`Handle::shutdown`], when nothing is left.
    pub async fn ended(self) -> Ended {
        drop(self.handle);
        // The task is never cancelled; should it panic, nothing is known to be clean.
        self.task.await.unwrap_or_default()
    }
}

struct Actor {
    /// Where the clock of the core begins.
    began: Instant,
    core: Orchestrator,
    board: Board,
    performer: Performer,
    /// Gets each status, as the phase of later lines.
    logs: Logs,
    ended: Ended,
    over: bool,
    /// What only the log knows of the last life of each service.
    lives: Vec<Life>,
    /// When to look for changed details; `None` while no service waits or there is no subscriber.
    send_details_at: Option<Instant>,
}

/// What only the log knows of the last life of a service.
#[derive(Default)]
struct Life {
    /// The number of the newest log entry when it began.
    began_after: u64,
    /// What it wrote last, once it has ended unasked.
    last_line: Option<Box<LastLine>>,
}

impl Life {
    fn complete(&self, view: &mut View) {
        if let Some(Reason::Exited(exit)) = &mut view.facts.reason {
            exit.last_line.clone_from(&self.last_line);
        }
    }
}

/// What can happen to the actor.
enum Happening {
    Message(Message),
    Process(Event),
    Report(Report),
    Deadline,
    DetailsDue,
}

impl Actor {
    async fn run(
        mut self,
        mut inbox: mpsc::UnboundedReceiver<Message>,
        mut processes: mpsc::UnboundedReceiver<Event>,
        mut reports: mpsc::UnboundedReceiver<Report>,
    ) -> Ended {
        while !self.over {
            let deadline = self.core.deadline().map(|at| self.began + at);
            let details = self.send_details_at;
            let happening = tokio::select! {
                Some(event) = processes.recv() => Happening::Process(event),
                Some(report) = reports.recv() => Happening::Report(report),
                Some(message) = inbox.recv() => Happening::Message(message),
                () = until(deadline) => Happening::Deadline,
                () = until(details) => Happening::DetailsDue,
            };
            self.happen(happening);
        }
        self.ended
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Message(message) => self.message(message),
            Happening::Process(event) => self.process(event),
            Happening::Report(report) => self.report(report),
            Happening::Deadline => self.input(Input::Tick),
            Happening::DetailsDue => self.send_details(),
        }
    }

    fn now(&self) -> Now {
        self.began.elapsed()
    }

    fn input(&mut self, input: Input) {
        let now = self.now();
        let traced = is_tracing().then(|| input.clone());
        let effects = self.core.handle(now, input);
        if let Some(input) = traced {
            tracing::trace!(target: DECISIONS, "{}", trace::step(now, &input, &effects));
        }
        self.perform(effects);
    }

    fn service(&mut self, service: usize, event: lifecycle::Event) {
        tracing::debug!(target: "flowlayer::runtime", service = self.core.name(service), ?event);
        self.input(Input::Service(service, event));
    }

    fn message(&mut self, message: Message) {
        match message {
            Message::Boot => self.input(Input::Boot),
            Message::Subscribe { id, updates } => {
                self.board.subscribe(id, updates);
                self.send_snapshot(id, None);
            }
            Message::Unsubscribe(id) => self.board.unsubscribe(id),
            Message::Snapshot(id, request) => self.send_snapshot(id, Some(request)),
            Message::Act(id, request, action) => {
                self.input(Input::Act(Ticket(id, request), action));
            }
            Message::Shutdown(urgency) => self.input(Input::Shutdown(urgency)),
            Message::HoldTeardown(held) => self.input(Input::HoldTeardown(held)),
        }
        self.schedule_details();
    }

    fn send_snapshot(&mut self, id: super::SubscriberId, request: Option<super::RequestId>) {
        for service in 0..self.core.len() {
            self.refresh(service);
        }
        let services = self.board.services();
        self.board.send(id, Update::Snapshot { request, services });
    }

    fn process(&mut self, event: Event) {
        match event {
            Event::GuardianLost => {
                self.ended.guardian_lost = true;
                self.input(Input::Shutdown(Urgency::Graceful));
            }
            Event::Finished { left } => {
                self.ended.left.clone_from(&left);
                self.input(Input::Finished(left));
            }
            event => {
                let count_changed = matches!(event, Event::Left { .. });
                if let Some((service, event)) = self.performer.process(event) {
                    self.service(service, event);
                }
                // Published like details that change with time.
                if count_changed && self.board.has_subscribers() {
                    let soon = Instant::now() + DETAIL_INTERVAL;
                    self.send_details_at.get_or_insert(soon);
                }
            }
        }
    }

    fn report(&mut self, report: Report) {
        if let Some((service, event)) = self.performer.report(report) {
            self.service(service, event);
        }
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Service(service, effect) => {
                    if matches!(effect, lifecycle::ServiceEffect::Spawn(_)) {
                        self.lives[service].began_after = self.logs.last_seq();
                    }
                    let name = self.core.name(service);
                    tracing::debug!(target: "flowlayer::runtime", service = name, ?effect);
                    self.performer.perform(service, effect);
                }
                Effect::Publish(service, mut view) => {
                    let life = &mut self.lives[service];
                    life.last_line = match view.facts.reason {
                        Some(Reason::Exited(_)) => {
                            self.logs.last_line(service, life.began_after).map(Box::new)
                        }
                        _ => None,
                    };
                    life.complete(&mut view);
                    let name = self.core.name(service);
                    tracing::debug!(target: "flowlayer::runtime", service = name, facts = ?view.facts);
                    self.logs.set_phase(service, view.facts.status);
                    self.board.publish(service, view, self.logs.last_seq());
                }
                Effect::Ack(Ticket(id, request), decision) => {
                    self.board.send(id, Update::Ack { request, decision });
                }
                Effect::Result(Ticket(id, request), outcome) => {
                    self.board.send(id, Update::Result { request, outcome });
                }
                Effect::BootEnded(end) => self.board.send_all(&Update::BootEnded(end)),
                Effect::ShuttingDown => self.board.send_all(&Update::ShuttingDown),
                Effect::KillAll => self.performer.kill_all(),
                Effect::Finish => self.performer.finish(),
                Effect::End { clean } => {
                    self.ended.clean = clean;
                    self.over = true;
                }
            }
        }
        self.schedule_details();
    }

    /// Details change with time only while a service waits, and matter only to subscribers.
    fn schedule_details(&mut self) {
        if self.send_details_at.is_none() && self.board.has_subscribers() && self.anyone_waits() {
            self.send_details_at = Some(Instant::now() + DETAIL_INTERVAL);
        }
    }

    fn anyone_waits(&self) -> bool {
        (0..self.core.len()).any(|service| self.core.is_waiting(service))
    }

    fn send_details(&mut self) {
        for service in 0..self.core.len() {
            if self.refresh(service) {
                self.board.send_detail(service);
            }
        }
        self.send_details_at = None;
        self.schedule_details();
    }

    /// Refreshes the published detail; true when it changed.
    fn refresh(&mut self, service: usize) -> bool {
        let mut view = self.core.view(self.now(), service);
        self.lives[service].complete(&mut view);
        let silent = view
            .facts
            .reason
            .as_ref()
            .is_none_or(|reason| reason.detail().is_none());
        if silent && view.facts.pid.is_some() && self.logs.holding() {
            view.facts.reason = Some(Reason::OutputHeld);
        }
        self.board.refresh(service, view)
    }
}

/// Whether the decision trace is on.
fn is_tracing() -> bool {
    tracing::enabled!(target: DECISIONS, tracing::Level::TRACE)
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
