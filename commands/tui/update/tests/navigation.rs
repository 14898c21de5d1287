//! Views, windows, the mouse: where one is and how one gets there.

use super::*;

#[test]
fn q_quits_except_where_it_is_typed() {
    let mut model = fixture::model(100, 30, true);
    assert_eq!(keys(&mut model, "q"), [UiEffect::Quit(After::Leave)]);
    keys(&mut model, "/");
    assert!(!keys(&mut model, "q").contains(&UiEffect::Quit(After::Leave)));
    let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert!(update(&mut model, NOW, Message::Key(ctrl_c)).contains(&UiEffect::Quit(After::Leave)));
}

#[test]
fn quitting_up_asks_what_becomes_of_the_session() {
    let asking = || {
        let mut model = fixture::model(100, 30, true);
        model.at_quit = AtQuit::Ask;
        assert_eq!(keys(&mut model, "/"), []);
        let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(update(&mut model, NOW, Message::Key(ctrl_c)), []);
        assert_eq!(model.modal, Some(Modal::Quit));
        model
    };
    for (typed, after) in [
        ("\n", After::Leave),
        ("q", After::Leave),
        ("x", After::Stop),
    ] {
        let quit = [UiEffect::Quit(after)];
        assert_eq!(keys(&mut asking(), typed), quit, "{typed:?}");
    }
    let mut model = asking();
    assert_eq!(keys(&mut model, "\u{1b}"), []);
    assert_eq!(model.modal, None, "back to the cockpit");
    // There is nothing to ask about what is gone.
    let why = "gone".to_owned();
    let retry_at = NOW;
    let lost = Message::Link(Link::Reconnecting { retry_at, why });
    update(&mut model, NOW, lost);
    assert_eq!(keys(&mut model, "q"), [UiEffect::Quit(After::Leave)]);
    let mut model = fixture::model(100, 30, true);
    model.at_quit = AtQuit::Stop;
    assert_eq!(keys(&mut model, "q"), [UiEffect::Quit(After::Stop)]);
}

#[test]
fn views_open_and_close() {
    let mut model = fixture::model(100, 30, true);
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
    let mut model = fixture::model(100, 30, true);
    assert!(keys(&mut model, "o").contains(&UiEffect::ListSessions));
    let choice = |address: &str| crate::tui::message::Choice {
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
        [UiEffect::Switch(choice("127.0.0.1:1"))]
    );
}

#[test]
fn the_terminal_can_be_lent_to_the_shell_from_anywhere() {
    let suspend = Message::Key(KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL));
    let mut model = fixture::model(100, 30, true);
    for before in ["", "?", "\u{1b}/", "\u{1b}i"] {
        keys(&mut model, before);
        let effects = update(&mut model, NOW, suspend.clone());
        assert!(effects.contains(&UiEffect::Suspend), "{before:?}");
    }
}

#[test]
fn keys_with_alt_mean_nothing() {
    let mut model = fixture::model(100, 30, true);
    select(&mut model, "api");
    for key in "xsrq".chars() {
        let event = KeyEvent::new(KeyCode::Char(key), KeyModifiers::ALT);
        assert_eq!(update(&mut model, NOW, Message::Key(event)), []);
    }
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
    let mut model = fixture::model(100, 12, true);
    let rows = crate::tui::update::layout::areas(&model).log_rows();
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
    let before = selected_text(&model).unwrap().1;
    for _ in 0..3 {
        mouse(&mut model, MouseEventKind::Drag(MouseButton::Left), (x, 0));
    }
    let (_, after) = selected_text(&model).unwrap();
    assert_eq!((before, after), (1, usize::from(rows.height) + 3));
    assert!(!model.logs.is_following());
}

/// Whatever is offered in the first and the last row can be clicked.
#[test]
fn hints_can_be_clicked() {
    let click = |model: &mut Model, text: &str| {
        let rows = crate::tui::view::screen(model);
        let (y, row) = (0..)
            .zip(rows.lines())
            .filter(|(_, row)| row.contains(text))
            .last()
            .unwrap();
        let before = row.split(text).next().unwrap_or_default();
        let x = u16::try_from(before.width()).unwrap();
        let event = MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column: x,
            row: y,
            modifiers: KeyModifiers::NONE,
        };
        update(model, NOW, Message::Mouse(event))
    };
    let mut model = fixture::model(120, 30, true);
    click(&mut model, "s start all");
    assert_eq!(model.pending.len(), 1);
    model.notice = None;
    click(&mut model, "x stop all");
    assert!(matches!(model.modal, Some(Modal::Confirm(_))));
    click(&mut model, "n no");
    assert_eq!(model.modal, None);
    click(&mut model, "? help");
    assert!(matches!(model.modal, Some(Modal::Help { .. })));
    click(&mut model, "esc close");
    assert_eq!(model.modal, None);
    assert_eq!(click(&mut model, "q quit"), [UiEffect::Quit(After::Leave)]);
}

#[test]
fn a_click_in_the_plan_selects_what_is_there() {
    let mut model = fixture::model(100, 16, true);
    keys(&mut model, "p");
    let rows = crate::tui::view::screen(&model);
    for (symbol, name) in [("✗", "worker"), ("✓", "build"), ("⊘", "gateway")] {
        let drawn = format!("{symbol} {name}");
        let (y, row) = (0..)
            .zip(rows.lines())
            .find(|(_, row)| row.contains(&drawn))
            .unwrap();
        let before = row.split(&drawn).next().unwrap_or_default();
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
fn details_that_cover_the_list_have_the_focus_and_give_it_back() {
    let mut model = fixture::model(40, 10, true);
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
    let mut model = fixture::model(80, 10, true);
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
            Some(Modal::Help { scroll, .. } | Modal::Info { scroll, .. }) => *scroll,
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
    let mut model = fixture::model(100, 30, true);
    model.target.address = String::new();
    assert_eq!(keys(&mut model, "o"), [UiEffect::ListSessions]);
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
    assert_eq!(tick(&mut model, 9_500), [UiEffect::ListSessions]);
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
