//! Levels of lines: what is an error, how many are unread, and the way to the next.

use super::*;
use crate::tui::view::screen;

/// Lines with these levels, numbered from the end of the sample on.
fn write(model: &mut Model, service: &str, texts: &[&str]) {
    let first = model.logs.recent.last_seq() + 1;
    let lines = (first..).zip(texts);
    let lines = lines.map(|(seq, text)| crate::tui::log::fixture::line(seq, service, text));
    let lines = lines.collect();
    update(model, NOW, Message::Lines(lines));
}

/// The row of the list with this service.
fn row(model: &Model, service: &str) -> String {
    let screen = screen(model);
    let row = screen.lines().skip(2).find(|row| row.contains(service));
    row.unwrap_or_else(|| panic!("{screen}")).to_owned()
}

#[test]
fn unread_errors_stand_behind_their_service() {
    let mut model = fixture::model(100, 24, true);
    assert!(row(&model, "● api").contains(" ready     E1"));
    write(
        &mut model,
        "store",
        &["ERROR one", "WARN two", "level=fatal three"],
    );
    assert!(row(&model, "● store").contains("  E2 "));
    // Looked at, with what comes meanwhile; scrolled up it is not looked at.
    select(&mut model, "store");
    write(&mut model, "store", &["ERROR four"]);
    assert!(!row(&model, "● store").contains('E'));
    model.logs.position = crate::tui::log::viewport::Position::At {
        top: Place::line(1),
        skip: 0,
    };
    write(&mut model, "store", &["ERROR five"]);
    assert!(row(&model, "● store").contains("  E1 "));
    keys(&mut model, "\tG");
    assert!(!row(&model, "● store").contains('E'));
    assert!(row(&model, "● api").contains("  E1 "));
    write(&mut model, "api", &vec!["ERROR"; 2_000]);
    assert!(row(&model, "● api").contains(" E1k+ "));
}

#[test]
fn a_mark_counts_errors_anew() {
    let mut model = fixture::model(100, 24, true);
    keys(&mut model, "m");
    assert!(!row(&model, "● api").contains("E1"));
    write(&mut model, "api", &["ERROR one", "INFO two"]);
    assert!(row(&model, "● api").contains("  E1 "));
    let screen = screen(&model);
    assert!(screen.contains("2 lines, 1 error since"), "{screen}");
}

#[test]
fn a_sequence_goes_to_the_next_error_and_n_goes_on() {
    let mut model = fixture::model(100, 24, true);
    let current = |model: &Model| model.logs.search.as_ref().and_then(|it| it.current);
    let errors: Vec<Place> = {
        let items = model.logs.window.items().iter();
        let errors = items.filter(|item| item.is_error());
        errors.map(|item| item.place).collect()
    };
    assert_eq!(errors.len(), 2);
    keys(&mut model, "[e");
    assert_eq!(current(&model), Some(errors[1]));
    assert_eq!(model.focus, Panel::Logs);
    assert!(screen(&model).contains("search errors · 2 of 2"));
    keys(&mut model, "[e");
    assert_eq!(current(&model), Some(errors[0]));
    keys(&mut model, "n");
    assert_eq!(current(&model), Some(errors[1]));
    keys(&mut model, "[");
    assert!(screen(&model).contains("[e the next error, upwards"));
    keys(&mut model, "\u{1b}");
    assert!(
        model.logs.search.is_some(),
        "esc was for the sequence alone"
    );
    assert_eq!(model.logs.filter.stream, None);
    keys(&mut model, "]g");
    assert!(!model.logs.is_following() || model.logs.window.items().len() < 30);
}

#[test]
fn the_palette_goes_to_the_next_error_too() {
    let mut model = fixture::model(100, 24, true);
    keys(&mut model, ":next error up\n");
    assert!(screen(&model).contains("search errors · 2 of 2"));
}

#[test]
fn lines_below_a_level_are_left_out() {
    let mut model = fixture::model(100, 24, true);
    let all = lines(&model).len();
    let mut counts = Vec::new();
    for _ in 0..4 {
        keys(&mut model, "L");
        counts.push(lines(&model).len());
    }
    assert_eq!(counts, [9, 4, 2, all]);
    keys(&mut model, "LL");
    assert!(screen(&model).contains("all logs warn and worse"));
    keys(&mut model, "\t\u{1b}");
    assert_eq!(lines(&model).len(), all);
}

#[test]
fn the_edge_says_how_serious_a_line_is() {
    let mut model = fixture::model(100, 24, true);
    assert_eq!(screen(&model).matches('▌').count(), 4);
    let mut plain = fixture::model(100, 24, false);
    let edges = |model: &Model, letter: &str| screen(model).matches(letter).count();
    assert_eq!((edges(&plain, "│E09:"), edges(&plain, "│W09:")), (2, 2));
    // Each row of a line that is broken has it.
    write(&mut plain, "api", &[&format!("ERROR {}", "x".repeat(200))]);
    keys(&mut plain, "\tw");
    assert!(edges(&plain, "│E") >= 5, "{}", screen(&plain));
    keys(&mut model, "[e");
    assert_eq!(screen(&model).matches('▸').count(), 1);
}
