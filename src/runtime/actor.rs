//! The one task that owns the pure core and performs its effects.
//!
//! Its `select!` only names what happened; [`Orchestrator`] decides; what is decided is performed
//! in order. Whatever takes time is done elsewhere and comes back as an event.

use std::io;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::{Duration, Instant};
use uuid::Uuid;

use super::board::Board;
use super::handle::{Decision, Handle, Message, Outcome, Update, Urgency};
use super::lifecycle::{self, Now};
use super::orchestrator::{Effect, Input, Orchestrator, Ticket, View, trace};
use super::perform::{Performer, Report, service_of};
use super::record::Recorder;
use super::reload::Reloads;
use super::setup::Setup;
use super::source::{Reread, Source};
use super::watch::Watch;
use super::{ReloadOptions, reload};
use crate::facts::{
    ConfigChanged, ConfigState, LastLine, ProcessInfo, Reason, ReloadReport, What, answered_by,
};
use crate::logs::Logs;
use crate::process::{self, Event, Mode, guardian};

/// The minimum interval between details (docs/protocol.md, `service_detail`).
const DETAIL_INTERVAL: Duration = Duration::from_secs(1);

/// From a write to a file of the configuration to the look at it.
const CHECK_DELAY: Duration = Duration::from_millis(100);

/// The target of the decision trace: each message is a line of JSON.
pub const DECISIONS: &str = "flowlayer::decisions";

const KILL: &str = "SIGKILL";

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
    /// what [`guardian::enter`] gave, `session` names this session in its records and, without hyphens, in the
    /// markers of its processes.
    pub fn start(
        setup: Setup,
        source: Source,
        session: Uuid,
        link: Option<guardian::Link>,
        logs: Logs,
    ) -> io::Result<Self> {
        let (processes_said, process_events) = mpsc::unbounded_channel();
        let said = move |event| {
            // The actor ends after the process room has.
            let _ = processes_said.send(event);
        };
        let processes = process::start(link, &session.simple().to_string(), said)?;
        let (reports, reported) = mpsc::unbounded_channel();
        let (handle, inbox) = Handle::new();
        let services = &setup.services;
        let planned: Vec<_> = services.iter().map(|it| it.planned.clone()).collect();
        if is_tracing() {
            tracing::trace!(target: DECISIONS, "{}", trace::opening(&planned));
        }
        let core = Orchestrator::new(planned);
        let board = Board::new(services, &core);
        logs.set_defaults(setup.log_defaults());
        let mut recorder = Recorder::new(logs.clone());
        recorder.session_started(&session.to_string(), &source.path, services.len());
        for (index, service) in services.iter().enumerate() {
            recorder.defined(board.view(index), service);
        }
        let lives = services.iter().map(|_| Life::default()).collect();
        let mut actor = Actor {
            began: Instant::now(),
            core,
            board,
            logs: logs.clone(),
            ended: Ended::default(),
            over: false,
            lives,
            recorder,
            send_details_at: None,
            reloads: Reloads::new(source),
            watch: None,
            edited: Edited::default(),
            check_at: None,
            performer: Performer::new(setup, processes, logs, handle.consoles().clone(), reports),
        };
        actor.watch = actor.performer.watch();
        actor.watch_files();
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

/// Shared with those who were told of it.
type Edited = Arc<ConfigChanged>;

struct Actor {
    /// Where the clock of the core begins.
    began: Instant,
    core: Orchestrator,
    board: Board,
    performer: Performer,
    reloads: Reloads,
    /// The files of the configuration; `None` where they cannot be watched.
    watch: Option<Watch>,
    /// What was published last of edits.
    edited: Edited,
    /// When to look whether the configuration has changed; `None` while nobody has written to its files.
    check_at: Option<Instant>,
    /// Gets each status, as the phase of later lines.
    logs: Logs,
    ended: Ended,
    over: bool,
    /// What only the log knows of the last life of each service.
    lives: Vec<Life>,
    recorder: Recorder,
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
    CheckDue,
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
            let check = self.check_at;
            let happening = tokio::select! {
                Some(event) = processes.recv() => Happening::Process(event),
                Some(report) = reports.recv() => Happening::Report(report),
                Some(message) = inbox.recv() => Happening::Message(message),
                () = until(deadline) => Happening::Deadline,
                () = until(details) => Happening::DetailsDue,
                () = until(check) => Happening::CheckDue,
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
            Happening::CheckDue => {
                self.check_at = None;
                // One of them may be a link to another file by now.
                self.watch_files();
                self.performer.check(&self.reloads.source);
            }
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
            Message::Boot => {
                self.recorder.write(What::BootStarted);
                self.input(Input::Boot);
            }
            Message::Subscribe {
                id,
                updates,
                client,
            } => {
                self.recorder.joined(id, client);
                self.board.subscribe(id, updates);
                self.send_snapshot(id, None);
                if self.edited.stale {
                    let edited = Arc::clone(&self.edited);
                    self.board.send(id, Update::ConfigChanged(edited));
                }
            }
            Message::Unsubscribe(id) => {
                self.board.unsubscribe(id);
                self.recorder.left(id);
            }
            Message::Snapshot(id, request) => self.send_snapshot(id, Some(request)),
            Message::Act(id, request, action) => {
                let ticket = Ticket(id, request);
                let name = |service| self.core.name(service).to_owned();
                self.recorder.action(ticket, action, &name);
                self.input(Input::Act(ticket, action));
            }
            Message::Reload(id, request, options) => {
                let ticket = Ticket(id, request);
                if !options.dry_run {
                    self.recorder.command(ticket, "reload", None);
                }
                self.performer.reread(&self.reloads.source, ticket, options);
            }
            Message::Shutdown(urgency) => {
                self.recorder.signalled();
                self.input(Input::Shutdown(urgency));
            }
            Message::HoldTeardown(held) => self.input(Input::HoldTeardown(held)),
        }
        self.schedule_details();
    }

    fn send_snapshot(&mut self, id: super::SubscriberId, request: Option<super::RequestId>) {
        for service in 0..self.core.len() {
            self.refresh(service);
        }
        let update = self.snapshot(request);
        self.board.send(id, update);
    }

    fn snapshot(&self, request: Option<super::RequestId>) -> Update {
        let path = self.reloads.source.path.display().to_string();
        let fingerprint = self.performer.fingerprint(&self.core);
        Update::Snapshot {
            request,
            services: self.board.services(),
            config: Arc::new(ConfigState { path, fingerprint }),
        }
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

    /// The configuration has been read again.
    fn reread(&mut self, ticket: Ticket, options: ReloadOptions, setup: Reread) {
        let answer = |actor: &Self, outcome, report| {
            let Ticket(id, request) = ticket;
            let decision = Decision::Accepted;
            actor.board.send(id, Update::Ack { request, decision });
            let report = Some(Box::new(report));
            let result = Update::Result {
                request,
                outcome,
                report,
            };
            actor.board.send(id, result);
        };
        let setup = match setup {
            Ok(setup) => setup,
            Err(problems) => {
                let (outcome, report) = self.reloads.refused(problems);
                self.recorder.result(ticket, &outcome);
                return answer(self, outcome, report);
            }
        };
        let changes = reload::changes(&self.core, &self.performer, &setup, &options);
        if options.dry_run {
            let problems = Vec::new();
            return answer(self, Outcome::Done, ReloadReport { changes, problems });
        }
        if options.expected.is_some_and(|expected| expected != changes) {
            let (outcome, report) = self.reloads.edited_again(changes);
            self.recorder.result(ticket, &outcome);
            return answer(self, outcome, report);
        }
        let reload = self
            .reloads
            .begin(&self.core, &self.performer, *setup, ticket, changes);
        self.input(Input::Reload(ticket, reload));
    }

    fn watch_files(&mut self) {
        if let Some(watch) = &mut self.watch {
            let services = self.performer.services.iter();
            let files = services.flat_map(|service| &service.env_files);
            let files = files.map(|file| file.path.clone());
            watch.set(files.chain([self.reloads.source.path.clone()]));
        }
    }

    /// The configuration has been read again to see whether it has changed.
    fn checked(&mut self, setup: Reread) {
        let edited = match setup {
            Err(problems) => ConfigChanged {
                stale: true,
                problems,
                changes: Vec::new(),
            },
            Ok(setup) => {
                let options = ReloadOptions::default();
                let changes = reload::changes(&self.core, &self.performer, &setup, &options);
                ConfigChanged {
                    stale: !changes.is_empty(),
                    problems: Vec::new(),
                    changes,
                }
            }
        };
        if edited != *self.edited {
            self.edited = Arc::new(edited);
            let update = Update::ConfigChanged(Arc::clone(&self.edited));
            self.board.send_all(&update);
        }
    }

    /// Looks soon whether the configuration has changed: after a moment, because editors write more than once.
    fn check_soon(&mut self) {
        let soon = Instant::now() + CHECK_DELAY;
        self.check_at.get_or_insert(soon);
    }

    /// From here on the definitions of a reload count.
    fn reloaded(&mut self, ticket: Ticket) {
        let Some((services, session)) = self.reloads.take(ticket) else {
            return;
        };
        for (index, setup) in services {
            if index == self.lives.len() {
                self.lives.push(Life::default());
                self.logs.add_service(Arc::clone(&setup.planned.name));
            }
            self.performer.define(index, setup);
        }
        self.performer.session = self.performer.session.reloaded(&session);
        let before = self.board.services();
        self.logs.set_defaults(self.performer.log_defaults());
        self.board
            .define(self.now(), &self.performer.services, &self.core);
        let changes = self.reloads.changes(ticket);
        self.recorder
            .reloaded(changes, &before, &self.board.services());
        for service in self.core.live() {
            let setup = &self.performer.services[service];
            self.recorder.defined(self.board.view(service), setup);
        }
        self.board.send_all(&self.snapshot(None));
        self.watch_files();
        self.check_soon();
    }

    fn report(&mut self, report: Report) {
        match report {
            Report::Reread(ticket, options, setup) => return self.reread(ticket, options, setup),
            Report::Checked(setup) => return self.checked(setup),
            Report::Touched => return self.check_soon(),
            // It reads the environment files, which may be all that was edited.
            Report::Prepared(..) if self.edited.stale => self.check_soon(),
            _ => {}
        }
        let prepared = match &report {
            Report::Prepared(life, ..) => Some(service_of(*life)),
            _ => None,
        };
        let step = self.performer.report(report);
        if let Some(service) = prepared {
            let setup = &self.performer.services[service];
            self.recorder.variables(service, setup);
        }
        if let Some((service, event)) = step {
            self.record_attempt(service, &event);
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
                    self.record_signal(service, &effect);
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
                    let seq = self.logs.last_seq();
                    let at = self.board.publish(service, view, seq);
                    self.recorder.status(self.board.view(service), at, seq);
                }
                Effect::Reloaded(ticket) => self.reloaded(ticket),
                Effect::Ack(ticket, decision) => {
                    self.recorder.ack(ticket, &decision);
                    if let Decision::Busy(_) = &decision {
                        self.reloads.forget(ticket);
                    }
                    let Ticket(id, request) = ticket;
                    self.board.send(id, Update::Ack { request, decision });
                }
                Effect::Result(ticket, outcome) => {
                    self.recorder.result(ticket, &outcome);
                    let report = self.reloads.forget(ticket);
                    let Ticket(id, request) = ticket;
                    let result = Update::Result {
                        request,
                        outcome,
                        report,
                    };
                    self.board.send(id, result);
                }
                Effect::BootEnded(end) => {
                    self.recorder.write(What::BootEnded(end));
                    self.board.send_all(&Update::BootEnded(end));
                }
                Effect::ShuttingDown => {
                    self.recorder.write(What::ShuttingDown);
                    self.board.send_all(&Update::ShuttingDown);
                }
                Effect::KillAll => {
                    self.recorder.write(What::Signal {
                        service: None,
                        signal: KILL.to_owned(),
                    });
                    self.performer.kill_all();
                }
                Effect::Finish => self.performer.finish(),
                Effect::End { clean } => {
                    self.ended.clean = clean;
                    self.recorder.write(What::SessionEnded {
                        clean,
                        left: self.ended.left.clone(),
                        guardian_lost: self.ended.guardian_lost,
                    });
                    self.over = true;
                }
            }
        }
        self.schedule_details();
    }

    /// Records the signal that an effect sends; none where nothing of the service is known to be left.
    fn record_signal(&self, service: usize, effect: &lifecycle::ServiceEffect) {
        let lifecycle::ServiceEffect::TakeDown(_, mode) = effect else {
            return;
        };
        let lives = self.core.view(self.now(), service).facts.pid.is_some();
        let signal = match mode {
            Mode::Kill => KILL.to_owned(),
            Mode::Leader | Mode::Terminate if lives => {
                let setup = &self.performer.services[service];
                setup.planned.spec.stop_signal.to_string()
            }
            Mode::Leader | Mode::Terminate | Mode::Watch => return,
        };
        let service = Some(self.core.name(service).into());
        self.recorder.write(What::Signal { service, signal });
    }

    /// Records an attempt of a probe that failed.
    fn record_attempt(&mut self, service: usize, event: &lifecycle::Event) {
        let error = match event {
            lifecycle::Event::ProbeFailed(_, error) => error.clone(),
            lifecycle::Event::ProbeStranger(_, holder) => answered_by(holder),
            _ => return,
        };
        self.recorder.probe_failed(self.board.view(service), error);
    }

    /// Details change with time only while a service waits, and matter only to subscribers.
    fn schedule_details(&mut self) {
        if self.send_details_at.is_none() && self.board.has_subscribers() && self.anyone_waits() {
            self.send_details_at = Some(Instant::now() + DETAIL_INTERVAL);
        }
    }

    fn anyone_waits(&self) -> bool {
        let all = 0..self.core.len();
        all.filter(|&it| !self.core.is_gone(it))
            .any(|service| self.core.is_waiting(service))
    }

    fn send_details(&mut self) {
        for service in self.core.live() {
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
