//! Going on with what comes, over lost connections and restarted servers: no entry twice, and none
//! missing without a word.

use flowlayer_core::client::{
    self, ConnectionState, Entry, Event, Events, Follow, Missed, Persistence, SessionInfo, Start,
};

use super::matches::MatchPrinter;
use super::note;
use super::output::{Stopped, reader_gone};
use crate::session::TargetSession;
use crate::terminal::lines::grouped;

/// Where to go on.
#[derive(Debug)]
pub(super) struct Since {
    pub(super) start: Start,
    /// The number that comes next.
    pub(super) next: u64,
    /// The session that has been asked until now; `None` when none was there.
    pub(super) session: Option<SessionInfo>,
}

/// Follows until the reader is gone, or no server will ever answer.
pub(super) async fn run(
    target: &TargetSession,
    shown: MatchPrinter<'_>,
    since: Since,
) -> Result<(), Stopped> {
    let gone = reader_gone()?;
    let mut follower = Follower { target, shown };
    tokio::select! {
        ended = follower.follow(since) => ended,
        Ok(()) = gone => Err(Stopped::ReaderGone),
    }
}

/// Shows what comes.
struct Follower<'a> {
    target: &'a TargetSession,
    shown: MatchPrinter<'a>,
}

impl Follower<'_> {
    async fn follow(&mut self, since: Since) -> Result<(), Stopped> {
        let persistence = match since.session {
            Some(_) => Persistence::OnceConnected,
            // There is no session yet: that is what it waits for.
            None => Persistence::Always,
        };
        let known = since
            .session
            .as_ref()
            .and_then(|session| session.hello.session_id.clone());
        // Kept: without it the client ends.
        let (mut _client, mut events) = self.start(since.start, persistence);
        let mut place = Place {
            next: since.next,
            is_lost: false,
            session: known,
        };
        while let Some(event) = events.next().await {
            match event {
                Event::Session(session) => {
                    if let Some(start) = place.introduced(&session) {
                        (_client, events) = self.start(start, Persistence::Always);
                    }
                }
                Event::Logs(entries) => {
                    for entry in entries {
                        // After a crash the log may go on without the last entries that were seen.
                        if entry.seq > place.next {
                            self.shown.output.flush()?;
                            note(&missing(place.next, entry.seq - 1));
                        }
                        place.next = entry.seq + 1;
                        self.entry(entry)?;
                    }
                    self.shown.output.flush()?;
                }
                Event::Gap(gap) => {
                    place.next = gap.last + 1;
                    self.shown.output.flush()?;
                    note(&missing(gap.first, gap.last));
                }
                Event::Connection(ConnectionState::Failing {
                    retry_at: None,
                    why,
                }) => return Err(self.target.explain(&why).into()),
                Event::Connection(state) => place.connection(&state),
                Event::Config(_)
                | Event::ConfigChanged(_)
                | Event::Terminal(_)
                | Event::TerminalLost(_)
                | Event::Snapshot(_)
                | Event::Status { .. }
                | Event::Detail(_) => {}
            }
        }
        Ok(())
    }

    fn start(&self, start: Start, persistence: Persistence) -> (client::Client, Events) {
        let mut config = self.target.client_config(persistence);
        config.follow = Some(Follow {
            start,
            missed: Missed::Fetch,
        });
        client::start(config)
    }

    fn entry(&mut self, entry: Entry) -> Result<(), Stopped> {
        let search = &self.shown.search;
        let is_after = search.after_seq.is_none_or(|after| entry.seq > after);
        if search.covers(&entry.service) && is_after {
            self.shown.entry(entry)?;
        }
        Ok(())
    }
}

/// Its progress, and the session.
struct Place {
    next: u64,
    /// The loss of the connection was reported.
    is_lost: bool,
    /// The id of the session that is being followed.
    session: Option<String>,
}

impl Place {
    /// A server has introduced itself. Where to begin anew, if that is called for.
    fn introduced(&mut self, session: &SessionInfo) -> Option<Start> {
        let id = session.hello.session_id.clone();
        let is_other = self.session.is_some() && id.is_some() && self.session != id;
        let first = session.hello.first_seq;
        self.session = id;
        if is_other || session.restarted {
            note("the session was restarted");
        } else if self.is_lost {
            note("connected again");
        }
        self.is_lost = false;
        let begins_anew = first.is_some_and(|first| first < self.next);
        if begins_anew && (is_other || session.restarted) {
            note("its log begins anew: there is no logs.dir in which it could go on");
            self.next = first.unwrap_or(1);
            // The client finds this out by itself when it has seen the session before.
            if is_other && !session.restarted {
                return Some(Start::After(self.next - 1));
            }
        }
        None
    }

    fn connection(&mut self, state: &ConnectionState) {
        let why = match state {
            ConnectionState::Reconnecting { why, .. } | ConnectionState::Failing { why, .. } => why,
            ConnectionState::Connecting | ConnectionState::Connected => return,
        };
        if self.session.is_some() && !self.is_lost {
            self.is_lost = true;
            note(&format!("{why}; waiting for the session to come back"));
        }
    }
}

/// Numbers are used without holes, except when a crash ends a session.
fn missing(first: u64, last: u64) -> String {
    if first == last {
        return format!("entry {} is missing", grouped(first));
    }
    format!(
        "entries {} to {} are missing: lost, or never used because a server crashed",
        grouped(first),
        grouped(last)
    )
}
