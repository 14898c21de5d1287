//! What people order, and how that ends.

use flowlayer_core::facts::{BlockedBy, Code, Reason, StartProblem};

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
    assert_eq!(model.modal, Some(Modal::Confirm(Order::StopAll)));
    assert_eq!(orders(&keys(&mut model, "n")), []);
    assert_eq!(orders(&keys(&mut model, "xy")), [Order::StopAll]);
    assert_eq!(model.modal, None);
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
