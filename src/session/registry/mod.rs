//! Which sessions this user has running: one file for each, so that clients find them
//! (docs/protocol.md, Reaching a session).
//!
//! A file is trusted for as long as its server holds a lock on it and no longer: the lock goes with
//! the process, however that ends. The files hold tokens, so they live where nobody else can read
//! or place anything.

mod directory;
mod file;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::facts::{Timestamp, shown_path};
use crate::protocol::Token;
pub use directory::{Distrust, Places};
pub use file::{Presence, Registration};

/// A running session, as its server describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSession {
    /// How clients reach it; `None` when it offers no session API.
    pub api: Option<Access>,
    /// The config it runs: its canonical path.
    pub config: PathBuf,
    /// The server's process.
    pub pid: u32,
    /// As in `hello`.
    pub session_id: String,
    /// When it started.
    pub started: Timestamp,
    /// As in `hello`.
    pub protocol_version: u64,
}

/// How clients reach a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Where they dial: `host:port`.
    pub address: String,
    /// What they present.
    pub token: Token,
}

impl LiveSession {
    /// Where clients dial, if it has a session API.
    pub fn address(&self) -> Option<&str> {
        self.api.as_ref().map(|api| api.address.as_str())
    }
}

/// [`LiveSession`] as it is written.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    config: String,
    pid: u32,
    session_id: String,
    started: Timestamp,
    protocol_version: u64,
}

/// Why the registry cannot be used.
#[derive(Debug, Error)]
pub enum RegistryError {
    /// No directory that only this user can touch.
    #[error(
        "cannot keep session files in {}: {why}; remove it or set XDG_RUNTIME_DIR to a directory of \
         your own",
        shown_path(directory)
    )]
    Distrusted {
        /// The last one tried.
        directory: PathBuf,
        /// What is wrong with it.
        why: Distrust,
    },
    /// The system said no.
    #[error("cannot {doing} {}: {source}", shown_path(path))]
    Io {
        /// `create the directory`, `write the session file`, …
        doing: &'static str,
        /// What it was done to.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Registers a session of this user; it stays registered until the registration is dropped or the
/// process ends.
pub fn register(session: &LiveSession) -> Result<Registration, RegistryError> {
    register_in(&Places::of_user(), session)
}

/// [`register`] among other places.
pub fn register_in(places: &Places, session: &LiveSession) -> Result<Registration, RegistryError> {
    let directory = places.prepare()?;
    // A killed server could not take its file, and with it a token, away: whoever comes next does.
    drop(list_in(places));
    let api = session.api.as_ref();
    let record = Record {
        address: session.address().map(str::to_owned),
        token: api.map(|api| api.token.expose().to_owned()),
        config: session.config.to_string_lossy().into_owned(),
        pid: session.pid,
        session_id: session.session_id.clone(),
        started: session.started,
        protocol_version: session.protocol_version,
    };
    Registration::write(&directory, &record)
}

/// Where the files of sessions are, made when missing: others of a session belong there too.
pub fn directory() -> Result<PathBuf, RegistryError> {
    Places::of_user().prepare()
}

/// The sessions of this user that are running now, oldest first. Files of dead ones are removed.
/// Places that cannot be read, or not be trusted, hold no sessions.
pub fn list() -> Vec<LiveSession> {
    list_in(&Places::of_user())
}

/// [`list`] among other places.
pub fn list_in(places: &Places) -> Vec<LiveSession> {
    let mut sessions: Vec<LiveSession> = places
        .trusted()
        .iter()
        .flat_map(|directory| file::live(directory))
        .filter_map(|record| {
            let api = match (record.address, record.token) {
                (None, _) => None,
                (Some(address), token) => Some(Access {
                    address,
                    token: Token::new(token?).ok()?,
                }),
            };
            Some(LiveSession {
                api,
                config: record.config.into(),
                pid: record.pid,
                session_id: record.session_id,
                started: record.started,
                protocol_version: record.protocol_version,
            })
        })
        .collect();
    sessions.sort_by(|a, b| (a.started, &a.session_id).cmp(&(b.started, &b.session_id)));
    sessions
}

/// The server of a session of this user, for waiting until it is gone; `None` when it is already,
/// or registered nowhere here.
pub fn presence(session_id: &str) -> Option<Presence> {
    presence_in(&Places::of_user(), session_id)
}

/// [`presence`] among other places.
pub fn presence_in(places: &Places, session_id: &str) -> Option<Presence> {
    // It comes from a server, and becomes part of a path.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if session_id.is_empty() || !session_id.bytes().all(is_plain) {
        return None;
    }
    let mut directories = places.trusted().into_iter();
    directories.find_map(|directory| file::presence(&directory, session_id))
}

/// Where a client on this machine dials a server that listens here: one that listens on all
/// interfaces is reached on the loopback one.
pub fn dialable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}

#[cfg(test)]
mod tests;
