//! What every command that talks to a running session shares (docs/cli.md, Which session): finding
//! it, connecting to it within a bound, and saying in one line why that did not work.

pub(crate) mod action;
pub(crate) mod args;
pub(crate) mod drift;
mod errors;
pub(crate) mod find;
mod names;
pub(crate) mod report;
pub(crate) mod shutdown;
mod terminals;
pub(crate) mod watch;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use flowlayer_core::client::{self, ClientConfig, Connected, Persistence};
use flowlayer_core::facts::ConfigState;
use flowlayer_core::protocol::Token;

use self::args::SessionArgs;
use self::find::{Endpoint, Found, Selector};
use crate::config_file;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::color::Colors;
use crate::terminal::print;
use crate::timeout::Deadline;
use crate::tokio_runtime;

pub(crate) use errors::{no_api, runs_already, start_command};
pub(crate) use names::{resolve as resolve_names, resolve_with as resolve_names_with};
pub(crate) use terminals::{one_service, refusal, require_terminals};

/// Until a server that had no room for the connection is dialled again.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// How long a server that hangs up at once is dialled again.
const DROPPED_LIMIT: Duration = Duration::from_secs(2);

/// From dialling to the snapshot. A server on this machine needs
/// milliseconds.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// What a command does to a session, which decides whether one that nobody has named will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Only reads: the only running session is good enough.
    Read,
    /// Changes something, which must not happen to the stack of another project.
    Change,
}

/// The session of a command: where it was found, and how to find it again.
#[derive(Debug, Clone)]
pub(crate) struct TargetSession {
    selector: Selector,
    endpoint: Endpoint,
}

impl TargetSession {
    /// Finds the session, without talking to it yet.
    pub(crate) fn find(
        args: &SessionArgs,
        purpose: Purpose,
        colors: Colors,
    ) -> Result<Self, Failure> {
        let selector = selector(args)?;
        let found = find::session(&selector, Path::new("."))
            .map_err(|error| config_file::unusable(error, colors))?;
        let endpoint = match (found, purpose) {
            (Found::One(endpoint), _) => endpoint,
            (Found::Only(endpoint), Purpose::Read) => {
                print::stderr(&format!("{}\n", errors::is_guessed(&endpoint)));
                endpoint
            }
            (Found::Only(endpoint), Purpose::Change) => {
                return Err(errors::not_named(&endpoint));
            }
            (Found::Several(live), _) => return Err(errors::several(&live)),
        };
        Ok(Self { selector, endpoint })
    }

    /// Its address, token and process.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether a session is known to run there. Without one it may still: on another machine, or of
    /// another user.
    pub(crate) fn is_registered(&self) -> bool {
        self.endpoint.pid.is_some()
    }

    /// Whether the address is certain: it was named, or the session is registered.
    pub(crate) fn is_sure(&self) -> bool {
        self.selector.address.is_some() || self.is_registered()
    }

    /// The configuration of a client. Before each attempt it looks the session up again, because a
    /// restarted one may have another address and token.
    pub(crate) fn client_config(&self, persistence: Persistence) -> ClientConfig {
        let (endpoint, selector) = (self.endpoint.clone(), self.selector.clone());
        let find = move || find::refreshed(&endpoint, &selector).target();
        let mut config = ClientConfig::finding(Arc::new(find));
        config.persistence = persistence;
        config
    }

    /// The same for a command that waits for a session to appear: it searches anew before each attempt,
    /// and attempts follow each other quickly. With it comes where the last one went.
    pub(crate) fn patient_config(&self) -> (ClientConfig, Arc<Mutex<Endpoint>>) {
        let selector = self.selector.clone();
        let dialled = Arc::new(Mutex::new(self.endpoint.clone()));
        let last = Arc::clone(&dialled);
        let mut config = ClientConfig::finding(Arc::new(move || {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            // A configuration that is being edited, or a choice that has come up: stay.
            if let Ok(Found::One(found) | Found::Only(found)) =
                find::session(&selector, Path::new("."))
            {
                *last = found;
            }
            last.target()
        }));
        config.timings.backoff = [50, 100, 200, 500, 1000]
            .map(Duration::from_millis)
            .to_vec();
        (config, dialled)
    }

    pub(crate) fn find_again(&self) -> Self {
        match find::session(&self.selector, Path::new(".")) {
            Ok(Found::One(endpoint) | Found::Only(endpoint)) => Self {
                selector: self.selector.clone(),
                endpoint,
            },
            _ => self.clone(),
        }
    }

    /// Connects, and waits for the snapshot. Bounded; a connection that is
    /// lost later is not made again. Where the configuration has been edited since, standard error says so.
    pub(crate) async fn connect(&self) -> Result<Connected, Failure> {
        let connected = self.connect_without_note().await?;
        self.note_drift(connected.config.as_ref());
        Ok(connected)
    }

    /// Says on standard error that the configuration of this session has been edited, if it has.
    pub(crate) fn note_drift(&self, running: Option<&ConfigState>) {
        // A path of another machine says nothing here.
        if let Some(running) = running
            && self.is_registered()
        {
            drift::note(running);
        }
    }

    /// [`Self::connect`] without a look at the configuration.
    pub(crate) async fn connect_without_note(&self) -> Result<Connected, Failure> {
        let began = Instant::now();
        let connected = async {
            loop {
                let outcome = client::connect(self.client_config(Persistence::Once)).await;
                let again_until = match &outcome {
                    Err(client::Failure::Full(_)) => CONNECT_LIMIT,
                    // Dropped before it was heard, for a newer connection without credentials.
                    Err(client::Failure::NoHandshake { .. }) if self.is_registered() => {
                        DROPPED_LIMIT
                    }
                    _ => return outcome,
                };
                if began.elapsed() + AGAIN_AFTER >= again_until {
                    return outcome;
                }
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        };
        match tokio::time::timeout(CONNECT_LIMIT, connected).await {
            Ok(outcome) => outcome.map_err(|why| self.explain(&why)),
            Err(_) => Err(self.explain(&client::Failure::Unreachable {
                address: self.endpoint.place(),
                why: format!("no answer within {} s", CONNECT_LIMIT.as_secs()),
            })),
        }
    }

    /// [`TargetSession::connect`] of a command that has a limit of its own.
    pub(crate) async fn connect_by(
        &self,
        deadline: Option<Deadline>,
    ) -> Result<Connected, Failure> {
        let Some(deadline) = deadline else {
            return self.connect().await;
        };
        let connected = tokio::time::timeout_at(deadline.at, self.connect());
        connected.await.unwrap_or_else(|_| {
            Err(Failure::TimedOut(format!(
                "the session at {} has not answered within {deadline}",
                self.endpoint.place()
            )))
        })
    }

    /// The error for a connection that could not be made, or was lost.
    pub(crate) fn explain(&self, why: &client::Failure) -> Failure {
        errors::no_session(&self.endpoint, why)
    }
}

/// The ports of the services of a configuration's session, by name, if it runs and answers.
pub(crate) fn ports_of(config: &Path, colors: Colors) -> Option<BTreeMap<Arc<str>, u16>> {
    let args = SessionArgs {
        config: Some(config.to_owned()),
        ..SessionArgs::default()
    };
    let target = TargetSession::find(&args, Purpose::Read, colors).ok()?;
    if !target.is_registered() {
        return None;
    }
    let mut ports = BTreeMap::new();
    let asked = tokio_runtime::block_on(async {
        let services = target.connect().await?.services;
        ports.extend(services.iter().filter_map(|service| {
            let port = service.details.spec.as_ref()?.port?;
            Some((Arc::from(service.name.as_str()), port))
        }));
        Ok(Exit::SUCCESS)
    });
    asked.ok().map(|_| ports)
}

/// What the command line and the environment say of the session that is meant.
pub(crate) fn selector(args: &SessionArgs) -> Result<Selector, Failure> {
    if let Some(token) = &args.token {
        flowlayer_core::process::conceal_argument(token.expose());
    }
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    // What is not UTF-8 is no address and no token either: the replacement characters cause the error.
    let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
    let of_environment = variable("FLOWLAYER_ADDR").map(text);
    // The token in the environment belongs to the address there, if there is one.
    let token_counts = match (&args.addr, &args.config, &of_environment) {
        (Some(given), _, Some(address)) => given == address,
        (Some(_), _, None) | (None, None, Some(_)) => true,
        (None, _, _) => false,
    };
    let environment_token = match variable("FLOWLAYER_TOKEN").filter(|_| token_counts) {
        None => None,
        Some(token) => Some(Token::new(text(token)).map_err(|error| {
            Failure::Mistaken(format!(
                "the token in FLOWLAYER_TOKEN cannot be used: {error}"
            ))
        })?),
    };
    let address = match (args.addr.clone(), of_environment) {
        (None, Some(text)) if args.config.is_none() => {
            Some(self::args::address(&text).map_err(|error| {
                Failure::Mistaken(format!(
                    "the address {text:?} in FLOWLAYER_ADDR cannot be used: {error}"
                ))
            })?)
        }
        (given, _) => given,
    };
    Ok(Selector {
        address,
        token: args.token.clone(),
        config: args.config.clone(),
        environment_token,
    })
}
