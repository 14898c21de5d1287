//! What people order, and how that ends.

use flowlayer_core::facts::{
    BlockedBy, Change, ChangeKind, Code, ConfigChanged, Reason, StartProblem,
};

use super::*;

#[test]
fn s_starts_what_is_down_and_restarts_what_is_up() {
    let mut model = fixture::model(100, 30, true);
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
    let mut model = fixture::model(100, 30, true);
    assert_eq!(orders(&keys(&mut model, "s")), [Order::StartAll]);
    assert_eq!(orders(&keys(&mut model, "x")), []);
    assert_eq!(model.modal, Some(Modal::Confirm(vec![Order::StopAll])));
    assert_eq!(orders(&keys(&mut model, "n")), []);
    assert_eq!(orders(&keys(&mut model, "xy")), [Order::StopAll]);
    assert_eq!(model.modal, None);
}

/// An edit that restarts this service.
fn edit(service: &str) -> ConfigChanged {
    let change = Change {
        service: Some(service.into()),
        change: ChangeKind::Restart,
        fields: Vec::new(),
    };
    ConfigChanged {
        stale: true,
        problems: Vec::new(),
        changes: vec![change],
    }
}

#[test]
fn a_reload_applies_what_is_shown() {
    let mut model = fixture::model(100, 30, true);
    let reload = |of: &str| Order::Reload(edit(of).changes);
    let asked = |of: &str| Some(Modal::Confirm(vec![reload(of)]));
    let edited = |of: &str| Message::ConfigChanged(Box::new(edit(of)));
    update(&mut model, NOW, edited("api"));
    keys(&mut model, "R");
    assert_eq!(model.modal, asked("api"));
    update(&mut model, NOW, edited("store"));
    assert_eq!(model.modal, asked("store"), "it is asked about anew");
    let id = model.next_command;
    assert_eq!(orders(&keys(&mut model, "y")), [reload("store")]);
    let outcome = Outcome::NotReloaded {
        why: "edited again".to_owned(),
        now: Box::new(edit("mailer")),
    };
    update(&mut model, NOW, Message::Finished { id, outcome });
    assert_eq!(model.modal, asked("mailer"));
    update(&mut model, NOW, Message::ConfigChanged(Box::default()));
    assert_eq!(model.modal, None, "there is nothing left to apply");
}

#[test]
fn commands_say_how_they_ended_however_late() {
    let mut model = fixture::model(100, 30, true);
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
    let mut model = fixture::model(100, 30, true);
    let link = Link::Reconnecting {
        retry_at: NOW,
        why: "closed".to_owned(),
    };
    update(&mut model, NOW, Message::Link(link));
    assert_eq!(keys(&mut model, "sx"), []);
    assert!(model.notice.unwrap().text.ends_with("not connected"));
    assert!(events_of(&model.logs.recent).contains(&"connection lost: closed".to_owned()));
}

#[test]
fn a_failed_command_names_its_service_once() {
    let said = |keyed: &str, why: &str, services: &[&str], reason: Option<Reason>| {
        let mut model = fixture::model(100, 30, true);
        if keyed == "r" {
            select(&mut model, "api");
        }
        let id = model.next_command;
        keys(&mut model, keyed);
        if let Some(reason) = reason {
            let mut states = fixture::states();
            states[0].status = match reason {
                Reason::Blocked { .. } => Status::Stopped,
                _ => Status::Failed,
            };
            states[0].details = std::mem::take(&mut states[0].details).because(reason);
            update(&mut model, NOW, Message::Snapshot(states));
        }
        let outcome = Outcome::Failed {
            why: why.to_owned(),
            services: services.iter().map(|&name| name.to_owned()).collect(),
        };
        update(&mut model, NOW, Message::Finished { id, outcome });
        model.notice.unwrap().text
    };
    let no_directory = Reason::CannotStart(StartProblem::System {
        error: "no such directory".to_owned(),
    });
    let by = vec![BlockedBy {
        service: "store".into(),
        code: Code::Exited,
    }];
    for (keyed, why, services, reason, expected) in [
        (
            "r",
            "api failed: no such directory",
            &["api"][..],
            Some(no_directory),
            "restart api: failed: no such directory",
        ),
        (
            "r",
            "api is blocked: store failed (exit code 1)",
            &["api", "store"],
            Some(Reason::Blocked { by }),
            "restart api: blocked: store failed [api, store]",
        ),
        (
            "r",
            "apis are odd",
            &["api"],
            None,
            "restart api: failed: apis are odd",
        ),
        (
            "s",
            "2 failed",
            &["a", "b"],
            None,
            "start all: failed: 2 failed [a, b]",
        ),
    ] {
        assert_eq!(said(keyed, why, services, reason), expected);
    }
}

#[test]
fn who_stops_all_is_told_how_many_have_a_process() {
    let mut model = fixture::model(100, 30, true);
    let mut states = fixture::states();
    // A oneshot that has ended has none; a stop that is under way still has.
    states[5].status = Status::Stopping;
    update(&mut model, NOW, Message::Snapshot(states));
    keys(&mut model, "x");
    let rows = crate::tui::view::screen(&model);
    assert!(
        rows.contains("Stop all services? 3 of 7 have a process."),
        "{rows}"
    );
}

#[test]
fn what_a_filter_hides_is_neither_started_nor_stopped() {
    let mut model = fixture::model(100, 30, true);
    // Typed from `all logs`, the first match is selected.
    keys(&mut model, "/mail\n");
    assert_eq!(model.services.selected, Selected::Service("mailer".into()));
    assert_eq!(
        orders(&keys(&mut model, "x")),
        [Order::Stop("mailer".into())]
    );
    // Its first row stands for what is shown, and no more.
    keys(&mut model, "\u{1b}/r\ngx");
    let stops = ["mailer", "migrate", "worker", "store"];
    let Some(Modal::Confirm(asked)) = &model.modal else {
        panic!("{:?}", model.modal);
    };
    assert!(!asked.is_empty());
    for order in asked {
        let name = order.service().unwrap();
        assert!(stops.contains(&&**name), "{order:?}");
    }
    keys(&mut model, "n\u{1b}/nothing\n");
    assert_eq!(orders(&keys(&mut model, "sxr")), []);
    assert!(model.notice.unwrap().text.contains("hides all services"));
}

#[test]
fn a_filter_that_is_dropped_gives_the_selection_back() {
    let mut model = fixture::model(100, 30, true);
    keys(&mut model, "/work\u{1b}");
    assert_eq!(model.services.selected, Selected::All);
    select(&mut model, "store");
    keys(&mut model, "/work");
    assert_eq!(model.services.selected, Selected::Service("worker".into()));
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.services.selected, Selected::Service("store".into()));
}

#[test]
fn marked_services_share_a_log_and_a_command() {
    let mut model = fixture::model(100, 30, true);
    select(&mut model, "store");
    keys(&mut model, " ");
    assert_eq!(
        model.services.selected,
        Selected::Service("store".into()),
        "it stays"
    );
    assert_eq!(model.logs.filter.scope, Scope::Service("store".into()));
    assert_eq!(
        orders(&keys(&mut model, "r")),
        [Order::Restart("store".into())]
    );
    select(&mut model, "api");
    keys(&mut model, " ");
    let lines = lines(&model);
    assert!(lines.iter().any(|line| line.contains("listening on :3001")));
    assert!(lines.iter().any(|line| line.contains("store: get")));
    assert!(!lines.iter().any(|line| line.contains("smtp")), "{lines:?}");
    let rows = crate::tui::view::screen(&model);
    assert!(rows.contains("s restart 2  x stop 2"), "{rows}");
    select(&mut model, "worker");
    keys(&mut model, " s");
    let asked = vec![
        Order::Restart("api".into()),
        Order::Restart("store".into()),
        Order::Start("worker".into()),
    ];
    assert_eq!(model.modal, Some(Modal::Confirm(asked.clone())));
    let rows = crate::tui::view::screen(&model);
    assert!(rows.contains("Restart api, store; start worker?"), "{rows}");
    assert!(
        rows.contains("s start 3") && rows.contains("x stop 2"),
        "{rows}"
    );
    assert_eq!(orders(&keys(&mut model, "y")), asked);
    keys(&mut model, "\u{1b}");
    assert_eq!(model.services.marks(), (0, 0));
}

#[test]
fn who_acts_on_one_mark_from_elsewhere_is_asked() {
    let mut model = fixture::model(100, 30, true);
    select(&mut model, "store");
    keys(&mut model, " j");
    assert_eq!(orders(&keys(&mut model, "x")), []);
    assert_eq!(
        model.modal,
        Some(Modal::Confirm(vec![Order::Stop("store".into())]))
    );
}

#[test]
fn what_has_failed_is_restarted_in_two_keys() {
    let mut model = fixture::model(100, 30, true);
    assert_eq!(
        orders(&keys(&mut model, "!s")),
        [Order::Start("worker".into())]
    );
    keys(&mut model, "!");
    assert_eq!(model.services.selected, Selected::Service("gateway".into()));
}

/// What the server would refuse is not sent, and not offered.
#[test]
fn a_command_that_would_be_refused_names_who_is_in_the_way() {
    let mut model = fixture::model(100, 30, true);
    let mut states = fixture::states();
    states[0].status = Status::Stopping;
    update(&mut model, NOW, Message::Snapshot(states));
    select(&mut model, "api");
    for key in ["s", "x", "r"] {
        assert_eq!(orders(&keys(&mut model, key)), []);
        let notice = model.notice.take().unwrap();
        assert_eq!(
            (notice.tone, &*notice.text),
            (Tone::Plain, "api is stopping")
        );
    }
    let rows = crate::tui::view::screen(&model);
    assert!(!rows.contains("restart"), "{rows}");
    let mut states = fixture::states();
    states[6].status = Status::Unknown;
    states[6].details = Details::default().because(Reason::WaitingForWave {
        wave: 2,
        on: vec!["mailer".into()],
        more: 0,
    });
    update(&mut model, NOW, Message::Snapshot(states));
    assert_eq!(orders(&keys(&mut model, "gs")), []);
    let text = model.notice.unwrap().text;
    assert!(
        text.starts_with("the boot is in progress: wave 2 │ mailer holds it, connection refused"),
        "{text}"
    );
}

/// What a later server calls a status does not keep anybody from starting everything.
#[test]
fn an_unknown_status_is_no_boot() {
    let mut model = fixture::model(100, 30, true);
    let mut states = fixture::states();
    states[6].status = Status::Unknown;
    states[6].details = Details::default();
    update(&mut model, NOW, Message::Snapshot(states));
    assert_eq!(orders(&keys(&mut model, "s")), [Order::StartAll]);
}

#[test]
fn the_url_of_a_service_is_opened() {
    let mut model = fixture::model(100, 30, true);
    let mut states = fixture::states();
    states[0].details.spec = Some(Arc::new(flowlayer_core::facts::ServiceSpec {
        url: Some("http://localhost:3001".to_owned()),
        ..fixture::spec(&["api"])
    }));
    update(&mut model, NOW, Message::Snapshot(states));
    select(&mut model, "api");
    let open = UiEffect::OpenUrl("http://localhost:3001".to_owned());
    assert_eq!(keys(&mut model, "u"), [open]);
    select(&mut model, "store");
    assert_eq!(keys(&mut model, "u"), []);
    assert!(model.notice.unwrap().text.starts_with("store has no url"));
}
