//! Attempt after attempt: the task behind a client.

use tokio::time::Instant;

use super::calls::CommandError;
use super::client_state::ClientState;
use super::config::{ClientConfig, FindTarget, Persistence};
use super::connection::{self, Ended};
use super::dial::dial;
use super::queue::{Event, EventQueue};
use super::request::{Request, Requests, refuse};
use super::state::{ConnectionState, Failure};

/// Connects and reconnects until every handle is gone or the persistence gives up.
pub(super) async fn run(config: ClientConfig, mut requests: Requests, queue: EventQueue) {
    let state = ClientState::new(queue.clone(), config.timings, config.follow);
    let server = Server {
        find: config.target,
        agent: config.agent,
    };
    attempts(state, server, config.persistence, &mut requests).await;
    queue.close();
    requests.close();
    // Answer what was requested while the last attempt ended.
    refuse(&mut requests).await;
}

/// Where to connect, and what we call ourselves there.
struct Server {
    find: FindTarget,
    agent: &'static str,
}

async fn attempts(
    mut state: ClientState,
    server: Server,
    persistence: Persistence,
    requests: &mut Requests,
) {
    let mut failures = 0;
    state.put(Event::Connection(ConnectionState::Connecting));
    loop {
        let Ended::Failed(why) = attempt(&mut state, &server, requests).await else {
            return;
        };
        let lasted = state.disconnected();
        let connected_before = state.was_connected();
        let goes_on = match persistence {
            Persistence::Once => false,
            Persistence::OnceConnected => connected_before,
            Persistence::Always => true,
        };
        if !goes_on {
            let retry_at = None;
            state.put(Event::Connection(ConnectionState::Failing {
                retry_at,
                why,
            }));
            return;
        }
        if lasted.is_some_and(|lasted| lasted >= state.timings.settled) {
            failures = 0;
        }
        // A server that refuses us is not asked again soon.
        let wait = if why.is_refusal() {
            state.timings.backoff(usize::MAX)
        } else {
            state.timings.backoff(failures)
        };
        failures += 1;
        let retry_at = Instant::now() + wait;
        state.put(Event::Connection(failing(why, connected_before, retry_at)));
        if !waited(retry_at, requests).await {
            return;
        }
    }
}

fn failing(why: Failure, connected_before: bool, retry_at: Instant) -> ConnectionState {
    let retry_at = retry_at.into_std();
    if connected_before && !why.is_refusal() {
        ConnectionState::Reconnecting { retry_at, why }
    } else {
        let retry_at = Some(retry_at);
        ConnectionState::Failing { retry_at, why }
    }
}

async fn attempt(state: &mut ClientState, server: &Server, requests: &mut Requests) -> Ended {
    let target = match (server.find)() {
        Ok(target) => target,
        Err(failure) => return Ended::Failed(failure),
    };
    let dialled = tokio::select! {
        dialled = dial(&target, server.agent, &state.timings) => dialled,
        () = refuse(requests) => return Ended::Unwanted,
    };
    let (address, failure) = (&target.address, dialled.as_ref().err());
    tracing::debug!(target: "flowlayer::client", address, ?failure, "dialled");
    match dialled {
        Ok(socket) => connection::serve(socket, &target.address, state, requests).await,
        Err(failure) => Ended::Failed(failure),
    }
}

/// Waits for the next attempt; false if every handle is gone.
async fn waited(retry_at: Instant, requests: &mut Requests) -> bool {
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(retry_at) => return true,
            request = requests.recv() => match request {
                Some(Request::Order(order)) => order.fail(&CommandError::NotConnected),
                Some(Request::RetryNow) => return true,
                None => return false,
            },
        }
    }
}
