//! Lines of JSON and logfmt: as fields, as printed, and in full.

use super::*;
use crate::tui::view::screen;

/// The sample with a line of JSON and one of logfmt at its end.
fn model(columns: u16) -> Model {
    let mut model = fixture::model(columns, 24, true);
    let json = r#"{"time":"08:00:00.5","level":"error","msg":"no db","err":{"code":7}}"#;
    let lines = [json, "level=warn msg=slow ms=812"];
    let lines = (2_000..).zip(lines);
    let lines = lines.map(|(seq, text)| crate::tui::log::fixture::line(seq, "api", text));
    update(&mut model, NOW, Message::Lines(lines.collect()));
    model
}

#[test]
fn fields_are_shown_until_somebody_wants_the_line_as_printed() {
    let mut model = model(120);
    let rows = screen(&model);
    assert!(rows.contains(r#" ERROR no db err={"code":7}"#), "{rows}");
    assert!(rows.contains("│ WARN  slow ms=812"), "{rows}");
    keys(&mut model, "\tttt");
    let rows = screen(&model);
    assert!(
        rows.contains("┊ 08:00:00.5 ERROR no db"),
        "without times: {rows}"
    );
    keys(&mut model, "J");
    let rows = screen(&model);
    assert!(rows.contains(r#" {"time":"08:00:00.5","level":"#), "{rows}");
    assert!(rows.contains("│ level=warn msg=slow ms=812"), "{rows}");
}

#[test]
fn a_match_is_found_where_it_is_shown() {
    let mut model = model(50);
    keys(&mut model, "\twfcode\n");
    let geometry = crate::tui::view::layout::geometry(&model);
    let last = model.logs.window.items().iter().rev().nth(1).unwrap();
    let text = crate::tui::cells::plain(&geometry.text(last));
    assert!(geometry.rows(last) <= text.len().div_ceil(geometry.columns) + 1);
    assert!(screen(&model).contains("code"));
}

#[test]
fn enter_opens_the_line_in_full() {
    let mut model = model(100);
    keys(&mut model, "[e\n");
    let rows = screen(&model);
    assert!(rows.contains(r#"   "msg": "no db","#), "{rows}");
    assert!(rows.contains(r#"     "code": 7"#), "{rows}");
    let effects = keys(&mut model, "y");
    assert!(matches!(&effects[..], [UiEffect::Copy(text)] if text.starts_with("{\"time\"")));
    for (columns, rows) in [(20, 5), (1, 1), (200, 60)] {
        update(&mut model, NOW, Message::Resize { columns, rows });
        keys(&mut model, "Gg");
        screen(&model);
    }
    keys(&mut model, "\n");
    assert_eq!(model.modal, None);
    keys(&mut model, "\u{1b}G\n");
    assert!(matches!(&model.modal, Some(Modal::Line { rows, .. }) if rows[1] == "msg=slow"));
    // Of what a filter lets through, what is around it comes first.
    keys(&mut model, "\n/slow\n\n");
    assert_eq!(model.modal, None);
    assert_eq!(model.logs.found_here, Some(Place::line(2_001)));
}
