//! The conversation without sockets: what goes out when, and when it ends.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::*;
use crate::facts::{Reason, StartProblem};
use crate::logs::{Logs, LogsConfig, Page};
use crate::protocol::Token;
use crate::runtime::{Decision, Outcome, Rejection, RequestId, StatusView, Update};
use crate::session::config::SessionConfig;
use crate::session::connection::commands::{Asked, CommandEffect};

/// Two services, with or without a request for them.
fn snapshot(request: Option<RequestId>) -> Update {
    let services = ["api", "db"].iter().enumerate();
    let views = services.map(|(index, name)| Arc::new(StatusView::sample(index, name)));
    Update::Snapshot {
        request,
        services: views.collect(),
        config: Arc::default(),
    }
}

struct Talk {
    conversation: Conversation,
    now: Instant,
    effects: Vec<CommandEffect>,
}

impl Talk {
    fn new() -> Self {
        let services: Vec<Arc<str>> = vec!["api".into(), "db".into()];
        let logs = Logs::open(LogsConfig::new(services)).unwrap();
        let config = SessionConfig {
            token: Token::generate(),
            session_id: uuid::Uuid::new_v4(),
            first_seq: 1,
            limits: Limits::default(),
        };
        let now = Instant::now();
        Self {
            conversation: Conversation::new(Arc::new(config), logs, now),
            now,
            effects: Vec::new(),
        }
    }

    fn introduced() -> Self {
        let mut talk = Self::new();
        assert_eq!(talk.out().len(), 1);
        talk.flushed();
        talk.happens(Event::Update(snapshot(None)));
        assert_eq!(talk.out().len(), 1);
        talk.flushed();
        talk
    }

    fn happens(&mut self, event: Event) {
        let line = Line {
            last_write: self.now,
            quiet: true,
        };
        self.conversation
            .handle(self.now, line, event, &mut self.effects);
    }

    /// Time passes and the peer takes nothing.
    fn passes(&mut self, time: Duration) {
        self.passes_with(time, true);
    }

    fn passes_with(&mut self, time: Duration, quiet: bool) {
        let last_write = self.now;
        self.now += time;
        let line = Line { last_write, quiet };
        self.conversation
            .handle(self.now, line, Event::Time, &mut self.effects);
    }

    fn flushed(&mut self) {
        self.happens(Event::Flushed);
    }

    fn says(&mut self, text: &str) {
        self.happens(Event::Message(text.to_owned().into()));
    }

    fn out(&mut self) -> Vec<Message> {
        let mut frames = Vec::new();
        self.conversation.fill(self.now, &mut frames);
        frames
    }

    fn status(&mut self) {
        self.status_with(None);
    }

    fn status_with(&mut self, detail: Option<String>) {
        let view = view(detail);
        let at = SystemTime::UNIX_EPOCH;
        self.happens(Event::Update(Update::Status {
            view: Arc::new(view),
            at,
            after: 0,
        }));
    }

    fn detail(&mut self, service: usize, words: &str) {
        let mut view = view(Some(words.to_owned()));
        view.service = service;
        self.happens(Event::Update(Update::Detail {
            view: Arc::new(view),
            at: SystemTime::UNIX_EPOCH,
        }));
    }
}

fn view(detail: Option<String>) -> StatusView {
    StatusView {
        reason: detail.map(|error| Reason::CannotStart(StartProblem::System { error })),
        ..StatusView::sample(0, "api")
    }
}

fn text(message: &Message) -> String {
    match message {
        Message::Frame(frame) => String::from_utf8(frame.payload().to_vec()).unwrap(),
        other => other.to_text().unwrap().to_owned(),
    }
}

fn close_code(frames: &[Message]) -> Option<u16> {
    frames.iter().find_map(|frame| match frame {
        Message::Close(Some(frame)) => Some(frame.code.into()),
        _ => None,
    })
}

#[test]
fn nothing_is_read_or_logged_before_the_snapshot() {
    let mut talk = Talk::new();
    assert!(!talk.conversation.reads() && !talk.conversation.wants_logs());
    talk.out();
    talk.flushed();
    assert!(!talk.conversation.reads() && !talk.conversation.wants_logs());
    let talk = Talk::introduced();
    assert!(talk.conversation.reads() && talk.conversation.wants_logs());
}

#[test]
fn one_thing_goes_out_at_a_time_and_logs_come_last() {
    let mut talk = Talk::introduced();
    talk.detail(0, "old");
    talk.detail(0, "new");
    talk.detail(1, "other");
    talk.says("{");
    assert!(!talk.conversation.wants_logs());
    assert_eq!(talk.out().len(), 1);
    talk.status();
    // Until that has been taken nothing follows.
    assert!(talk.out().is_empty());
    talk.flushed();
    assert!(text(&talk.out()[0]).contains("service_status"));
    talk.flushed();
    // What was known before the status of that service is worth nothing now.
    let details = talk.out();
    assert_eq!(details.len(), 1);
    assert!(text(&details[0]).contains("other"));
    assert!(!talk.conversation.wants_logs());
    talk.flushed();
    assert!(talk.conversation.wants_logs());
}

#[test]
fn of_detail_only_the_newest_is_sent() {
    let mut talk = Talk::introduced();
    talk.says("{");
    talk.out();
    talk.detail(0, "old");
    talk.detail(0, "new");
    talk.flushed();
    let details = talk.out();
    assert_eq!(details.len(), 1);
    assert!(text(&details[0]).contains("new"));
}

#[test]
fn a_ping_passes_between_the_pieces_of_a_long_reply() {
    let mut talk = Talk::introduced();
    let id = "x".repeat(3 * outbox::PIECE);
    talk.says(&format!("{{\"id\":\"{id}\"}}"));
    assert_eq!(talk.out().len(), 1);
    talk.passes(Duration::from_secs(30));
    talk.flushed();
    let frames = talk.out();
    assert!(matches!(frames[0], Message::Ping(_)));
    assert!(matches!(frames[1], Message::Frame(_)));
}

#[test]
fn status_that_is_not_taken_for_ten_seconds_ends_the_connection() {
    let mut talk = Talk::introduced();
    talk.status();
    assert_eq!(talk.out().len(), 1);
    talk.passes(Duration::from_millis(9_999));
    assert_eq!(close_code(&talk.out()), None);
    talk.status();
    talk.passes(Duration::from_secs(10));
    assert_eq!(close_code(&talk.out()), Some(1008));
    assert!(!talk.conversation.listens());
    talk.passes(Limits::default().close);
    assert_eq!(talk.conversation.end(), Some(End::HangUp));
}

#[test]
fn a_peer_is_silent_only_when_all_it_has_sent_has_been_read() {
    let mut talk = Talk::introduced();
    talk.passes_with(Duration::from_secs(61), false);
    assert_eq!(talk.conversation.end(), None);
    talk.happens(Event::SignOfLife);
    talk.flushed();
    talk.passes(Duration::from_secs(59));
    assert_eq!(talk.conversation.end(), None);
    talk.passes(Duration::from_secs(1));
    assert_eq!(talk.conversation.end(), Some(End::HangUp));
}

#[test]
fn replies_that_are_not_taken_are_no_reason_to_close() {
    let mut talk = Talk::introduced();
    talk.says("{");
    assert_eq!(talk.out().len(), 1);
    talk.passes(Duration::from_secs(30));
    assert_eq!(close_code(&talk.out()), None);
    assert_eq!(talk.conversation.end(), None);
}

#[test]
fn status_events_have_a_bound_too() {
    let mut talk = Talk::introduced();
    for _ in 0..100 {
        talk.status_with(Some("x".repeat(1 << 20)));
        if !talk.conversation.listens() {
            assert_eq!(close_code(&talk.out()), Some(1008));
            return;
        }
    }
    panic!("100 MiB of status events wait for one client");
}

#[test]
fn pages_wait_for_room() {
    let mut talk = Talk::introduced();
    for id in 0..5 {
        talk.says(&format!(
            "{{\"type\":\"command\",\"id\":\"{id}\",\"name\":\"get_logs\"}}"
        ));
    }
    let queries = |talk: &mut Talk| std::mem::take(&mut talk.effects);
    // Two pages of 15 MiB fit into 32 MiB, a third does not.
    let first = queries(&mut talk);
    assert_eq!(first.len(), 2);
    let CommandEffect::Query(request, Asked::Entries(query)) = first[0] else {
        panic!("{first:?}");
    };
    assert_eq!((query.service, query.limit), (None, 500));
    talk.happens(Event::Page(request, Page::default()));
    assert_eq!(queries(&mut talk).len(), 1);
}

#[test]
fn a_page_that_is_not_taken_holds_the_next_ones_back() {
    let logs = Logs::open(LogsConfig::new(vec!["api".into(), "db".into()])).unwrap();
    let line = "x".repeat(60_000);
    for _ in 0..300 {
        logs.note(0, &line);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut talk = Talk::introduced();
    for id in 0..8 {
        talk.says(&format!(
            "{{\"type\":\"command\",\"id\":\"{id}\",\"name\":\"get_logs\"}}"
        ));
    }
    let mut fetched = 0;
    while let Some(effect) = talk.effects.pop() {
        let CommandEffect::Query(request, Asked::Entries(query)) = effect else {
            panic!("{effect:?}");
        };
        fetched += 1;
        let page = runtime.block_on(logs.query(query));
        assert!(page.json().len() > 14 << 20);
        talk.happens(Event::Page(request, page));
    }
    assert_eq!(fetched, 2);
    // They go on when what was fetched is on its way.
    while talk.effects.is_empty() {
        assert!(!talk.out().is_empty());
        talk.flushed();
    }
}

#[test]
fn the_end_waits_for_pages_and_for_what_is_to_be_sent() {
    let mut talk = Talk::introduced();
    talk.says(r#"{"type":"command","id":"1","name":"get_logs"}"#);
    let Some(CommandEffect::Query(request, _)) = talk.effects.pop() else {
        panic!("a page is asked for");
    };
    talk.happens(Event::RuntimeEnded);
    assert!(!talk.conversation.reads());
    talk.out();
    talk.flushed();
    assert!(!talk.conversation.wants_last_logs());
    talk.happens(Event::Page(request, Page::default()));
    assert!(!talk.conversation.wants_last_logs());
    assert!(text(&talk.out()[0]).contains("result"));
    talk.flushed();
    assert!(talk.conversation.wants_last_logs());
    talk.happens(Event::NoMoreLogs);
    assert_eq!(close_code(&talk.out()), Some(1001));
    talk.flushed();
    assert_eq!(talk.conversation.end(), None);
    talk.happens(Event::Gone);
    assert_eq!(talk.conversation.end(), Some(End::HangUp));
}

#[test]
fn a_broken_peer_is_told_and_given_time_to_hear_it() {
    let mut talk = Talk::introduced();
    talk.happens(Event::Broken(Farewell::TooBig));
    assert!(!talk.conversation.reads());
    assert_eq!(close_code(&talk.out()), Some(1009));
    assert_eq!(talk.conversation.end(), None);
    talk.flushed();
    assert_eq!(talk.conversation.end(), Some(End::Linger));
}

/// What may happen to a connection that is introduced, as far as commands go.
#[derive(Debug, Clone)]
enum Turn {
    /// A message with this id: of which kind is the second number's business.
    Says(u8, u8),
    /// The runtime decides about the oldest request without a decision.
    Decides(bool),
    /// The runtime ends the oldest accepted action, or answers the oldest question.
    Ends(bool),
    /// The log answers.
    Page,
    Taken,
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        4 => (any::<u8>(), 0_u8..8).prop_map(|(id, kind)| Turn::Says(id, kind)),
        2 => any::<bool>().prop_map(Turn::Decides),
        2 => any::<bool>().prop_map(Turn::Ends),
        1 => Just(Turn::Page),
        2 => Just(Turn::Taken),
    ]
}

proptest! {
    /// Whatever the order of things: one ack for each well-formed command, one result for each
    /// that was accepted and has ended, one error for each message that is none.
    #[test]
    fn every_message_is_answered_once(turns in prop::collection::vec(turn(), 1..80)) {
        let messages = [
            r#"{"type":"command","id":"ID","name":"start_all"}"#,
            r#"{"type":"command","id":"ID","name":"stop_service","payload":{"service":"db"}}"#,
            r#"{"type":"command","id":"ID","name":"get_snapshot"}"#,
            r#"{"type":"command","id":"ID","name":"get_logs","payload":{"service":"api"}}"#,
            r#"{"type":"command","id":"ID","name":"start_service","payload":{"service":"no"}}"#,
            r#"{"type":"command","id":"ID","name":"dance"}"#,
            r#"{"type":"command","name":"start_all"}"#,
            "rubbish",
        ];
        let mut talk = Talk::introduced();
        let (mut undecided, mut accepted, mut queries) = (Vec::new(), Vec::new(), Vec::new());
        let mut snapshots = Vec::new();
        // Acks, results, errors: what is owed, and what has come.
        let (mut owed, mut came) = ([0; 3], [0; 3]);
        let mut collect = |talk: &mut Talk| {
            talk.flushed();
            for frame in talk.out() {
                let message: serde_json::Value = serde_json::from_str(&text(&frame)).unwrap();
                let kinds = ["ack", "result", "error"];
                let kind = kinds.iter().position(|kind| message["type"] == *kind).unwrap();
                came[kind] += 1;
            }
        };
        for turn in turns {
            match turn {
                Turn::Says(id, kind) => {
                    if !talk.conversation.reads() {
                        continue;
                    }
                    talk.says(&messages[usize::from(kind)].replace("ID", &id.to_string()));
                    owed[usize::from(kind >= 6) * 2] += 1;
                }
                Turn::Decides(yes) if !undecided.is_empty() => {
                    let request = undecided.remove(0);
                    let decision = if yes {
                        accepted.push(request);
                        Decision::Accepted
                    } else {
                        Decision::Busy(Rejection { message: "busy".to_owned() })
                    };
                    talk.happens(Event::Update(Update::Ack { request, decision }));
                }
                Turn::Ends(true) if !accepted.is_empty() => {
                    let (request, outcome) = (accepted.remove(0), Outcome::Done);
                    let report = None;
                    talk.happens(Event::Update(Update::Result {
                        request,
                        outcome,
                        report,
                    }));
                    owed[1] += 1;
                }
                Turn::Ends(false) if !snapshots.is_empty() => {
                    let request = Some(snapshots.remove(0));
                    talk.happens(Event::Update(snapshot(request)));
                    owed[1] += 1;
                }
                Turn::Page if !queries.is_empty() => {
                    talk.happens(Event::Page(queries.remove(0), Page::default()));
                    owed[1] += 1;
                }
                Turn::Taken => collect(&mut talk),
                Turn::Decides(_) | Turn::Ends(_) | Turn::Page => {}
            }
            for effect in talk.effects.drain(..) {
                match effect {
                    CommandEffect::Act(request, _) | CommandEffect::Reload(request, _) => {
                        undecided.push(request);
                    }
                    CommandEffect::Snapshot(request) => snapshots.push(request),
                    CommandEffect::Query(request, _) => queries.push(request),
                    CommandEffect::Terminal(..) => panic!("nobody has asked for one"),
                }
            }
        }
        // The runtime has yet to decide about these.
        owed[0] -= undecided.len();
        collect(&mut talk);
        collect(&mut talk);
        prop_assert_eq!(came, owed);
    }
}
