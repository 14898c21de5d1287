//! The screen as a person sees it, at several sizes and in several states.

use crossterm::event::KeyCode;

use super::picture::svg;
use super::screen;
use crate::tui::fixture::{self, NOW, keys, press};
use crate::tui::log::window::Older;
use crate::tui::message::{Choice, Link, Listener, Message, UiEffect};
use crate::tui::model::{AtQuit, Model};
use crate::tui::services::Selected;
use crate::tui::update::update;

#[test]
fn the_whole_stack() {
    insta::assert_snapshot!("stack_80x24", screen(&fixture::model(80, 24, true)));
    insta::assert_snapshot!("stack_120x30", screen(&fixture::model(120, 30, true)));
    insta::assert_snapshot!("stack_40x10", screen(&fixture::model(40, 10, true)));
    insta::assert_snapshot!("stack_50x24", screen(&fixture::model(50, 24, true)));
}

/// The page about the cockpit shows what it looks like.
#[test]
fn the_page_is_current() {
    let mut model = fixture::model(112, 24, true);
    model.services.selected = Selected::Service("mailer".into());
    update(&mut model, NOW, Message::Tick);
    model.services.selected = Selected::All;
    update(&mut model, NOW, Message::Tick);
    model.logs.window.loading = None;
    model.logs.window.older = Older::Beginning;
    assert_page("docs/tui.txt", &screen(&model));
    assert_page("docs/tui.svg", &svg(&model));
    let mut model = fixture::booting(112, 20);
    keys(&mut model, "b");
    assert_page("docs/tui-boot.svg", &svg(&model));
    let mut model = fixture::model(112, 28, true);
    keys(&mut model, "!!d");
    assert_page("docs/tui-why.svg", &svg(&model));
}

#[test]
fn one_service_and_why_it_is_not_up() {
    let mut model = fixture::model(80, 24, true);
    keys(&mut model, "jjjjjj");
    insta::assert_snapshot!("service_failed", screen(&model));
    keys(&mut model, "d");
    insta::assert_snapshot!("service_detail", screen(&model));
    let mut small = fixture::model(40, 10, true);
    keys(&mut small, "jjjjj\t");
    insta::assert_snapshot!("service_40x10", screen(&small));
}

#[test]
fn the_log_while_it_is_worked_on() {
    let mut model = fixture::model(100, 20, true);
    press(&mut model, KeyCode::Tab);
    keys(&mut model, "/health");
    insta::assert_snapshot!("filter_typing", screen(&model));
    press(&mut model, KeyCode::Esc);
    keys(&mut model, "m");
    keys(&mut model, "finvoice\n");
    insta::assert_snapshot!("search", screen(&model));
    let mut model = fixture::model(60, 20, true);
    press(&mut model, KeyCode::Tab);
    keys(&mut model, "w");
    insta::assert_snapshot!("wrapped", screen(&model));
    keys(&mut model, "wl");
    insta::assert_snapshot!("shifted", screen(&model));
}

#[test]
fn the_plan() {
    let mut model = fixture::model(100, 16, true);
    keys(&mut model, "jjjjjjp");
    insta::assert_snapshot!("plan", screen(&model));
    let mut model = fixture::model(40, 10, true);
    keys(&mut model, "jjjjjjp");
    insta::assert_snapshot!("plan_40x10", screen(&model));
}

#[test]
fn windows() {
    let mut model = fixture::model(80, 24, true);
    keys(&mut model, "i");
    insta::assert_snapshot!("info", screen(&model));
    keys(&mut model, "t");
    assert!(screen(&model).contains("fl_3f0c"));
    keys(&mut model, "io");
    let choice = |port: u16, config: &str| Choice {
        address: format!("127.0.0.1:{port}"),
        token: None,
        config: Some(config.to_owned()),
        pid: Some(4100),
    };
    let choices = vec![
        choice(6999, "/home/me/quickstart/flowlayer.jsonc"),
        choice(7001, "/home/me/shop/flowlayer.jsonc"),
    ];
    update(&mut model, NOW, Message::Sessions(choices));
    insta::assert_snapshot!("sessions", screen(&model));
    press(&mut model, KeyCode::Esc);
    keys(&mut model, "x");
    insta::assert_snapshot!("confirm", screen(&model));
    keys(&mut model, "n?");
    insta::assert_snapshot!("help", screen(&model));
    keys(&mut model, "\u{1b}");
    model.at_quit = AtQuit::Ask;
    keys(&mut model, "q");
    insta::assert_snapshot!("quit", screen(&model));
}

#[test]
fn what_is_wrong_is_on_the_screen() {
    for (name, link) in [
        ("link_token", Link::TokenRequired),
        ("link_invalid", Link::InvalidToken),
        (
            "link_unreachable",
            Link::Unreachable {
                retry_at: NOW + 1_500,
                why: "cannot reach 127.0.0.1:6999: connection refused".to_owned(),
                listener: Listener::Absent,
            },
        ),
        (
            "link_held",
            Link::Unreachable {
                retry_at: NOW + 1_500,
                why: "something listens at 127.0.0.1:6999, but: no answer in time".to_owned(),
                listener: Listener::Present,
            },
        ),
        (
            "link_other",
            Link::Incompatible {
                why: "127.0.0.1:6999 speaks protocol 2; this client speaks 1".to_owned(),
            },
        ),
    ] {
        let target = crate::tui::model::Target {
            address: "127.0.0.1:6999".to_owned(),
            start: "flowlayer up -s 127.0.0.1:6999".to_owned(),
            ..Default::default()
        };
        let theme = crate::tui::theme::Theme::full(false);
        let mut model = Model::new(target, theme, jiff::tz::TimeZone::UTC);
        update(&mut model, NOW, Message::Link(link));
        let mut seen = String::new();
        // On the smallest screen too, whichever panel has the focus.
        for (columns, rows, focus) in [(80, 14, ""), (40, 10, ""), (40, 10, "\t")] {
            update(&mut model, NOW, Message::Resize { columns, rows });
            for key in focus.chars() {
                assert_eq!(key, '\t');
                press(&mut model, KeyCode::Tab);
            }
            seen.push_str(&screen(&model));
        }
        insta::assert_snapshot!(name, seen);
    }
    let target = crate::tui::model::Target {
        config: Some("/home/me/shop/flowlayer.jsonc".to_owned()),
        start: "flowlayer up".to_owned(),
        ..Default::default()
    };
    let theme = crate::tui::theme::Theme::full(false);
    let mut model = Model::new(target, theme, jiff::tz::TimeZone::UTC);
    let (columns, rows) = (80, 14);
    update(&mut model, NOW, Message::Resize { columns, rows });
    let link = Link::Unreachable {
        retry_at: NOW + 1_500,
        why: "no session of /home/me/shop/flowlayer.jsonc runs".to_owned(),
        listener: Listener::Absent,
    };
    update(&mut model, NOW, Message::Link(link));
    assert_eq!(
        update(&mut model, NOW, Message::Tick),
        [UiEffect::ListSessions]
    );
    assert_eq!(update(&mut model, NOW + 1_000, Message::Tick), []);
    let other = Choice {
        address: "127.0.0.1:7001".to_owned(),
        token: None,
        config: Some("/home/me/blog/flowlayer.jsonc".to_owned()),
        pid: Some(4100),
    };
    update(&mut model, NOW + 1_000, Message::Sessions(vec![other]));
    insta::assert_snapshot!("link_not_running", screen(&model));
    let mut model = fixture::model(80, 24, true);
    let link = Link::Reconnecting {
        retry_at: NOW + 2_000,
        why: "closed by the server".to_owned(),
    };
    update(&mut model, NOW, Message::Link(link));
    insta::assert_snapshot!("link_reconnecting", screen(&model));
}

/// That this file of the documentation is what the program draws. Snapshots that are updated update it too.
#[track_caller]
fn assert_page(path: &str, drawn: &str) {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(&file, drawn).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap();
    assert_eq!(written, drawn, "INSTA_UPDATE=always writes {path}");
}
