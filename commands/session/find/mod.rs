//! Finds the session of a command (docs/cli.md, Which session).

use std::path::{Path, PathBuf};

use flowlayer_core::client::{Failure, Recipient, Target};
use flowlayer_core::config::{self, Bind, ConfigError, PortZero};
use flowlayer_core::protocol::Token;
use flowlayer_core::session::registry::{self, LiveSession};

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
    /// In whose absence another session will do.
    pub(crate) fallback: Fallback,
}

/// What to do when no session of the directory's configuration runs, but one of another does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Fallback {
    /// Use that one: the user sees which it is.
    #[default]
    OnlySession,
    /// Nothing: a script in this directory must not stop another stack.
    None,
}

/// A session, or the address where one is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) address: String,
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
        Self {
            address: session.address.clone(),
            token: token.or_else(|| Some(session.token.clone())),
            config: Some(session.config.clone()),
            pid: Some(session.pid),
            session_id: Some(session.session_id.clone()),
            taken_by: None,
            recipient: Recipient::Anybody,
            found,
        }
    }

    /// An address of which nothing else is known, and that the user has not named.
    fn at(address: String, token: Option<Token>, found: &'static str) -> Self {
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

    /// What to dial; an error when the session there is that of another configuration.
    pub(crate) fn target(&self) -> Result<Target, Failure> {
        match &self.taken_by {
            Some(other) => Err(Failure::Unreachable {
                address: self.address.clone(),
                why: format!("the session of {} has this address", shown_path(other)),
            }),
            None => Ok(Target {
                address: self.address.clone(),
                token: self.token.clone(),
                recipient: self.recipient,
            }),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Found {
    One(Endpoint),
    /// Any of these; the user has to choose.
    Several(Vec<LiveSession>),
}

/// Looks for the session meant: the address given; else the session of the configuration given or
/// discovered in the directory; else the only live one, if that will do. A configuration that was
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
        let found = "the address given";
        let exact = live.iter().find(|session| session.address == *address);
        let known = exact.or_else(|| {
            let mut live = live.iter();
            live.find(|session| is_same_place(&session.address, address))
        });
        return Ok(Found::One(match known {
            Some(session) => Endpoint::to(session, selector.token(), found),
            None => Endpoint {
                recipient: Recipient::Anybody,
                ..Endpoint::at(address.clone(), selector.token(), found)
            },
        }));
    }
    let attach = |session, found| Found::One(Endpoint::to(session, selector.token(), found));
    let discovered = config::discover(directory);
    let path = selector.config.clone().or(discovered);
    if let Some(path) = &path
        && let Some(session) = live.iter().find(|session| is_same(&session.config, path))
    {
        let found = match selector.config {
            Some(_) => "the session of the configuration given",
            None => "the session of the configuration in this directory",
        };
        return Ok(attach(session, found));
    }
    if let Some(path) = &selector.config {
        let session = config::session(path)?;
        if let Some(live) = at_its_address(&session, &live) {
            let found = "the session with the address and token of the configuration given";
            return Ok(attach(live, found));
        }
        let found = "the configuration given";
        return Ok(configured(selector, path, &session, &live, found));
    }
    let another_will_do = path.is_none() || selector.fallback == Fallback::OnlySession;
    if another_will_do {
        match live.as_slice() {
            [] => {}
            [only] => return Ok(attach(only, "the only session that runs here")),
            _ => return Ok(Found::Several(live)),
        }
    }
    // No session runs: its expected address is the one to wait at.
    if let Some(path) = path {
        let session = match config::load(&path) {
            Ok(loaded) => loaded.config.session,
            Err(_) => config::Session::default(),
        };
        let found = "the configuration in this directory";
        return Ok(configured(selector, &path, &session, &live, found));
    }
    Ok(Found::One(Endpoint::at(
        DEFAULT_ADDRESS.to_owned(),
        selector.token(),
        "the usual address: no session runs here",
    )))
}

/// What a configuration says of where its session will be.
fn configured(
    selector: &Selector,
    path: &Path,
    session: &config::Session,
    live: &[LiveSession],
    found: &'static str,
) -> Found {
    let token = session
        .token
        .as_ref()
        .and_then(|token| Token::new(token.clone()).ok());
    let address = session.dial().unwrap_or_else(|| DEFAULT_ADDRESS.to_owned());
    Found::One(Endpoint {
        taken_by: taken(&address, path, live),
        config: Some(std::path::absolute(path).unwrap_or_else(|_| path.to_owned())),
        ..Endpoint::at(address, selector.token().or(token), found)
    })
}

/// The configuration of the session that has an address, unless it is this one's.
fn taken(address: &str, config: &Path, live: &[LiveSession]) -> Option<PathBuf> {
    let mut there = live
        .iter()
        .filter(|session| is_same_place(&session.address, address));
    there
        .find(|session| !is_same(&session.config, config))
        .map(|session| session.config.clone())
}

/// The session that a client's own configuration means: the one that has its address and its token.
fn at_its_address<'a>(
    session: &config::Session,
    live: &'a [LiveSession],
) -> Option<&'a LiveSession> {
    let (address, token) = (session.dial()?, session.token.as_ref()?);
    live.iter()
        .find(|live| live.token.expose() == token && is_same_place(&live.address, &address))
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
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// The current endpoint: a restarted session may have another address and token.
pub(crate) fn refreshed(endpoint: &Endpoint, selector: &Selector) -> Endpoint {
    refreshed_among(endpoint, selector, &registry::list())
}

fn refreshed_among(endpoint: &Endpoint, selector: &Selector, live: &[LiveSession]) -> Endpoint {
    let has_address = |session: &&LiveSession| session.address == endpoint.address;
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
            taken_by: config.and_then(|config| taken(&endpoint.address, config, live)),
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
