//! The commands of one connection: from the text to the runtime or the log, and back.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::num::NonZeroU64;
use std::sync::Arc;

use super::outbox::{Class, Outbox};
use super::render;
use super::terminals::{Answer, Order};
use crate::facts::{ConfigState, ReloadReport};
use crate::logs::{Logs, Page, Query, RecordQuery};
use crate::protocol::{
    self, Code, Command, CommandEnvelope, ErrorBody, EventsQuery, LogsQuery, ResultPayload, message,
};
use crate::runtime::handle::Urgency;
use crate::runtime::{Action, Decision, Outcome, ReloadOptions, RequestId, StatusView};
use crate::screen::Size;
use crate::session::config::SessionConfig;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CommandEffect {
    Act(RequestId, Action),
    Reload(RequestId, ReloadOptions),
    Snapshot(RequestId),
    Query(RequestId, Asked),
    /// For [`super::terminals::Terminals`]: the service by index and name.
    Terminal(RequestId, usize, Arc<str>, Order),
}

/// A page that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Entries(Query),
    Records(RecordQuery),
}

/// A command without its result yet.
#[derive(Debug)]
struct Pending {
    id: String,
    /// The effective limit, reported with a page.
    limit: u64,
    /// The field of the result that has its items.
    items: &'static str,
}

#[derive(Debug)]
pub(super) struct Commands {
    config: Arc<SessionConfig>,
    /// For names and limits of `get_logs`: those of removed services stay.
    logs: Logs,
    /// The services of the newest snapshot.
    services: BTreeMap<Arc<str>, usize>,
    pending: HashMap<RequestId, Pending>,
    next_request: u64,
    /// Pages that were asked for while there was no room for them.
    waiting: VecDeque<(RequestId, Asked)>,
    running: usize,
}

impl Commands {
    pub(super) fn new(config: Arc<SessionConfig>, logs: Logs) -> Self {
        Self {
            config,
            logs,
            services: BTreeMap::new(),
            pending: HashMap::new(),
            next_request: 0,
            waiting: VecDeque::new(),
            running: 0,
        }
    }

    /// From here on these services can be named.
    pub(super) fn introduced(&mut self, services: &[Arc<StatusView>]) {
        let services = services.iter();
        self.services = services
            .map(|it| (Arc::clone(&it.name), it.service))
            .collect();
    }

    pub(super) fn in_flight(&self) -> usize {
        self.pending.len()
    }

    /// Whether no page is still to come.
    pub(super) fn no_queries(&self) -> bool {
        self.running == 0 && self.waiting.is_empty()
    }

    /// Takes one message of the client (docs/protocol.md, Messages).
    pub(super) fn receive(
        &mut self,
        text: &[u8],
        outbox: &mut Outbox,
        effects: &mut Vec<CommandEffect>,
    ) {
        let CommandEnvelope { id, name, payload } = match protocol::parse(text) {
            Ok(envelope) => envelope,
            Err(refused) => {
                let error = message::error(refused.id.as_deref(), &refused.fault.body());
                outbox.push(Class::Reply, error);
                return;
            }
        };
        let command = Command::interpret(&name, payload.as_ref()).map_err(|fault| fault.body());
        if let Err(refusal) = command.and_then(|command| self.begin(&id, &command, outbox, effects))
        {
            outbox.push(Class::Reply, message::ack(&id, Some(refusal)));
        }
    }

    /// Passes a command on. What the session answers itself is acknowledged here; what the runtime
    /// decides is acknowledged when it has decided.
    fn begin(
        &mut self,
        id: &str,
        command: &Command,
        outbox: &mut Outbox,
        effects: &mut Vec<CommandEffect>,
    ) -> Result<(), ErrorBody> {
        let request = RequestId(self.next_request);
        let (mut limit, mut items) = (0, "");
        let mut act = |action| effects.push(CommandEffect::Act(request, action));
        match command {
            Command::GetSnapshot => {
                outbox.push(Class::Reply, message::ack(id, None));
                effects.push(CommandEffect::Snapshot(request));
            }
            Command::GetLogs(asked) => {
                let query = self.query(asked, &mut limit)?;
                outbox.push(Class::Reply, message::ack(id, None));
                items = "entries";
                self.waiting.push_back((request, Asked::Entries(query)));
            }
            Command::GetEvents(asked) => {
                outbox.push(Class::Reply, message::ack(id, None));
                (limit, items) = (asked.effective_limit(), "events");
                let query = records(asked, limit);
                self.waiting.push_back((request, Asked::Records(query)));
            }
            Command::StartService(name) => act(Action::Start(self.service(name)?)),
            Command::StopService(name) => act(Action::Stop(self.service(name)?)),
            Command::RestartService(name) => act(Action::Restart(self.service(name)?)),
            Command::StartAll => act(Action::StartAll),
            Command::StopAll => act(Action::StopAll),
            Command::Reload {
                dry_run,
                with_dependents,
                changes,
            } => {
                let options = ReloadOptions {
                    dry_run: *dry_run,
                    with_dependents: *with_dependents,
                    expected: changes.clone(),
                };
                effects.push(CommandEffect::Reload(request, options));
            }
            Command::AttachTerminal {
                service,
                rows,
                cols,
            } => {
                let (rows, cols) = (*rows, *cols);
                let order = Order::Attach(Size { rows, cols });
                effects.push(self.terminal(request, service, order)?);
            }
            Command::ResizeTerminal {
                service,
                rows,
                cols,
            } => {
                let (rows, cols) = (*rows, *cols);
                let order = Order::Resize(Size { rows, cols });
                effects.push(self.terminal(request, service, order)?);
            }
            Command::DetachTerminal(service) => {
                effects.push(self.terminal(request, service, Order::Detach)?);
            }
            Command::SendInput { service, data } => {
                effects.push(self.terminal(request, service, Order::Send(data.clone()))?);
            }
            Command::Shutdown { force: true } => act(Action::Shutdown(Urgency::Now)),
            Command::Shutdown { force: false } => act(Action::Shutdown(Urgency::Graceful)),
        }
        self.next_request += 1;
        let id = id.to_owned();
        self.pending.insert(request, Pending { id, limit, items });
        Ok(())
    }

    fn query(&self, asked: &LogsQuery, limit: &mut u64) -> Result<Query, ErrorBody> {
        let service = match &asked.service {
            Some(name) => Some(self.logs.index_of(name).ok_or_else(|| unknown(name))?),
            None => None,
        };
        *limit = match asked.limit {
            Some(limit) => limit.get(),
            None => self.logs.default_limit(service),
        };
        let (after_seq, before_seq) = asked.cursor.bounds();
        Ok(Query {
            service,
            limit: usize::try_from(*limit).unwrap_or(usize::MAX),
            after_seq,
            before_seq,
        })
    }

    fn terminal(
        &self,
        request: RequestId,
        service: &str,
        order: Order,
    ) -> Result<CommandEffect, ErrorBody> {
        let known = self.services.get_key_value(service);
        let (name, index) = known.ok_or_else(|| unknown(service))?;
        let name = Arc::clone(name);
        Ok(CommandEffect::Terminal(request, *index, name, order))
    }

    /// What became of a [`CommandEffect::Terminal`].
    pub(super) fn terminal_answer(
        &mut self,
        request: RequestId,
        answer: Answer,
        outbox: &mut Outbox,
    ) {
        let Some(Pending { id, .. }) = self.pending.remove(&request) else {
            return;
        };
        match answer {
            Err(refusal) => outbox.push(Class::Reply, message::ack(&id, Some(refusal))),
            Ok(data) => {
                outbox.push(Class::Reply, message::ack(&id, None));
                let payload = ResultPayload {
                    ok: true,
                    error: None,
                    failed_services: Vec::new(),
                    data,
                };
                outbox.push(Class::Reply, message::result(&id, payload));
            }
        }
    }

    fn service(&self, name: &str) -> Result<usize, ErrorBody> {
        let known = self.services.get(name).copied();
        known.ok_or_else(|| unknown(name))
    }

    /// Starts pages that fit. Each may bring `page_bytes`, and what is fetched and what waits to be
    /// sent must stay within `unsent_bytes` together.
    pub(super) fn start_queries(&mut self, reply_bytes: usize, effects: &mut Vec<CommandEffect>) {
        let limits = &self.config.limits;
        while let Some(&(request, query)) = self.waiting.front() {
            let with_it = reply_bytes + (self.running + 1) * limits.page_bytes;
            let alone = self.running == 0 && reply_bytes == 0;
            if with_it > limits.unsent_bytes && !alone {
                return;
            }
            self.waiting.pop_front();
            self.running += 1;
            effects.push(CommandEffect::Query(request, query));
        }
    }

    pub(super) fn page(&mut self, request: RequestId, page: &Page, outbox: &mut Outbox) {
        self.running -= 1;
        if let Some(Pending { id, limit, items }) = self.pending.remove(&request) {
            let text = message::page(&id, items, page.json(), page.truncated, limit);
            outbox.push(Class::Reply, text);
        }
    }

    pub(super) fn snapshot(
        &mut self,
        request: RequestId,
        services: &[Arc<StatusView>],
        config: &ConfigState,
        outbox: &mut Outbox,
    ) {
        if let Some(Pending { id, .. }) = self.pending.remove(&request) {
            let payload = ResultPayload {
                ok: true,
                error: None,
                failed_services: Vec::new(),
                data: Some(render::snapshot(services, config)),
            };
            outbox.push(Class::Reply, message::result(&id, payload));
        }
    }

    pub(super) fn ack(&mut self, request: RequestId, decision: Decision, outbox: &mut Outbox) {
        let text = match decision {
            Decision::Accepted => self
                .pending
                .get(&request)
                .map(|pending| message::ack(&pending.id, None)),
            Decision::Busy(rejection) => self.pending.remove(&request).map(|pending| {
                let refusal = ErrorBody::new(Code::ServiceBusy, rejection.message);
                message::ack(&pending.id, Some(refusal))
            }),
        };
        if let Some(text) = text {
            outbox.push(Class::Reply, text);
        }
    }

    pub(super) fn result(
        &mut self,
        request: RequestId,
        outcome: Outcome,
        report: Option<Box<ReloadReport>>,
        outbox: &mut Outbox,
    ) {
        let Some(Pending { id, .. }) = self.pending.remove(&request) else {
            return;
        };
        let (error, failed_services) = match outcome {
            Outcome::Done => (None, Vec::new()),
            Outcome::EditedAgain { message } => {
                let error = ErrorBody::new(Code::ConfigChanged, message);
                (Some(error), Vec::new())
            }
            Outcome::Failed {
                message,
                failed_services,
            } => {
                let is_unusable = report.as_ref().is_some_and(|it| !it.problems.is_empty());
                let code = if is_unusable {
                    Code::InvalidConfig
                } else {
                    Code::InternalError
                };
                (Some(ErrorBody::new(code, message)), failed_services)
            }
        };
        let payload = ResultPayload {
            ok: error.is_none(),
            error,
            failed_services: failed_services.iter().map(ToString::to_string).collect(),
            data: report,
        };
        outbox.push(Class::Reply, message::result(&id, payload));
    }
}

fn records(asked: &EventsQuery, limit: u64) -> RecordQuery {
    RecordQuery {
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
        after: asked.after,
        before: asked.before.map(NonZeroU64::get),
    }
}

fn unknown(name: &str) -> ErrorBody {
    let message = format!("service \"{name}\" is not defined");
    ErrorBody::new(Code::UnknownService, message)
}
