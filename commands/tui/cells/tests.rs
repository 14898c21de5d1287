//! Lines as cells: colours, tabs, graphemes, runs.

use proptest::prelude::*;

use super::*;

fn cells(message: &str, colored: bool, mut take: impl FnMut(Cell<'_>)) {
    pieces(message, colored, |piece| {
        piece.cells(0).for_each(&mut take);
        ControlFlow::Continue(())
    });
}

/// The text, and the style of each of its cells.
fn painted(message: &str) -> (String, Vec<Style>) {
    let (mut text, mut styles) = (String::new(), Vec::new());
    cells(message, true, |cell| {
        text.push_str(cell.symbol);
        styles.push(cell.style);
    });
    (text, styles)
}

#[track_caller]
fn first_style(message: &str) -> Style {
    painted(message).1[0]
}

#[test]
fn colors_are_read_in_all_their_spellings() {
    let fg = |color| Style::new().fg(color);
    assert_eq!(first_style("\u{1b}[31mx"), fg(Color::Red));
    assert_eq!(first_style("\u{1b}[97mx"), fg(Color::White));
    assert_eq!(first_style("\u{1b}[44mx"), Style::new().bg(Color::Blue));
    assert_eq!(first_style("\u{1b}[38;5;208mx"), fg(Color::Indexed(208)));
    assert_eq!(first_style("\u{1b}[38:5:208mx"), fg(Color::Indexed(208)));
    assert_eq!(first_style("\u{1b}[38;2;1;2;3mx"), fg(Color::Rgb(1, 2, 3)));
    assert_eq!(first_style("\u{1b}[38:2::1:2:3mx"), fg(Color::Rgb(1, 2, 3)));
    assert_eq!(
        first_style("\u{1b}[1;32mx"),
        fg(Color::Green).add_modifier(Modifier::BOLD)
    );
    assert_eq!(first_style("\u{1b}[31m\u{1b}[mx"), Style::new());
    assert_eq!(first_style("\u{1b}[31m\u{1b}[39mx"), Style::new());
    assert_eq!(first_style("\u{1b}[38;5mx"), Style::new());
    assert_eq!(first_style("\u{1b}[38;5;999mx"), Style::new());
    assert_eq!(
        first_style("\u{1b}[8mx"),
        Style::new(),
        "hidden text is shown"
    );
}

#[test]
fn what_is_not_color_leaves_only_its_text() {
    for (message, text) in [
        (
            "\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\ more",
            "link more",
        ),
        ("\u{1b}[2J\u{1b}[Hx\u{1b}]0;title\u{7}y", "xy"),
        ("10%\r 50%\r100%", "100%"),
        ("a\tb", "a       b"),
        ("漢\tb", "漢      b"),
        ("👨\u{200d}👩\u{200d}👧!", "👨!"),
        ("❤\u{fe0f}!", "❤!"),
        ("👍🏽!", "👍!"),
        ("e\u{301}!", "e\u{301}!"),
        ("a\u{2028}b\u{2029}c", "a\u{fffd}b\u{fffd}c"),
    ] {
        assert_eq!(painted(message).0, text, "{message:?}");
    }
}

#[test]
fn rows_are_counted_as_they_are_broken() {
    assert_eq!(rows("", 10), 1);
    assert_eq!(rows("0123456789", 10), 1);
    assert_eq!(rows("0123456789x", 10), 2);
    assert_eq!(rows("漢漢漢", 5), 2, "a wide character is not cut");
    assert_eq!(rows("漢漢漢", 1), 3);
    assert_eq!(rows("\u{1b}[31m0123456789\u{1b}[0m", 10), 1);
    assert_eq!(rows("x", 0), 1);
}

proptest! {
    #[test]
    fn cells_are_safe_and_point_into_the_plain_text(
        message in "(\\PC|[\u{1b}\\[\\]0-9;:m\r\t\u{8}\u{7}]){0,60}", columns in 0_usize..30
    ) {
        prop_assume!(!message.contains('\u{8}'));
        let text = plain(&message);
        let mut failed = None;
        cells(&message, true, |cell| {
            let fits = cell.width <= TAB && text.is_char_boundary(cell.offset);
            if !fits || cell.offset >= text.len() || cell.symbol.contains(char::is_control) {
                failed = Some(format!("{cell:?} of {text:?}"));
            }
        });
        prop_assert_eq!(failed, None);
        prop_assert!(rows(&message, columns) >= 1);
    }

    #[test]
    fn a_run_is_placed_as_its_cells_are(
        columns in 0_usize..7, parts in prop::collection::vec((0_usize..30, 1_usize..3), 0..5)
    ) {
        let (mut whole, mut single) = (Wrap::new(columns), Wrap::new(columns));
        for (run, width) in parts {
            whole.run(run);
            for _ in 0..run {
                single.place(1);
            }
            prop_assert_eq!((whole.row, whole.column), (single.row, single.column));
            prop_assert_eq!(whole.place(width), single.place(width));
        }
    }

    #[test]
    fn pieces_are_the_graphemes_of_the_line(message in "([a-z ]{0,5}|[é漢👨\u{301}\u{200d}\u{fe0f}🇩🇪\t]){0,9}") {
        let mut parts = String::new();
        let mut columns = 0;
        cells(&message, false, |cell| {
            parts.push_str(cell.symbol);
            columns += cell.width;
        });
        let (mut expected, mut column) = (String::new(), 0);
        for (index, text) in message.split('\t').enumerate() {
            if index > 0 {
                let width = TAB - column % TAB;
                expected.push_str(&" ".repeat(width));
                column += width;
            }
            for grapheme in Span::raw(text).styled_graphemes(Style::new()) {
                let symbol = shown(grapheme.symbol);
                if symbol.width() > 0 {
                    expected.push_str(symbol);
                    column += symbol.width();
                }
            }
        }
        prop_assert_eq!(columns, column);
        prop_assert_eq!((&parts, columns), (&expected, width(&message, usize::MAX)));
    }
}
