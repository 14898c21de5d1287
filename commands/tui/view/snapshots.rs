//! The screen as a person sees it, at several sizes and in several states.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use flowlayer::protocol::{Status, StoppedBy};

use crate::tui::message::{Choice, Effect, Link, Message};
use crate::tui::model::Model;
use crate::tui::sample::{self, NOW};
use crate::tui::update::update;

/// The rows of the screen, blanks at their ends left out.
fn screen(model: &Model) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, model.columns, model.rows));
    super::draw(model, &mut buffer);
    super::rows_of(&buffer)
}

fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(
        model,
        NOW,
        Message::Key(KeyEvent::new(code, KeyModifiers::NONE)),
    )
}

fn keys(model: &mut Model, keys: &str) {
    for key in keys.chars() {
        press(
            model,
            if key == '\n' {
                KeyCode::Enter
            } else {
                KeyCode::Char(key)
            },
        );
    }
}

#[test]
fn the_whole_stack() {
    insta::assert_snapshot!("stack_80x24", screen(&sample::model(80, 24, true)));
    insta::assert_snapshot!("stack_120x30", screen(&sample::model(120, 30, true)));
    insta::assert_snapshot!("stack_40x10", screen(&sample::model(40, 10, true)));
    insta::assert_snapshot!("stack_50x24", screen(&sample::model(50, 24, true)));
}

#[test]
fn one_service_and_why_it_is_not_up() {
    let mut model = sample::model(80, 24, true);
    keys(&mut model, "jjjjjj");
    insta::assert_snapshot!("service_failed", screen(&model));
    keys(&mut model, "d");
    insta::assert_snapshot!("service_detail", screen(&model));
    let mut small = sample::model(40, 10, true);
    keys(&mut small, "jjjjj\t");
    insta::assert_snapshot!("service_40x10", screen(&small));
}

#[test]
fn the_log_while_it_is_worked_on() {
    let mut model = sample::model(100, 20, true);
    press(&mut model, KeyCode::Tab);
    keys(&mut model, "/health");
    insta::assert_snapshot!("filter_typing", screen(&model));
    press(&mut model, KeyCode::Esc);
    keys(&mut model, "m");
    keys(&mut model, "finvoice\n");
    insta::assert_snapshot!("search", screen(&model));
    let mut model = sample::model(60, 20, true);
    press(&mut model, KeyCode::Tab);
    keys(&mut model, "w");
    insta::assert_snapshot!("wrapped", screen(&model));
    keys(&mut model, "wl");
    insta::assert_snapshot!("shifted", screen(&model));
}

#[test]
fn the_plan() {
    let mut model = sample::model(100, 16, true);
    keys(&mut model, "jjjjjjp");
    insta::assert_snapshot!("plan", screen(&model));
    let mut model = sample::model(40, 10, true);
    keys(&mut model, "jjjjjjp");
    insta::assert_snapshot!("plan_40x10", screen(&model));
}

#[test]
fn windows() {
    let mut model = sample::model(80, 24, true);
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
                why: "connecting to 127.0.0.1:6999: connection refused".to_owned(),
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
            ..Default::default()
        };
        let theme = crate::tui::theme::Theme { colored: false };
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
    let mut model = sample::model(80, 24, true);
    let link = Link::Reconnecting {
        retry_at: NOW + 2_000,
        why: "closed by the server".to_owned(),
    };
    update(&mut model, NOW, Message::Link(link));
    insta::assert_snapshot!("link_reconnecting", screen(&model));
}

#[test]
fn what_a_refused_client_still_shows_is_not_taken_for_the_truth() {
    let mut model = sample::model(80, 24, true);
    update(&mut model, NOW, Message::Link(Link::InvalidToken));
    let rows = screen(&model);
    assert!(
        rows.contains("the server refuses this token; o lists"),
        "{rows}"
    );
}

#[test]
fn a_session_that_is_taken_down_says_so_and_offers_nothing() {
    let mut model = sample::model(80, 24, true);
    assert!(screen(&model).contains("s start all"));
    let mut states = sample::states();
    states[0].status = Status::Stopping;
    states[0].details.stopped_by = Some(StoppedBy::Shutdown);
    update(&mut model, NOW, Message::Snapshot(states));
    let rows = screen(&model);
    let header = rows.lines().next().unwrap_or_default();
    assert!(header.contains("◑ being taken down"), "{rows}");
    assert!(!header.contains("start all"), "{rows}");
}

#[test]
fn how_many_are_up_goes_before_the_address() {
    let header = |columns| {
        let rows = screen(&sample::model(columns, 24, true));
        rows.lines().next().unwrap_or_default().to_owned()
    };
    let (narrow, wide) = (header(80), header(120));
    assert!(
        narrow.contains("4/7 up") && !narrow.contains(":6999"),
        "{narrow}"
    );
    assert!(
        wide.contains("4/7 up · 1 failed") && wide.contains(":6999"),
        "{wide}"
    );
}

#[test]
fn all_of_the_connection_info_can_be_read_on_a_small_screen() {
    let mut model = sample::model(40, 10, true);
    keys(&mut model, "i");
    let first = screen(&model);
    assert!(
        first.contains("address") && !first.contains("client "),
        "{first}"
    );
    keys(&mut model, "jjjjjjjjjjjjjjj");
    let last = screen(&model);
    assert!(
        last.contains("client ") && !last.contains("address"),
        "{last}"
    );
    keys(&mut model, "k");
    assert_ne!(screen(&model), last, "it goes back at once");
}

#[test]
fn without_colors_no_cell_has_one() {
    let mut model = sample::model(100, 30, false);
    keys(&mut model, "jjj");
    for modal in ["", "p", "?"] {
        keys(&mut model, modal);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 100, 30));
        super::draw(&model, &mut buffer);
        for cell in &buffer.content {
            assert!(
                matches!(
                    (cell.fg, cell.bg),
                    (ratatui::style::Color::Reset, ratatui::style::Color::Reset)
                ),
                "{cell:?}"
            );
        }
    }
}

#[test]
fn a_screen_of_another_size_than_the_model_is_left_alone() {
    let model = sample::model(80, 24, true);
    for (columns, rows) in [(0, 0), (79, 24), (80, 23), (10, 3)] {
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
        assert_eq!(super::draw(&model, &mut buffer), None);
    }
}
