//! What is on the screen, and what is not, where a snapshot would show too much.

use crossterm::event::KeyCode;
use flowlayer_core::facts::{Ending, ProcessInfo, Reason, Status, StopRound, StoppedBy};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::screen;
use crate::tui::fixture::{self, NOW, keys, press};
use crate::tui::log::window::Older;
use crate::tui::message::{Link, Message};
use crate::tui::model::Model;
use crate::tui::update::update;

#[test]
fn what_a_refused_client_still_shows_is_not_taken_for_the_truth() {
    let mut model = fixture::model(80, 24, true);
    update(&mut model, NOW, Message::Link(Link::InvalidToken));
    let rows = screen(&model);
    assert!(
        rows.contains("the server refuses this token; o lists"),
        "{rows}"
    );
}

#[test]
fn a_session_that_is_taken_down_says_so_and_offers_nothing() {
    let mut model = fixture::model(80, 24, true);
    assert!(screen(&model).contains("s start all"));
    let mut states = fixture::states();
    states[0].status = Status::Stopping;
    states[0].details.stopped_by = Some(StoppedBy::Shutdown);
    update(&mut model, NOW, Message::Snapshot(states));
    let rows = screen(&model);
    let header = rows.lines().next().unwrap_or_default();
    assert!(header.contains("◑ being taken down"), "{rows}");
    assert!(!header.contains("start all"), "{rows}");
}

/// How the services are is in the first row of every screen.
#[test]
fn health_is_shown_at_every_width_and_does_not_count_what_is_left_out() {
    let header = |model: &Model| {
        let rows = screen(model);
        rows.lines().next().unwrap_or_default().to_owned()
    };
    for columns in [40, 64, 80, 120, 200] {
        let row = header(&fixture::model(columns, 24, true));
        assert!(row.contains("● connected  ✓4 ◐1 ✗1 ⊘1"), "{row}");
    }
    let wide = header(&fixture::model(120, 24, true));
    assert!(wide.contains("quickstart  127.0.0.1:6999"), "{wide}");
    let mut model = fixture::model(80, 24, true);
    let mut states = fixture::states();
    for index in [2, 6] {
        states[index].status = Status::Stopped;
        states[index].details.stopped_by = Some(StoppedBy::NotStarted);
        states[index].details.reason = None;
        states[index].details.blocked_by.clear();
    }
    states[3].status = Status::Ready;
    states[3].details.up = Some(true);
    update(&mut model, NOW, Message::Snapshot(states));
    let row = header(&model);
    assert!(row.contains("● connected  ✓5  quickstart"), "{row}");
    assert!(screen(&model).contains("5/5 up"));
}

/// Where the first row has no space for the keys of services, the last row has.
#[test]
fn commands_are_offered_on_the_smallest_screen() {
    let mut model = fixture::model(40, 10, true);
    keys(&mut model, "!");
    let rows = screen(&model);
    let last = rows.lines().last().unwrap_or_default();
    assert!(last.contains("s start"), "{last}");
    let mut model = fixture::model(80, 24, true);
    keys(&mut model, "!");
    let rows = screen(&model);
    let last = rows.lines().last().unwrap_or_default();
    assert!(!last.contains("s start"), "{last}");
}

#[test]
fn the_panel_with_the_focus_can_have_the_screen_alone() {
    let mut model = fixture::model(80, 24, true);
    keys(&mut model, "z");
    let rows = screen(&model);
    assert!(
        rows.contains(" services ") && !rows.contains("seq 1,542"),
        "{rows}"
    );
    keys(&mut model, "\t");
    let rows = screen(&model);
    assert!(
        !rows.contains("╭") && !rows.contains(" services "),
        "{rows}"
    );
    assert!(
        rows.contains("09:20:03 build   │    Compiling demo"),
        "{rows}"
    );
    keys(&mut model, "z");
    assert!(screen(&model).contains("╭─ services"));
}

#[test]
fn the_current_match_and_a_filtered_line_in_its_context_stand_out() {
    let mut model = fixture::model(100, 24, true);
    keys(&mut model, "\tfstore: \n");
    let mut buffer = Buffer::empty(Rect::new(0, 0, 100, 24));
    super::draw(&model, &mut buffer);
    let hits = [model.theme.hit(true), model.theme.hit(false)].map(|style| {
        let cells = buffer.content.iter();
        cells.filter(|cell| cell.bg == style.bg.unwrap()).count()
    });
    assert_eq!(hits, [7, 3 * 7], "one of four");
    keys(&mut model, "\u{1b}/invoice:1042 (\n\n");
    let place = model.logs.found_here.unwrap();
    assert_eq!(place.seq, 1_539);
}

#[test]
fn all_of_the_connection_info_can_be_read_on_a_small_screen() {
    let mut model = fixture::model(40, 10, true);
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
    let mut model = fixture::model(100, 30, false);
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
    let model = fixture::model(80, 24, true);
    for (columns, rows) in [(0, 0), (79, 24), (80, 23), (10, 3)] {
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
        assert_eq!(super::draw(&model, &mut buffer), None);
    }
}

#[test]
fn where_one_panel_has_space_the_footer_names_the_way_to_the_other() {
    let footer = |model: &Model| screen(model).lines().last().unwrap_or_default().to_owned();
    let mut model = fixture::model(40, 10, true);
    keys(&mut model, "jj");
    assert!(footer(&model).contains("tab log"), "{}", footer(&model));
    press(&mut model, KeyCode::Tab);
    assert!(footer(&model).contains("tab list"), "{}", footer(&model));
    for (typed, expected) in [
        ("/mail\n", " esc clear  tab list"),
        ("fmail\n", " n next  tab list"),
        ("v", " y copy  ↑↓ extend"),
    ] {
        keys(&mut model, typed);
        model.notice = None;
        assert!(footer(&model).starts_with(expected), "{}", footer(&model));
        press(&mut model, KeyCode::Esc);
    }
    keys(&mut model, "d");
    let (rows, footer) = (screen(&model), footer(&model));
    assert!(rows.contains("details"), "{rows}");
    assert!(
        footer.contains("esc close") && footer.contains("tab list"),
        "{footer}"
    );
}

#[test]
fn what_is_counted_is_never_cut() {
    for (columns, rows) in [(40, 10), (64, 24), (80, 24), (100, 30), (200, 60)] {
        let mut model = fixture::model(columns, rows, true);
        model.logs.window.older = Older::Unknown;
        let title = |model: &Model| {
            let rows = screen(model);
            let panel = rows
                .lines()
                .find(|row| row.contains(" · ") && row.contains('+'));
            panel.unwrap_or(&rows).to_owned()
        };
        press(&mut model, KeyCode::Tab);
        keys(
            &mut model,
            "/a pattern that is longer than any panel has room for it\n",
        );
        assert!(title(&model).contains(" · 0"), "{}", title(&model));
        press(&mut model, KeyCode::Esc);
        keys(&mut model, "/invoice|store|mail|health|error: QUEUE\t\n");
        keys(&mut model, "finvoice:1042 or invoice\n");
        press(&mut model, KeyCode::Esc);
        keys(&mut model, "finvoice|health|queue|session\t\n");
        keys(&mut model, "k");
        model.logs.unseen = 12_345;
        let title = title(&model);
        let lines = model.logs.window.lines();
        let hits = model.logs.window.hits();
        assert!(lines > 8 && hits > 4, "{title}");
        assert!(title.contains(&format!(" · {lines}")), "{title}");
        assert!(title.contains(&format!("{hits} of {hits}+")), "{title}");
        if columns != 64 {
            let has_both = title.contains("/i") && title.contains("search i");
            assert!(has_both, "something is left of the patterns: {title}");
        }
    }
}

#[test]
fn what_a_service_waits_for_is_seen_on_an_ordinary_screen() {
    let mut model = fixture::model(80, 24, true);
    keys(&mut model, "jjjjj");
    let rows = screen(&model);
    let strip = rows.lines().nth(2).unwrap_or_default();
    assert!(
        strip.contains("running · connection refused: http"),
        "{rows}"
    );
    assert!(rows.contains("◐ mailer: connection refused:"), "{rows}");
    let mut states = fixture::states();
    states[3].status = Status::Stopping;
    let sleep = ProcessInfo {
        pid: 4190,
        name: "sleep".to_owned(),
        user: 0,
        user_name: None,
        service: None,
        why: None,
    };
    states[3].details = std::mem::take(&mut states[3].details).because(Reason::Stopping {
        by: None,
        ending: Ending {
            round: StopRound::Term,
            elapsed_ms: 1_000,
            grace_ms: Some(8_000),
            left: vec![sleep],
        },
        failure: None,
    });
    update(&mut model, NOW, Message::Snapshot(states));
    let rows = screen(&model);
    let strip = rows.lines().nth(2).unwrap_or_default();
    assert!(
        strip.contains("stopping · waiting for pid 4190 (sleep)"),
        "{rows}"
    );
}

#[test]
fn reasons_are_in_full_where_there_is_space() {
    for (columns, rows) in [(80, 24), (200, 60)] {
        let model = fixture::model(columns, rows, true);
        let mut list = String::new();
        for row in screen(&model).lines().skip(2) {
            let row = row.strip_prefix('│').and_then(|row| row.split('│').next());
            list.push_str(row.unwrap_or_default().trim());
        }
        let reason = "connection refused:http://localhost:3002/healthz(12attempts,2.4s)";
        assert!(
            list.replace(' ', "").contains(&reason.replace(' ', "")),
            "{list}"
        );
    }
    let width = |columns| {
        let model = fixture::model(columns, 60, true);
        super::layout::areas(&model).list.width
    };
    assert_eq!(width(112), width(200), "no wider than names and states");
}

#[test]
fn by_whom_a_service_was_stopped_is_in_the_list_above_the_log_and_in_the_details() {
    let mut model = fixture::model(80, 24, true);
    let mut states = fixture::states();
    states[5].status = Status::Stopped;
    states[5].details.up = Some(false);
    states[5].details.stopped_by = Some(StoppedBy::StopService);
    update(&mut model, NOW, Message::Snapshot(states));
    keys(&mut model, "jjj");
    let rows = screen(&model);
    assert_eq!(rows.matches("somebody stopped it").count(), 2, "{rows}");
    keys(&mut model, "d");
    let rows = screen(&model);
    assert!(rows.contains("why          somebody stopped it"), "{rows}");
}

#[test]
fn a_window_leaves_the_last_row_free() {
    let mut model = fixture::model(40, 10, true);
    let footer = |model: &Model| screen(model).lines().last().unwrap_or_default().to_owned();
    keys(&mut model, "i");
    assert_eq!(footer(&model), " esc close  t token  y copy");
    keys(&mut model, "y");
    assert!(
        footer(&model).contains("✓ command sent"),
        "{}",
        footer(&model)
    );
    press(&mut model, KeyCode::Esc);
    update(&mut model, NOW + 60_000, Message::Tick);
    keys(&mut model, "o");
    assert_eq!(footer(&model), " enter connect  esc close  o refresh");
}

#[test]
fn a_script_in_the_details_keeps_its_lines_and_blanks() {
    let mut model = fixture::model(80, 40, true);
    let mut states = fixture::states();
    let worker = states.iter_mut().find(|state| state.name == "worker");
    let spec = fixture::spec(&["sh", "-c", "echo  one\n  echo two"]);
    worker.unwrap().details.spec = Some(spec.into());
    update(&mut model, NOW, Message::Snapshot(states));
    keys(&mut model, "jjjjjjd");
    let rows = screen(&model);
    assert!(rows.contains("command      sh -c 'echo  one "), "{rows}");
    assert!(rows.contains("               echo two' "), "{rows}");
}
