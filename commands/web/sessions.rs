//! The sessions that the page offers, and which one a tab shows.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use flowlayer_core::session::registry::LiveSession;
use serde_json::{Value, json};

/// Ended sessions that are remembered, so that a tab which showed one finds its successor.
const REMEMBERED: usize = 1000;

/// The session that a tab asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) id: String,
    /// Its configuration, if the tab knows it.
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug)]
pub(super) struct Sessions {
    /// The configuration in the directory where the bridge was started.
    here: Option<PathBuf>,
    /// The configuration of each session that was seen.
    seen: Mutex<HashMap<String, PathBuf>>,
}

impl Sessions {
    pub(super) fn new(here: Option<PathBuf>) -> Self {
        Self {
            here,
            seen: Mutex::default(),
        }
    }

    /// The session with this id or, when that has ended, the one that runs its configuration now: as this bridge
    /// has seen it, or as the tab knows it from another one. Without an id the first of: that of the configuration
    /// here, the newest.
    pub(super) fn choose(
        &self,
        wanted: Option<&Wanted>,
        live: &[LiveSession],
    ) -> Option<LiveSession> {
        self.remember(live);
        let runs = |config: &Path| live.iter().rev().find(|it| it.config == config);
        let chosen = match wanted {
            Some(Wanted { id, config }) => live
                .iter()
                .find(|it| it.session_id == *id)
                .or_else(|| runs(&self.config_of(id).or_else(|| config.clone())?)),
            None => match &self.here {
                Some(here) => runs(here).or_else(|| live.last()),
                None => live.last(),
            },
        };
        chosen.cloned()
    }

    fn remember(&self, live: &[LiveSession]) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() > REMEMBERED {
            seen.clear();
        }
        for session in live {
            if !seen.contains_key(&session.session_id) {
                seen.insert(session.session_id.clone(), session.config.clone());
            }
        }
    }

    fn config_of(&self, id: &str) -> Option<PathBuf> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(id).cloned()
    }
}

/// The sessions as the page gets them: without tokens.
pub(super) fn listing(live: &[LiveSession]) -> Value {
    let listed = |session: &LiveSession| {
        json!({
            "session_id": session.session_id,
            "config": session.config.to_string_lossy(),
            "started": session.started,
            "pid": session.pid,
        })
    };
    live.iter().map(listed).collect()
}

#[cfg(test)]
mod tests {
    use flowlayer_core::facts::Timestamp;
    use flowlayer_core::protocol::Token;
    use flowlayer_core::session::registry::Access;

    use super::*;

    fn session(id: &str, config: &str) -> LiveSession {
        LiveSession {
            api: Some(Access {
                address: "127.0.0.1:1".to_owned(),
                token: Token::new("secret-token").unwrap(),
            }),
            config: config.into(),
            pid: 1,
            session_id: id.to_owned(),
            started: Timestamp::now(),
            protocol_version: 1,
        }
    }

    #[test]
    fn a_tab_opens_on_this_directory_and_stays_with_a_configuration() {
        let sessions = Sessions::new(Some("/here".into()));
        let chosen = |wanted: Option<&str>, live: &[_]| {
            let wanted = wanted.map(|id| Wanted {
                id: id.to_owned(),
                config: None,
            });
            Some(sessions.choose(wanted.as_ref(), live)?.session_id)
        };
        let live = [session("1", "/here"), session("2", "/there")];
        assert_eq!(chosen(None, &live).as_deref(), Some("1"));
        assert_eq!(chosen(None, &live[1..]).as_deref(), Some("2"));
        assert_eq!(chosen(Some("2"), &live).as_deref(), Some("2"));
        assert_eq!(chosen(Some("2"), &live[..1]), None, "it has ended");
        let back = [session("3", "/there"), session("1", "/here")];
        assert_eq!(chosen(Some("2"), &back).as_deref(), Some("3"));
        assert_eq!(chosen(Some("unheard of"), &back), None);
        let elsewhere = Wanted {
            id: "of another bridge".to_owned(),
            config: Some("/there".into()),
        };
        let found = sessions.choose(Some(&elsewhere), &back).unwrap();
        assert_eq!(found.session_id, "3");
        assert_eq!(chosen(None, &[]), None);
    }

    #[test]
    fn the_page_gets_no_token() {
        let listed = listing(&[session("1", "/here")]).to_string();
        assert!(listed.contains("/here") && !listed.contains("secret-token"));
    }
}
