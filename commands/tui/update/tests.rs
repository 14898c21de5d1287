//! What keys and news do.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use flowlayer::protocol::{Details, ServiceStatus, Status, Stream, Timestamp};

use super::super::log::window::{Cursor, Direction, Older};
use super::super::log::{Content, Item, Matcher, Place, Scope, Tone};
use super::super::message::{Choice, Effect, Link, Message, NoPage, Order, Outcome, Page};
use super::super::model::{Body, Modal, Model, Panel};
use super::super::sample::{self, NOW};
use super::super::service::Selected;
use super::update;

fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(
        model,
        NOW,
        Message::Key(KeyEvent::new(code, KeyModifiers::NONE)),
    )
}

fn keys(model: &mut Model, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in keys.chars() {
        let code = match key {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '\u{1b}' => KeyCode::Esc,
            key => KeyCode::Char(key),
        };
        effects.extend(press(model, code));
    }
    effects
}

fn orders(effects: &[Effect]) -> Vec<Order> {
    let order = |effect: &Effect| match effect {
        Effect::Send { order, .. } => Some(order.clone()),
        _ => None,
    };
    effects.iter().filter_map(order).collect()
}

fn select(model: &mut Model, name: &str) {
    model.services.selected = Selected::Service(name.into());
    update(model, NOW, Message::Tick);
}

fn events(model: &Model) -> Vec<String> {
    let event = |item: &Arc<Item>| match &item.content {
        Content::Event { text, .. } => Some(text.to_string()),
        _ => None,
    };
    model.logs.window.items().iter().filter_map(event).collect()
}

fn lines(model: &Model) -> Vec<&str> {
    model
        .logs
        .window
        .items()
        .iter()
        .filter(|item| item.is_line())
        .map(|item| item.raw())
        .collect()
}

#[test]
fn s_starts_what_is_down_and_restarts_what_is_up() {
    let mut model = sample::model(100, 30, true);
    for (name, expected) in [
        ("api", Order::Restart("api".into())),
        ("worker", Order::Start("worker".into())),
        ("build", Order::Restart("build".into())),
        ("gateway", Order::Start("gateway".into())),
    ] {
        select(&mut model, name);
        assert_eq!(orders(&keys(&mut model, "s")), [expected]);
    }
    assert_eq!(orders(&keys(&mut model, "xrS")).len(), 3);
    assert_eq!(model.pending.len(), 7);
}

#[test]
fn stop_all_asks_first_and_start_all_does_not() {
    let mut model = sample::model(100, 30, true);
    assert_eq!(orders(&keys(&mut model, "s")), [Order::StartAll]);
    assert_eq!(orders(&keys(&mut model, "x")), []);
    assert_eq!(model.modal, Some(Modal::Confirm(Order::StopAll)));
    assert_eq!(orders(&keys(&mut model, "n")), []);
    assert_eq!(orders(&keys(&mut model, "xy")), [Order::StopAll]);
    assert_eq!(model.modal, None);
}

#[test]
fn commands_say_how_they_ended_however_late() {
    let mut model = sample::model(100, 30, true);
    select(&mut model, "api");
    let id = model.next_command;
    keys(&mut model, "r");
    update(&mut model, NOW, Message::Accepted(id));
    assert_eq!(events(&model), ["command restart_service api acknowledged"]);
    let outcome = Outcome::Failed {
        why: "exit code 1".to_owned(),
        services: vec!["api".to_owned()],
    };
    update(&mut model, NOW + 90_000, Message::Finished { id, outcome });
    let notice = model.notice.clone().unwrap();
    assert_eq!(
        (notice.tone, &*notice.text),
        (Tone::Bad, "restart api: failed: exit code 1")
    );
    update(&mut model, NOW + 190_000, Message::Tick);
    assert_eq!(model.notice, None, "it goes by itself");
    assert_eq!(events(&model).len(), 2, "but stays in the log");
    let id = model.next_command;
    keys(&mut model, "s");
    update(
        &mut model,
        NOW + 200,
        Message::Finished {
            id,
            outcome: Outcome::Refused("api is stopping".to_owned()),
        },
    );
    assert!(
        model
            .notice
            .unwrap()
            .text
            .ends_with("refused: api is stopping")
    );
}

#[test]
fn nothing_is_sent_while_not_connected() {
    let mut model = sample::model(100, 30, true);
    let link = Link::Reconnecting {
        retry_at: NOW,
        why: "closed".to_owned(),
    };
    update(&mut model, NOW, Message::Link(link));
    assert_eq!(keys(&mut model, "sx"), []);
    assert!(model.notice.unwrap().text.ends_with("not connected"));
    assert!(events_of(&model.logs.recent).contains(&"connection lost: closed".to_owned()));
}

fn events_of(recent: &super::super::log::recent::Recent) -> Vec<String> {
    recent.notes().map(|note| note.raw().to_owned()).collect()
}

#[test]
fn a_status_changes_the_list_and_shows_in_the_log() {
    let mut model = sample::model(100, 30, true);
    let status = |status, detail: Option<&str>| {
        Message::Status(ServiceStatus {
            service: "mailer".to_owned(),
            status,
            timestamp: Timestamp::from(std::time::UNIX_EPOCH),
            details: Details {
                detail: detail.map(str::to_owned),
                wave: Some(2),
                ..Details::default()
            },
        })
    };
    update(&mut model, NOW, status(Status::Running, None));
    assert_eq!(events(&model), [""; 0], "said again");
    update(
        &mut model,
        NOW,
        status(Status::Failed, Some("exit code 1 before ready")),
    );
    assert_eq!(
        events(&model),
        ["✗ mailer → failed (exit code 1 before ready)"]
    );
    assert_eq!(model.services.get("mailer").unwrap().status, Status::Failed);
    select(&mut model, "api");
    assert_eq!(events(&model), [""; 0], "it is another service's");
    select(&mut model, "mailer");
    assert_eq!(events(&model).len(), 1);
}

#[test]
fn another_session_leaves_no_stale_line() {
    let mut model = sample::model(100, 30, true);
    assert!(!lines(&model).is_empty());
    update(
        &mut model,
        NOW,
        Message::Hello {
            session_id: Some("other".to_owned()),
            is_new: true,
        },
    );
    assert_eq!(lines(&model), [""; 0]);
    assert_eq!(events(&model), ["the server was restarted: a new session"]);
    let mut model = sample::model(100, 30, true);
    let count = lines(&model).len();
    update(
        &mut model,
        NOW,
        Message::Hello {
            session_id: Some("9d2c".to_owned()),
            is_new: false,
        },
    );
    assert_eq!(lines(&model).len(), count, "the same session goes on");
}

#[test]
fn selecting_a_service_shows_its_lines_at_once_and_asks_for_older_ones() {
    let mut model = sample::model(100, 30, true);
    let effects = keys(&mut model, "jj");
    let requests = effects.iter().filter_map(|effect| match effect {
        Effect::FetchPage(request) => Some((request.service.as_deref(), request.cursor)),
        _ => None,
    });
    let requests: Vec<_> = requests.collect();
    assert_eq!(
        requests,
        [
            (Some("build"), Cursor::Before(1_527)),
            (Some("migrate"), Cursor::Before(1_527))
        ]
    );
    select(&mut model, "store");
    assert_eq!(lines(&model).len(), 4);
    assert_eq!(model.logs.sieve.scope, Scope::Service("store".into()));
}

#[test]
fn a_filter_works_while_it_is_typed_and_takes_every_character() {
    let mut model = sample::model(100, 30, true);
    keys(&mut model, "\t/");
    keys(&mut model, "jq?s");
    assert_eq!(
        (model.logs_filter.as_str(), lines(&model).len()),
        ("jq?s", 0)
    );
    keys(&mut model, "\u{1b}/GET\n");
    assert_eq!(lines(&model).len(), 3);
    assert!(model.prompt.is_none());
    keys(&mut model, "\u{1b}");
    assert_eq!((lines(&model).len(), model.logs_filter.as_str()), (16, ""));
    keys(&mut model, "/(");
    press(&mut model, KeyCode::Tab);
    assert_eq!(
        model.prompt.as_ref().unwrap().error.as_deref(),
        Some("unclosed group")
    );
    keys(&mut model, "a)\n");
    assert!(model.prompt.is_none());
    keys(&mut model, "\u{1b}\t/work\n");
    assert_eq!(model.services.rows(), 2);
}

#[test]
fn a_search_goes_through_what_is_held_and_asks_for_more() {
    let mut model = sample::model(100, 30, true);
    model.logs.window.older = super::super::log::window::Older::Below(100);
    keys(&mut model, "\tfinvoice\n");
    let current = |model: &Model| model.logs.search.as_ref().unwrap().current.unwrap().seq;
    assert_eq!((current(&model), model.logs.window.hits()), (1_541, 3));
    keys(&mut model, "N");
    assert_eq!(current(&model), 1_539);
    keys(&mut model, "n");
    assert_eq!(current(&model), 1_541);
    keys(&mut model, "NNN");
    assert_eq!(model.logs.seeking(), Some(Direction::Older));
    let request = super::super::log::pane::PageRequest {
        generation: model.logs.window.generation,
        service: None,
        cursor: Cursor::Before(100),
        direction: Direction::Older,
        limit: 1_000,
    };
    let older = Arc::new(Item {
        place: Place::line(0),
        at: NOW,
        service: Some("api".into()),
        phase: None,
        content: Content::Line {
            stream: Stream::Stdout,
            partial: false,
            text: "an invoice".into(),
        },
    });
    let page = Page {
        entries: vec![older],
        is_truncated: false,
    };
    update(
        &mut model,
        NOW,
        Message::Page {
            request,
            result: Ok(page),
        },
    );
    assert_eq!(current(&model), 0);
}

#[test]
fn what_is_copied_is_clean() {
    let mut model = sample::model(100, 30, true);
    select(&mut model, "worker");
    let effects = keys(&mut model, "\tvy");
    assert_eq!(
        effects,
        [Effect::Copy("error: QUEUE_URL is not set\n".to_owned())]
    );
    select(&mut model, "mailer");
    let effects = keys(&mut model, "Y");
    let Some(Effect::Save(text)) = effects.first() else {
        panic!("{effects:?}")
    };
    assert_eq!(text.lines().count(), 2);
    assert!(text.starts_with("WARN smtp"));
}

#[test]
fn a_selection_is_extended_and_dropped() {
    let mut model = sample::model(100, 30, true);
    keys(&mut model, "\tvkkk");
    let Some((text, count)) = model.logs.selected_text() else {
        panic!()
    };
    assert_eq!((count, text.lines().count()), (4, 4));
    keys(&mut model, "\u{1b}");
    assert_eq!(model.logs.selection, None);
    assert_eq!(model.focus, Panel::Logs);
}

#[test]
fn a_mark_is_a_place_to_go_back_to() {
    let mut model = sample::model(100, 12, true);
    keys(&mut model, "\tm");
    for seq in 1_543..1_590 {
        let line = Arc::new(Item {
            place: Place::line(seq),
            at: NOW,
            service: Some("api".into()),
            phase: None,
            content: Content::Line {
                stream: Stream::Stdout,
                partial: false,
                text: "x".into(),
            },
        });
        update(&mut model, NOW, Message::Lines(vec![line]));
    }
    keys(&mut model, "'");
    assert!(!model.logs.is_following());
    let geometry = super::layout::geometry(&model);
    let start = model.logs.position.start(&model.logs.window, geometry);
    assert!(matches!(
        model.logs.window.items()[start.index].content,
        Content::Mark(1)
    ));
    keys(&mut model, "G");
    assert!(model.logs.is_following());
}

#[test]
fn q_quits_except_where_it_is_typed() {
    let mut model = sample::model(100, 30, true);
    assert_eq!(keys(&mut model, "q"), [Effect::Quit]);
    keys(&mut model, "/");
    assert!(!keys(&mut model, "q").contains(&Effect::Quit));
    let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert!(update(&mut model, NOW, Message::Key(ctrl_c)).contains(&Effect::Quit));
}

#[test]
fn views_open_and_close() {
    let mut model = sample::model(100, 30, true);
    keys(&mut model, "d");
    assert_eq!(model.body, Body::Log, "all logs has no details");
    keys(&mut model, "jd");
    assert_eq!(model.body, Body::Detail);
    keys(&mut model, "\u{1b}p");
    assert_eq!(model.body, Body::Plan);
    let first = model.services.selected.clone();
    keys(&mut model, "l");
    assert_ne!(model.services.selected, first);
    keys(&mut model, "hp?");
    assert_eq!(
        (model.services.selected.clone(), model.body),
        (first, Body::Log)
    );
    assert!(matches!(model.modal, Some(Modal::Help { .. })));
    keys(&mut model, "?");
    assert_eq!(model.modal, None);
}

#[test]
fn the_sessions_are_looked_for_and_one_is_chosen() {
    let mut model = sample::model(100, 30, true);
    assert!(keys(&mut model, "o").contains(&Effect::ListSessions));
    let choice = |address: &str| super::super::message::Choice {
        address: address.to_owned(),
        token: None,
        config: None,
        pid: None,
    };
    let choices = vec![choice("127.0.0.1:1"), choice("127.0.0.1:6999")];
    update(&mut model, NOW, Message::Sessions(choices));
    assert!(
        matches!(model.modal, Some(Modal::Sessions { row: 1, .. })),
        "the present one"
    );
    assert_eq!(
        keys(&mut model, "k\n"),
        [Effect::Switch(choice("127.0.0.1:1"))]
    );
}

#[test]
fn a_filter_that_lets_nothing_through_does_not_search_for_ever() {
    let mut model = sample::model(100, 30, true);
    model.logs.set_filter(Matcher::new("never", false).ok());
    model.logs.window.older = super::super::log::window::Older::Below(10_000_000);
    let mut before = 10_000_000;
    let mut pages = 0;
    let mut effects = update(&mut model, NOW, Message::Tick);
    while let Some(Effect::FetchPage(request)) = effects.pop() {
        let entries: Vec<_> = (before - 7..before)
            .map(|seq| {
                Arc::new(Item {
                    place: Place::line(seq),
                    at: NOW,
                    service: None,
                    phase: None,
                    content: Content::Line {
                        stream: Stream::Stdout,
                        partial: false,
                        text: "x".into(),
                    },
                })
            })
            .collect();
        before -= 7;
        pages += 1;
        assert!(pages <= 200);
        effects = update(
            &mut model,
            NOW,
            Message::Page {
                request,
                result: Ok(Page {
                    entries,
                    is_truncated: true,
                }),
            },
        );
    }
    assert!(model.logs.has_given_up());
    assert!(matches!(
        press(&mut model, KeyCode::PageUp)[..],
        [Effect::FetchPage(_)]
    ));
}

#[test]
fn good_news_gives_way_to_the_hints_once_it_was_read() {
    let mut model = sample::model(100, 30, true);
    keys(&mut model, "\tm");
    assert!(model.notice.is_some());
    keys(&mut model, "k");
    assert!(model.notice.is_some(), "nobody has read it yet");
    let down = Message::Key(KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE));
    update(&mut model, NOW + 1_500, down.clone());
    assert_eq!(model.notice, None);
    let outcome = Outcome::Refused("busy".to_owned());
    select(&mut model, "api");
    keys(&mut model, "r");
    update(&mut model, NOW, Message::Finished { id: 1, outcome });
    update(&mut model, NOW + 5_000, down);
    assert!(model.notice.is_some(), "bad news stays");
}

#[test]
fn the_terminal_can_be_lent_to_the_shell_from_anywhere() {
    let suspend = Message::Key(KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL));
    let mut model = sample::model(100, 30, true);
    for before in ["", "?", "\u{1b}/", "\u{1b}i"] {
        keys(&mut model, before);
        let effects = update(&mut model, NOW, suspend.clone());
        assert!(effects.contains(&Effect::Suspend), "{before:?}");
    }
}

#[test]
fn keys_with_alt_mean_nothing() {
    let mut model = sample::model(100, 30, true);
    select(&mut model, "api");
    for key in "xsrq".chars() {
        let event = KeyEvent::new(KeyCode::Char(key), KeyModifiers::ALT);
        assert_eq!(update(&mut model, NOW, Message::Key(event)), []);
    }
}

#[test]
fn what_is_waited_for_is_in_the_list_and_not_in_the_news() {
    let mut model = sample::model(100, 30, true);
    let mut tell = |status, detail: &str, blocked_by: &[&str]| {
        let status = ServiceStatus {
            service: "mailer".to_owned(),
            status,
            timestamp: Timestamp::from(std::time::UNIX_EPOCH),
            details: Details {
                up: Some(false),
                detail: Some(detail.to_owned()),
                blocked_by: blocked_by.iter().map(|&name| name.to_owned()).collect(),
                ..Details::default()
            },
        };
        update(&mut model, NOW, Message::Status(status));
        let service = model.services.get("mailer").unwrap();
        (
            events(&model).last().unwrap().clone(),
            super::super::theme::Look::of(service).word(),
            super::super::reasons::of(service, None).unwrap(),
        )
    };
    let (event, word, reason) = tell(Status::Stopping, "stopping, 0.0 of 8 s", &[]);
    assert_eq!(event, "◑ mailer → stopping");
    assert_eq!((word, reason.as_str()), ("stopping", "0.0 of 8 s"));
    let (event, word, reason) = tell(Status::Stopped, "blocked: store failed", &["store"]);
    assert_eq!(event, "⊘ mailer → blocked (store failed)");
    assert_eq!((word, reason.as_str()), ("blocked", "store failed"));
    // The words come at once, the names with the next status.
    let (_, word, _) = tell(Status::Stopped, "waiting for store", &["store"]);
    assert_eq!(word, "waiting");
    let (_, word, _) = tell(Status::Stopped, "blocked: store failed", &[]);
    assert_eq!(word, "blocked");
}

#[test]
fn who_follows_goes_on_after_a_gap_and_who_reads_stays_before_it() {
    let line = |seq: u64| super::super::log::item::tests::line(seq, "api", "x");
    let model = || {
        let mut model = sample::model(100, 12, true);
        let lines = (1_600..1_700).map(line).collect();
        update(&mut model, NOW, Message::Lines(lines));
        keys(&mut model, "\t");
        model
    };
    let gap = |model: &mut Model| {
        let gap = Message::Gap {
            first: 1_700,
            last: 8_999,
        };
        let asked = update(model, NOW, gap);
        update(
            model,
            NOW,
            Message::Lines((9_000..9_005).map(line).collect()),
        );
        asked
    };
    let seqs = |model: &Model| {
        let items = model.logs.window.items();
        (items[0].place.seq, items[items.len() - 1].place.seq)
    };
    let mut follower = model();
    let asked = gap(&mut follower);
    assert_eq!(seqs(&follower), (9_000, 9_004));
    let is_asked = |effect: &Effect| matches!(effect, Effect::FetchPage(request) if request.cursor == Cursor::Before(9_000));
    assert!(asked.iter().any(is_asked), "{asked:?}");
    let mut reader = model();
    keys(&mut reader, "kkk");
    let before = reader.logs.position;
    gap(&mut reader);
    assert_eq!(reader.logs.position, before);
    assert_eq!(seqs(&reader).1, 1_699);
    assert_eq!(reader.logs.unseen, 7_305);
    keys(&mut reader, "G");
    assert_eq!(seqs(&reader), (9_000, 9_004));
}

#[test]
fn the_title_says_which_match_it_is() {
    let line = |seq: u64, text: &str| super::super::log::item::tests::line(seq, "api", text);
    let mut model = sample::model(100, 30, true);
    let texts = ["needle 1", "hay", "needle 2", "hay", "needle 3"];
    let lines = (1_600..).zip(texts).map(|(seq, text)| line(seq, text));
    update(&mut model, NOW, Message::Lines(lines.collect()));
    keys(&mut model, "\tfneedle\n");
    let at = |model: &Model| (model.logs.window.current(), model.logs.window.hits());
    assert_eq!(at(&model), (Some(3), 3));
    keys(&mut model, "N");
    assert_eq!(at(&model), (Some(2), 3));
    update(
        &mut model,
        NOW,
        Message::Lines(vec![line(1_700, "a needle")]),
    );
    assert_eq!(at(&model), (Some(2), 4));
    keys(&mut model, "nn");
    assert_eq!(at(&model), (Some(4), 4));
}

#[test]
fn lines_are_shifted_as_far_as_they_reach() {
    let mut model = sample::model(60, 20, true);
    keys(&mut model, "\tllllllllll");
    let geometry = super::layout::geometry(&model);
    let items = model.logs.window.items().iter();
    let widths = items.map(|item| super::super::ansi::width(item.raw(), usize::MAX));
    let widest = widths.max().unwrap();
    assert_eq!(model.logs.shift, widest - geometry.columns);
    keys(&mut model, "0");
    assert_eq!(model.logs.shift, 0);
}

#[test]
fn times_go_through_all_ways_even_where_there_is_little_space() {
    let mut model = sample::model(80, 24, true);
    keys(&mut model, "\t");
    let columns = |model: &Model| super::layout::geometry(model).columns;
    let without = columns(&model);
    keys(&mut model, "t");
    assert_eq!(columns(&model), without - 9);
    keys(&mut model, "t");
    assert_eq!(columns(&model), without - 19);
    keys(&mut model, "t");
    assert_eq!(columns(&model), without);
}

fn mouse(model: &mut Model, kind: MouseEventKind, (column, row): (u16, u16)) {
    let event = MouseEvent {
        kind,
        column,
        row,
        modifiers: KeyModifiers::NONE,
    };
    update(model, NOW, Message::Mouse(event));
}

#[test]
fn dragging_beyond_the_edge_moves_the_log() {
    let mut model = sample::model(100, 12, true);
    let rows = super::layout::areas(&model).log_rows();
    let (x, last) = (rows.x + 20, rows.bottom() - 1);
    mouse(
        &mut model,
        MouseEventKind::Down(MouseButton::Left),
        (x, last),
    );
    mouse(
        &mut model,
        MouseEventKind::Drag(MouseButton::Left),
        (x, last),
    );
    let before = model.logs.selected_text().unwrap().1;
    for _ in 0..3 {
        mouse(&mut model, MouseEventKind::Drag(MouseButton::Left), (x, 0));
    }
    let (_, after) = model.logs.selected_text().unwrap();
    assert_eq!((before, after), (1, usize::from(rows.height) + 3));
    assert!(!model.logs.is_following());
}

#[test]
fn a_start_is_timed_where_it_was_seen() {
    let mut model = sample::model(100, 30, true);
    for (status, at, up) in [
        (Status::Starting, 0, false),
        (Status::Running, 5, false),
        (Status::Ready, 2_345, true),
    ] {
        let at = std::time::UNIX_EPOCH + std::time::Duration::from_millis(at);
        let status = ServiceStatus {
            service: "mailer".to_owned(),
            status,
            timestamp: Timestamp::from(at),
            details: Details {
                up: Some(up),
                ..Details::default()
            },
        };
        update(&mut model, NOW, Message::Status(status));
    }
    assert_eq!(model.services.get("mailer").unwrap().took, Some(2_345));
    assert_eq!(model.services.get("api").unwrap().took, None);
}

#[test]
fn a_click_in_the_plan_selects_what_is_there() {
    let mut model = sample::model(100, 16, true);
    keys(&mut model, "p");
    let mut buffer = Buffer::empty(Rect::new(0, 0, 100, 16));
    crate::tui::view::draw(&model, &mut buffer);
    let rows = crate::tui::view::rows_of(&buffer);
    for name in ["worker", "build", "gateway"] {
        let (y, row) = (0..)
            .zip(rows.lines())
            .find(|(_, row)| row.contains(name))
            .unwrap();
        let before = row.split(name).next().unwrap_or_default();
        let x = u16::try_from(before.width()).unwrap();
        mouse(&mut model, MouseEventKind::Down(MouseButton::Left), (x, y));
        assert_eq!(
            model.services.selected,
            Selected::Service(name.into()),
            "{rows}"
        );
    }
    let before = model.services.selected.clone();
    for place in [(99, 15), (1, 2), (98, 8)] {
        mouse(&mut model, MouseEventKind::Down(MouseButton::Left), place);
        assert_eq!(model.services.selected, before, "{place:?} {rows}");
    }
}

#[test]
fn a_selection_says_where_it_ends_before_the_log_does() {
    let mut model = sample::model(100, 12, true);
    keys(&mut model, "\tvg");
    assert_eq!(model.notice, None, "this is the beginning");
    model.logs.window.older = Older::Below(500);
    keys(&mut model, "\u{1b}vg");
    let notice = model.notice.as_ref().unwrap();
    assert!(
        notice.text.starts_with("selected as far as is loaded"),
        "{notice:?}"
    );
}

#[test]
fn details_that_cover_the_list_have_the_focus_and_give_it_back() {
    let mut model = sample::model(40, 10, true);
    select(&mut model, "worker");
    for close in ["\u{1b}", "\n", "d"] {
        keys(&mut model, "\n");
        assert_eq!((model.body, model.focus), (Body::Detail, Panel::Logs));
        press(&mut model, KeyCode::PageDown);
        assert!(model.detail_scroll > 0, "the details scroll");
        assert_eq!(model.services.selected, Selected::Service("worker".into()));
        keys(&mut model, close);
        assert_eq!((model.body, model.focus), (Body::Log, Panel::Services));
    }
    // To the list, which had no space beside them.
    keys(&mut model, "d\t");
    assert_eq!((model.body, model.focus), (Body::Log, Panel::Services));
    // From the log, the focus stays on that side.
    keys(&mut model, "\td\u{1b}");
    assert_eq!((model.body, model.focus), (Body::Log, Panel::Logs));
    // With space for both the list has it again.
    keys(&mut model, "\td");
    for (columns, focus) in [(100, Panel::Services), (40, Panel::Logs)] {
        update(&mut model, NOW, Message::Resize { columns, rows: 10 });
        assert_eq!((model.body, model.focus), (Body::Detail, focus));
    }
}

#[test]
fn details_and_windows_have_a_beginning_and_an_end() {
    let mut model = sample::model(80, 10, true);
    select(&mut model, "worker");
    keys(&mut model, "d\tG");
    let end = model.detail_scroll;
    assert!(end > 0 && end < 100, "{end}");
    keys(&mut model, "j");
    assert_eq!(model.detail_scroll, end, "there is nothing below");
    press(&mut model, KeyCode::Home);
    assert_eq!(model.detail_scroll, 0);
    for window in ["?", "i"] {
        update(
            &mut model,
            NOW,
            Message::Resize {
                columns: 40,
                rows: 8,
            },
        );
        keys(&mut model, window);
        let scroll = |model: &Model| match &model.modal {
            Some(Modal::Help { scroll } | Modal::Info { scroll, .. }) => *scroll,
            other => panic!("{other:?}"),
        };
        keys(&mut model, "G");
        let last = scroll(&model);
        assert!(last > 0);
        press(&mut model, KeyCode::End);
        keys(&mut model, "j");
        assert_eq!(scroll(&model), last);
        keys(&mut model, "g");
        assert_eq!(scroll(&model), 0);
        keys(&mut model, "\u{1b}");
        assert_eq!(model.modal, None);
    }
}

#[test]
fn notices_of_a_session_go_with_it() {
    let mut model = sample::model(100, 30, true);
    let hello = |model: &mut Model, is_new| {
        let session_id = Some("other".to_owned());
        update(model, NOW, Message::Hello { session_id, is_new });
    };
    super::notify(&mut model, Tone::Bad, "worker → failed");
    hello(&mut model, false);
    assert!(model.notice.is_some(), "it is the same session");
    hello(&mut model, true);
    assert_eq!(model.notice, None);
}

#[test]
fn a_page_that_the_end_of_the_connection_took_is_no_news() {
    let mut model = sample::model(100, 30, true);
    model.logs.window.older = super::super::log::window::Older::Unknown;
    let question = |model: &mut Model| {
        let effects = keys(model, "\tgG\t");
        let request = effects.into_iter().find_map(|effect| match effect {
            Effect::FetchPage(request) => Some(request),
            _ => None,
        });
        request.expect("it asks for what is above")
    };
    let request = question(&mut model);
    let result = Err(NoPage::Disconnected);
    let effects = update(
        &mut model,
        NOW,
        Message::Page {
            request: request.clone(),
            result,
        },
    );
    assert_eq!((effects, model.notice.clone()), (Vec::new(), None));
    let result = Err(NoPage::Failed("busy".to_owned()));
    update(&mut model, NOW, Message::Page { request, result });
    assert_eq!(
        model.notice.unwrap().text,
        "log entries could not be loaded: busy"
    );
}

#[test]
fn a_failed_command_names_its_service_once() {
    let said = |keyed: &str, why: &str, services: &[&str]| {
        let mut model = sample::model(100, 30, true);
        if keyed == "r" {
            select(&mut model, "api");
        }
        let id = model.next_command;
        keys(&mut model, keyed);
        let outcome = Outcome::Failed {
            why: why.to_owned(),
            services: services.iter().map(|&name| name.to_owned()).collect(),
        };
        update(&mut model, NOW, Message::Finished { id, outcome });
        model.notice.unwrap().text
    };
    for (keyed, why, services, expected) in [
        (
            "r",
            "api failed: no such directory",
            &["api"][..],
            "restart api: failed: no such directory",
        ),
        (
            "r",
            "api is blocked: store failed (exit code 1)",
            &["api", "store"],
            "restart api: failed: blocked: store failed (exit code 1) [api, store]",
        ),
        (
            "r",
            "apis are odd",
            &["api"],
            "restart api: failed: apis are odd",
        ),
        (
            "s",
            "2 failed",
            &["a", "b"],
            "start all: failed: 2 failed [a, b]",
        ),
    ] {
        assert_eq!(said(keyed, why, services), expected);
    }
}

#[test]
fn a_daemon_without_a_probe_is_called_ready_everywhere() {
    let mut model = sample::model(100, 30, true);
    let details = Details {
        up: Some(true),
        ..Details::default()
    };
    let status = ServiceStatus {
        service: "mailer".to_owned(),
        status: Status::Running,
        timestamp: Timestamp::from(std::time::UNIX_EPOCH),
        details,
    };
    update(&mut model, NOW, Message::Status(status));
    assert_eq!(events(&model), ["● mailer → ready"]);
}

#[test]
fn who_stops_all_is_told_how_many_have_a_process() {
    let mut model = sample::model(100, 30, true);
    let mut states = sample::states();
    // A oneshot that has ended has none; a stop that is under way still has.
    states[5].status = Status::Stopping;
    update(&mut model, NOW, Message::Snapshot(states));
    keys(&mut model, "x");
    let mut buffer = Buffer::empty(Rect::new(0, 0, model.columns, model.rows));
    super::super::view::draw(&model, &mut buffer);
    let rows = super::super::view::rows_of(&buffer);
    assert!(
        rows.contains("Stop all services? 3 of 7 have a process."),
        "{rows}"
    );
}

#[test]
fn sessions_are_looked_for_while_their_list_is_open() {
    let choice = |port: u16| Choice {
        address: format!("127.0.0.1:{port}"),
        token: None,
        config: None,
        pid: None,
    };
    let row = |model: &Model| match &model.modal {
        Some(Modal::Sessions { row, choices, .. }) => {
            choices.as_ref().unwrap()[*row].address.clone()
        }
        other => panic!("{other:?}"),
    };
    let mut model = sample::model(100, 30, true);
    model.target.address = String::new();
    assert_eq!(keys(&mut model, "o"), [Effect::ListSessions]);
    let tick = |model: &mut Model, at| update(model, NOW + at, Message::Tick);
    assert_eq!(
        tick(&mut model, 9_000),
        [],
        "the first answer is still to come"
    );
    update(
        &mut model,
        NOW + 9_000,
        Message::Sessions(vec![choice(1), choice(2)]),
    );
    assert_eq!(tick(&mut model, 9_500), [Effect::ListSessions]);
    assert_eq!(tick(&mut model, 10_500), []);
    // One that appears at the top is offered first, unless somebody has moved to another.
    update(
        &mut model,
        NOW,
        Message::Sessions(vec![choice(3), choice(1), choice(2)]),
    );
    assert_eq!(row(&model), "127.0.0.1:3");
    keys(&mut model, "j");
    update(
        &mut model,
        NOW,
        Message::Sessions(vec![choice(4), choice(3), choice(1)]),
    );
    assert_eq!(row(&model), "127.0.0.1:1");
    update(&mut model, NOW, Message::Sessions(vec![choice(4)]));
    assert_eq!(row(&model), "127.0.0.1:4");
    keys(&mut model, "\u{1b}");
    assert_eq!(tick(&mut model, 20_000), [], "it is closed");
}
