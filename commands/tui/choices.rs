//! The sessions to choose from, and the address of the chosen one.

use std::path::{Path, PathBuf};

use flowlayer_core::client::Recipient;
use flowlayer_core::protocol::Token;
use flowlayer_core::session::registry::LiveSession;

use super::message::Choice;
use super::model::Target;
use crate::config_file;
use crate::session::find::{self, Endpoint};
use crate::session::start_command;

/// Where an endpoint leads, for the screen.
pub(super) fn target(endpoint: &Endpoint) -> Target {
    Target {
        address: endpoint.address.clone().unwrap_or_default(),
        start: match (&endpoint.config, &endpoint.address) {
            (Some(config), _) => start_command(config),
            (None, Some(address)) => format!("flowlayer up -s {address}"),
            (None, None) => String::new(),
        },
        token: endpoint
            .token
            .as_ref()
            .map(|token| token.expose().to_owned()),
        config: endpoint
            .config
            .as_ref()
            .map(|path| path.display().to_string()),
        found: endpoint.found,
    }
}

/// To choose from, those that can be reached; the session of the configuration here comes first.
pub(super) fn choices(live: Vec<LiveSession>) -> Vec<Choice> {
    let here = config_file::nearest(Path::new("."));
    let is_here = |session: &LiveSession| {
        here.as_deref()
            .is_some_and(|here| find::is_same(here, &session.config))
    };
    let (mut first, others): (Vec<_>, Vec<_>) = live.into_iter().partition(is_here);
    first.extend(others);
    first.into_iter().filter_map(choice).collect()
}

fn choice(session: LiveSession) -> Option<Choice> {
    let api = session.api?;
    Some(Choice {
        address: api.address,
        token: Some(api.token.expose().to_owned()),
        config: Some(session.config.display().to_string()),
        pid: Some(session.pid),
    })
}

/// What it takes to connect to a session that was chosen.
pub(super) fn endpoint(choice: Choice) -> Endpoint {
    Endpoint {
        address: Some(choice.address),
        token: choice.token.and_then(|token| Token::new(token).ok()),
        config: choice.config.map(PathBuf::from),
        pid: choice.pid,
        session_id: None,
        taken_by: None,
        // It is registered, or the user has typed it.
        recipient: Recipient::Anybody,
        found: "chosen from the sessions that run here",
    }
}
