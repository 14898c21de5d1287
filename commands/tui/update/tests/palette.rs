//! The palette, the search in the help, what is written to files, marks and the boot.

use super::*;
use crate::tui::view::screen;

#[test]
fn everything_that_can_be_done_is_found_by_its_name() {
    let mut model = fixture::model(100, 30, true);
    select(&mut model, "api");
    keys(&mut model, ":");
    let rows = screen(&model);
    assert!(rows.contains("start, or restart what is up"), "{rows}");
    assert!(!rows.contains("open the url"), "api has none: {rows}");
    keys(&mut model, "restart service");
    let rows = screen(&model);
    assert!(!rows.contains("connection info"), "{rows}");
    assert_eq!(
        orders(&keys(&mut model, "\n")),
        [Order::Restart("api".into())]
    );
    assert_eq!(model.modal, None);
    keys(&mut model, ":zoom nothing");
    assert!(screen(&model).contains("nothing to do is called that"));
    keys(&mut model, "\n");
    assert!(model.prompt.is_none() && model.modal.is_none());
    // Its second row.
    keys(&mut model, ":details");
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Up);
    keys(&mut model, "\n");
    assert_eq!(model.body, Body::Detail);
    keys(&mut model, ":q\u{1b}");
    assert!(model.prompt.is_none() && model.modal.is_none());
}

#[test]
fn the_help_shows_what_contains_the_search() {
    let mut model = fixture::model(80, 24, true);
    keys(&mut model, "?/clipboard");
    assert!(screen(&model).contains("no line contains that"));
    press(&mut model, KeyCode::Esc);
    keys(&mut model, "/restart\n");
    let rows = screen(&model);
    assert!(rows.contains("restart the service"), "{rows}");
    assert!(!rows.contains("connection info"), "{rows}");
    keys(&mut model, "\u{1b}");
    assert_eq!(model.modal, None);
}

#[test]
fn the_whole_log_as_filtered_goes_to_a_file() {
    let mut model = fixture::model(100, 30, true);
    select(&mut model, "api");
    keys(&mut model, "\t/health\n");
    let effects = keys(&mut model, "Y");
    let [UiEffect::Export(export)] = &*effects else {
        panic!("{effects:?}");
    };
    assert_eq!(export.services(), ["api"]);
    assert_eq!(export.until, 1_542);
    assert!(export.filter.pattern.is_some());
    let saving = Saving {
        lines: 12_345,
        seq: 771,
        until: 1_542,
    };
    update(&mut model, NOW, Message::Saving(saving));
    let rows = screen(&model);
    assert!(
        rows.contains("writing the log: 12,345 lines, 50 %; esc stops"),
        "{rows}"
    );
    assert_eq!(keys(&mut model, "Y"), [], "one at a time");
    assert_eq!(keys(&mut model, "\u{1b}"), [UiEffect::StopSaving]);
    let notice = model.notice.as_ref().unwrap();
    assert_eq!(notice.text, "stopped after 12,345 lines");
    assert!(model.logs.filter.pattern.is_some(), "the filter stays");
    keys(&mut model, "Y");
    update(&mut model, NOW, Message::Saving(saving));
    update(&mut model, NOW, Message::Saved(Ok("log.txt".to_owned())));
    assert_eq!(
        model.notice.unwrap().text,
        "12,345 lines written to log.txt"
    );
}

#[test]
fn a_mark_counts_what_has_come_since() {
    let mut model = fixture::model(100, 30, true);
    keys(&mut model, "m");
    let line = |seq, service: &str| {
        Arc::new(Item {
            place: Place::line(seq),
            at: NOW,
            service: Some(service.into()),
            phase: None,
            content: Content::Line {
                stream: Stream::Stdout,
                partial: false,
                text: "later".into(),
            },
        })
    };
    let lines = vec![line(1_543, "api"), line(1_544, "store"), line(1_545, "api")];
    update(&mut model, NOW, Message::Lines(lines));
    assert!(screen(&model).contains("──── mark 1 · 09:21:00 · 3 lines since ─"));
    select(&mut model, "api");
    assert!(screen(&model).contains("──── mark 1 · 09:21:00 · 2 lines since ─"));
}

#[test]
fn the_boot_shows_how_long_each_start_took_and_what_the_others_wait_for() {
    let mut model = fixture::model(120, 30, true);
    let mut change = |name: &str, at: i64, status, up| {
        let state = ServiceState {
            name: name.to_owned(),
            status,
            details: Details {
                up: Some(up),
                ..Details::default()
            },
        };
        let at = Timestamp(at);
        update(&mut model, NOW, Message::Status { state, at });
    };
    change("store", NOW - 8_000, Status::Starting, false);
    change("store", NOW - 6_000, Status::Ready, true);
    change("api", NOW - 6_000, Status::Starting, false);
    change("api", NOW - 5_900, Status::Running, false);
    keys(&mut model, "b");
    let rows = screen(&model);
    let row = |name: &str| {
        let row = rows
            .lines()
            .find(|row| row.contains(&format!(" {name} ")) && row.contains(" s"));
        row.unwrap_or(&rows).to_owned()
    };
    assert!(
        rows.contains("│ boot ") || rows.contains("╭─ boot "),
        "{rows}"
    );
    assert!(
        row("store").contains("█ ") && row("store").contains("2.0 s"),
        "{rows}"
    );
    assert!(
        row("api").contains("▒ ") && row("api").contains("6.0 s"),
        "{rows}"
    );
    keys(&mut model, "b");
    assert_eq!(model.body, Body::Log);
}

#[test]
fn a_double_click_opens_the_details() {
    let mut model = fixture::model(100, 30, true);
    let rows = screen(&model);
    let y = rows.lines().position(|row| row.contains("● api")).unwrap();
    let click = |model: &mut Model, at| {
        let event = MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column: 6,
            row: u16::try_from(y).unwrap(),
            modifiers: KeyModifiers::NONE,
        };
        update(model, NOW + at, Message::Mouse(event));
    };
    click(&mut model, 0);
    click(&mut model, 1_000);
    assert_eq!(model.body, Body::Log, "too slow");
    click(&mut model, 1_200);
    assert_eq!(model.body, Body::Detail);
    assert_eq!(model.services.selected, Selected::Service("api".into()));
}

/// However many services there are, the plan counts them in full.
#[test]
fn the_plan_cuts_no_count_and_uses_the_width() {
    let mut model = fixture::model(80, 24, true);
    let state = |index: usize| ServiceState {
        name: format!("s{index:03}"),
        status: Status::Ready,
        details: Details {
            up: Some(true),
            wave: Some(index / 100 + 10),
            ..Details::default()
        },
    };
    let states = (0..1_000).map(state).collect();
    update(&mut model, NOW, Message::Snapshot(states));
    keys(&mut model, "p");
    for columns in 20..200 {
        let rows = 24;
        update(&mut model, NOW, Message::Resize { columns, rows });
        let rows = screen(&model);
        let heading = rows.lines().nth(2).unwrap_or_default();
        let waves = heading.matches("wave ").count();
        assert_eq!(heading.matches(" 100/100").count(), waves, "{rows}");
    }
    let states = (0..60).map(state).collect();
    update(&mut model, NOW, Message::Snapshot(states));
    let rows = screen(&model);
    assert!(
        rows.contains("s000") && rows.contains("s059"),
        "side by side: {rows}"
    );
}

#[test]
fn a_quiet_service_says_so_above_its_log() {
    let mut model = fixture::model(120, 30, true);
    let mut states = fixture::states();
    states[0].details.spec = Some(Arc::new(flowlayer_core::facts::ServiceSpec {
        output: flowlayer_core::facts::OutputMode::Quiet,
        ..fixture::spec(&["api"])
    }));
    update(&mut model, NOW, Message::Snapshot(states));
    select(&mut model, "api");
    let rows = screen(&model);
    assert!(rows.contains("quiet: not in all logs"), "{rows}");
}
