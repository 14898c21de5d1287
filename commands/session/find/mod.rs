//! Finds the session of a command (docs/cli.md, Which session).

use std::path::{Path, PathBuf};

use flowlayer_core::client::{Failure, Recipient, Target};
use flowlayer_core::config::{self, Bind, BindChoice, ConfigError, PortZero};
use flowlayer_core::protocol::Token;
use flowlayer_core::session::registry::{self, LiveSession};

use crate::config_file;
use crate::terminal::diagnostics::shown_path;

/// Where the documents say a server is when nothing else is known.
pub(crate) const DEFAULT_ADDRESS: &str = "127.0.0.1:6999";

/// What was given on the command line and in the environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selector {
    /// `-addr`, else, without `-config`, `FLOWLAYER_ADDR`.
    pub(crate) address: Option<String>,
    pub(crate) token: Option<Token>,
    pub(crate) config: Option<PathBuf>,
    /// `FLOWLAYER_TOKEN`, where it belongs to the address.
    pub(crate) environment_token: Option<Token>,
}

/// A session, or the address where one is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// Where to dial; `None` for a session without an API, and for one that does not run and may
    /// come up anywhere.
    pub(crate) address: Option<String>,
    /// What to present.
    pub(crate) token: Option<Token>,
    /// The configuration it runs, when that is known.
    pub(crate) config: Option<PathBuf>,
    /// The process that a signal would go to; known of a session that runs, and of no other.
    pub(crate) pid: Option<u32>,
    /// Its id; known together with `pid`.
    pub(crate) session_id: Option<String>,
    /// Whose address it is now, when that is the session of another configuration: nobody to talk to
    /// under this one's name.
    pub(crate) taken_by: Option<PathBuf>,
    /// Who may get the token there.
    pub(crate) recipient: Recipient,
    /// How it was found, as text.
    pub(crate) found: &'static str,
}

impl Selector {
    /// The token that was given; that of the environment belongs to an address.
    fn token(&self) -> Option<Token> {
        let of_address = self.address.as_ref().and(self.environment_token.as_ref());
        self.token.as_ref().or(of_address).cloned()
    }
}

impl Endpoint {
    /// A session that runs, with this token, else its own.
    fn to(session: &LiveSession, token: Option<Token>, found: &'static str) -> Self {
        let own = || session.api.as_ref().map(|api| api.token.clone());
        Self {
            address: session.address().map(str::to_owned),
            token: token.or_else(own),
            config: Some(session.config.clone()),
            pid: Some(session.pid),
            session_id: Some(session.session_id.clone()),
            taken_by: None,
            recipient: Recipient::Anybody,
            found,
        }
    }

    /// An address of which nothing else is known, and that the user has not named.
    fn at(address: Option<String>, token: Option<Token>, found: &'static str) -> Self {
        Self {
            address,
            token,
            config: None,
            pid: None,
            session_id: None,
            taken_by: None,
            recipient: Recipient::OwnOrRoot,
            found,
        }
    }

    /// The configuration, for messages.
    pub(crate) fn shown_config(&self) -> String {
        let config = self.config.as_deref();
        config.map_or_else(|| "an unknown configuration".to_owned(), shown_path)
    }

    /// Where it is, in one word.
    pub(crate) fn place(&self) -> String {
        self.address.clone().unwrap_or_else(|| self.shown_config())
    }

    /// What to dial, or why there is nothing to dial.
    pub(crate) fn target(&self) -> Result<Target, Failure> {
        match (&self.address, &self.taken_by, self.pid) {
            (Some(address), Some(other), _) => Err(Failure::Unreachable {
                address: address.clone(),
                why: format!("the session of {} has this address", shown_path(other)),
            }),
            (Some(address), None, _) => Ok(Target {
                address: address.clone(),
                token: self.token.clone(),
                recipient: self.recipient,
            }),
            (None, _, Some(pid)) => Err(Failure::NoApi {
                config: self.shown_config(),
                pid,
            }),
            (None, _, None) => Err(Failure::NotRunning(self.shown_config())),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Found {
    /// The session that is meant.
    One(Endpoint),
    /// The only one that runs, where nothing says which is meant.
    Only(Endpoint),
    /// Any of these; the user has to choose.
    Several(Vec<LiveSession>),
}

/// Looks for the session meant: the address given; else the session of the configuration given, or
/// of the one in the directory or above; without any, the sessions that run. A configuration that was
/// given has to be valid unless its session is live.
pub(crate) fn session(selector: &Selector, directory: &Path) -> Result<Found, ConfigError> {
    choose(selector, directory, registry::list())
}

fn choose(
    selector: &Selector,
    directory: &Path,
    live: Vec<LiveSession>,
) -> Result<Found, ConfigError> {
    if let Some(address) = &selector.address {
        return Ok(Found::One(at_address(selector, address, &live)));
    }
    let own = |path: &Path, found| {
        let session = live.iter().find(|session| is_same(&session.config, path));
        session.map(|session| Found::One(Endpoint::to(session, selector.token(), found)))
    };
    if let Some(path) = &selector.config {
        if let Some(own) = own(path, "the session of the configuration given") {
            return Ok(own);
        }
        let session = config::session(path)?;
        if let Some(live) = at_its_address(&session, &live) {
            let found = "the session with the address and token of the configuration given";
            return Ok(Found::One(Endpoint::to(live, selector.token(), found)));
        }
        let usual = || (session.bind != Some(BindChoice::Auto)).then(|| DEFAULT_ADDRESS.to_owned());
        let address = session.dial().or_else(usual);
        let endpoint = Endpoint::at(address, None, "the configuration given");
        return Ok(configured(selector, path, &session, &live, endpoint));
    }
    if let Some(path) = config_file::nearest(directory) {
        if let Some(own) = own(&path, "the session of the configuration here") {
            return Ok(own);
        }
        // One that is being edited may say nothing of an address for a while.
        let session = config::session(&path).unwrap_or_default();
        let endpoint = Endpoint::at(session.dial(), None, "the configuration here");
        return Ok(configured(selector, &path, &session, &live, endpoint));
    }
    Ok(match live.as_slice() {
        [] => Found::One(Endpoint::at(
            Some(DEFAULT_ADDRESS.to_owned()),
            selector.token(),
            "the usual address: no session runs here",
        )),
        [only] => Found::Only(Endpoint::to(
            only,
            selector.token(),
            "the only session that runs here",
        )),
        _ => Found::Several(live),
    })
}

/// Whoever is at an address that was given.
fn at_address(selector: &Selector, address: &str, live: &[LiveSession]) -> Endpoint {
    let found = "the address given";
    let mut sessions = live.iter();
    let exact = sessions.find(|session| session.address() == Some(address));
    match exact.or_else(|| live.iter().find(|session| is_at(session, address))) {
        Some(session) => Endpoint::to(session, selector.token(), found),
        None => Endpoint {
            recipient: Recipient::Anybody,
            ..Endpoint::at(Some(address.to_owned()), selector.token(), found)
        },
    }
}

/// The session that a configuration is about, which is not registered, at the address it names.
fn configured(
    selector: &Selector,
    path: &Path,
    session: &config::Session,
    live: &[LiveSession],
    endpoint: Endpoint,
) -> Found {
    let token = session
        .token
        .as_ref()
        .and_then(|token| Token::new(token.clone()).ok());
    Found::One(Endpoint {
        taken_by: taken(endpoint.address.as_deref(), path, live),
        config: Some(std::path::absolute(path).unwrap_or_else(|_| path.to_owned())),
        token: selector.token().or(token),
        ..endpoint
    })
}

/// The configuration of the session that has an address, unless it is this one's.
fn taken(address: Option<&str>, config: &Path, live: &[LiveSession]) -> Option<PathBuf> {
    let there = holder(address?, live)?;
    (!is_same(&there.config, config)).then(|| there.config.clone())
}

/// The session among these that has an address.
pub(crate) fn holder<'a>(address: &str, live: &'a [LiveSession]) -> Option<&'a LiveSession> {
    live.iter().find(|session| is_at(session, address))
}

/// The session that a client's own configuration means: the one that has its address and its token.
fn at_its_address<'a>(
    session: &config::Session,
    live: &'a [LiveSession],
) -> Option<&'a LiveSession> {
    let (address, token) = (session.dial()?, session.token.as_ref()?);
    live.iter().find(|live| {
        let own = live.api.as_ref().map(|api| api.token.expose());
        own == Some(token) && is_at(live, &address)
    })
}

fn is_at(session: &LiveSession, address: &str) -> bool {
    session
        .address()
        .is_some_and(|own| is_same_place(own, address))
}

/// Whether two addresses mean the same: a host that is empty, `localhost`, of the loopback or of all
/// interfaces is this machine.
fn is_same_place(one: &str, other: &str) -> bool {
    let read = |text: &str| {
        let bind = Bind::parse(text, PortZero::Allowed).ok()?;
        let is_here = bind.is_loopback() || bind.is_every_interface();
        let host = if is_here { "localhost" } else { &bind.host };
        Some((host.to_owned(), bind.port))
    };
    one == other || read(one).is_some_and(|one| read(other) == Some(one))
}

/// Whether both name the same file.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    config::canonical(one) == config::canonical(other)
}

/// The current endpoint: a restarted session may have another address and token.
pub(crate) fn refreshed(endpoint: &Endpoint, selector: &Selector) -> Endpoint {
    refreshed_among(endpoint, selector, &registry::list())
}

fn refreshed_among(endpoint: &Endpoint, selector: &Selector, live: &[LiveSession]) -> Endpoint {
    let has_address = |session: &&LiveSession| session.address() == endpoint.address.as_deref();
    let session = match (&selector.address, &endpoint.config) {
        // The present session at that address is meant.
        (Some(_), _) => live.iter().find(has_address),
        (None, Some(config)) => {
            let own = || live.iter().filter(|live| is_same(&live.config, config));
            // Of several it is the one that it was.
            own().find(has_address).or_else(|| own().next())
        }
        (None, None) => None,
    };
    let Some(session) = session else {
        let config = endpoint
            .config
            .as_ref()
            .filter(|_| selector.address.is_none());
        let recipient = match selector.address {
            Some(_) => Recipient::Anybody,
            // The session that had the address is gone: anybody may have it now.
            None => Recipient::OwnOrRoot,
        };
        return Endpoint {
            recipient,
            taken_by: config.and_then(|config| taken(endpoint.address.as_deref(), config, live)),
            ..endpoint.clone()
        };
    };
    Endpoint {
        config: endpoint.config.clone(),
        ..Endpoint::to(session, selector.token(), endpoint.found)
    }
}

#[cfg(test)]
mod tests;
