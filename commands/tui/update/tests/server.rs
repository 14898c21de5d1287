//! What servers and connections tell.

use flowlayer_core::facts::{BlockedBy, Code, Ending, Reason, StopRound};

use super::*;

/// A status of this service since so many milliseconds after 1970.
fn told(name: &str, at: i64, status: Status, details: Details) -> Message {
    let name = name.to_owned();
    Message::Status {
        state: ServiceState {
            name,
            status,
            details,
        },
        at: Timestamp(at),
    }
}

#[test]
fn a_status_changes_the_list_and_shows_in_the_log() {
    let mut model = fixture::model(100, 30, true);
    let status = |status, detail: Option<&str>| {
        let details = Details {
            detail: detail.map(str::to_owned),
            ..Details::default()
        };
        told("mailer", 0, status, details)
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
    let mut model = fixture::model(100, 30, true);
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
    let mut model = fixture::model(100, 30, true);
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
fn news_gives_way_to_the_hints_once_it_was_read() {
    let mut model = fixture::model(100, 30, true);
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
    update(&mut model, NOW + 4_000, Message::Tick);
    assert!(model.notice.is_some(), "bad news waits for a key");
    update(&mut model, NOW + 5_000, down);
    assert_eq!(model.notice, None);
}

#[test]
fn what_is_waited_for_is_in_the_list_and_not_in_the_news() {
    let mut model = fixture::model(100, 30, true);
    let mut tell = |status, reason| {
        let details = Details {
            up: Some(false),
            ..Details::default().because(reason)
        };
        update(&mut model, NOW, told("mailer", 0, status, details));
        let service = model.services.get("mailer").unwrap();
        (
            events(&model).last().unwrap().clone(),
            service.state().word(),
            crate::tui::reasons::of(service).unwrap(),
        )
    };
    let stopping = Reason::Stopping {
        by: None,
        ending: Ending {
            round: StopRound::Term,
            elapsed_ms: 0,
            grace_ms: Some(8_000),
            left: Vec::new(),
        },
        failure: None,
    };
    let (event, word, reason) = tell(Status::Stopping, stopping);
    assert_eq!(event, "◑ mailer → stopping");
    assert_eq!((word, reason.as_str()), ("stopping", "0.0 of 8 s"));
    let blocked = Reason::Blocked {
        by: vec![BlockedBy {
            service: "store".into(),
            code: Code::Exited,
        }],
    };
    let (event, word, reason) = tell(Status::Stopped, blocked);
    assert_eq!(event, "⊘ mailer → blocked (store failed)");
    assert_eq!((word, reason.as_str()), ("blocked", "store failed"));
    let on = vec!["store".into()];
    let (_, word, _) = tell(Status::Stopped, Reason::WaitingFor { on });
    assert_eq!(word, "waiting");
}

#[test]
fn a_start_is_timed_where_it_was_seen() {
    let mut model = fixture::model(100, 30, true);
    for (status, at, up) in [
        (Status::Starting, 0, false),
        (Status::Running, 5, false),
        (Status::Ready, 2_345, true),
    ] {
        let details = Details {
            up: Some(up),
            ..Details::default()
        };
        update(&mut model, NOW, told("mailer", at, status, details));
    }
    assert_eq!(model.services.get("mailer").unwrap().took, Some(2_345));
    assert_eq!(model.services.get("api").unwrap().took, None);
}

#[test]
fn notices_of_a_session_go_with_it() {
    let mut model = fixture::model(100, 30, true);
    let hello = |model: &mut Model, is_new| {
        let session_id = Some("other".to_owned());
        update(model, NOW, Message::Hello { session_id, is_new });
    };
    crate::tui::update::notify(&mut model, Tone::Bad, "worker → failed");
    hello(&mut model, false);
    assert!(model.notice.is_some(), "it is the same session");
    hello(&mut model, true);
    assert_eq!(model.notice, None);
}

#[test]
fn a_page_that_the_end_of_the_connection_took_is_no_news() {
    let mut model = fixture::model(100, 30, true);
    model.logs.window.older = crate::tui::log::window::Older::Unknown;
    let question = |model: &mut Model| {
        let effects = keys(model, "\tgG\t");
        let request = effects.into_iter().find_map(|effect| match effect {
            UiEffect::FetchPage(request) => Some(request),
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
fn a_daemon_without_a_probe_is_called_ready_everywhere() {
    let mut model = fixture::model(100, 30, true);
    let details = Details {
        up: Some(true),
        ..Details::default()
    };
    let running = told("mailer", 0, Status::Running, details);
    update(&mut model, NOW, running);
    assert_eq!(events(&model), ["● mailer → ready"]);
}
