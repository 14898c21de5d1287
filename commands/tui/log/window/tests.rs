//! The window alone: where it grows, shrinks and is cut.

use super::super::matcher::Matcher;
use super::*;
use crate::tui::log::fixture::line;

fn page(seqs: impl IntoIterator<Item = u64>) -> Vec<Arc<Item>> {
    seqs.into_iter().map(|seq| line(seq, "a", "x")).collect()
}

fn empty() -> Window {
    Window::new(1, Older::Unknown, Newer::Live)
}

fn ends(window: &Window) -> (u64, u64) {
    (
        window.items[0].place.seq,
        window.items[window.items.len() - 1].place.seq,
    )
}

#[test]
fn the_first_page_and_live_lines_meet_without_doubles() {
    let (recent, filter) = (Recent::default(), LogFilter::default());
    let mut window = empty();
    assert_eq!(window.question(Direction::Older), Some(Cursor::End));
    window.push_live(line(10, "a", "x"), true);
    window.page_older(page(5..=10), true, true, true, (&recent, &filter));
    assert_eq!((ends(&window), window.items().len()), ((5, 10), 6));
    assert_eq!(window.question(Direction::Older), Some(Cursor::Before(5)));
    window.page_older(page(1..=4), false, false, true, (&recent, &filter));
    assert_eq!(window.older, Older::Beginning);
    assert_eq!(window.question(Direction::Older), None);
}

#[test]
fn a_session_that_starts_silent_still_leads_back_to_earlier_ones() {
    let (recent, filter) = (Recent::default(), LogFilter::default());
    let mut window = empty();
    window.page_older(Vec::new(), false, true, true, (&recent, &filter));
    assert_eq!(window.question(Direction::Older), None);
    window.push_live(line(500, "a", "x"), true);
    assert_eq!(window.question(Direction::Older), Some(Cursor::Before(500)));
}

#[test]
fn following_drops_the_oldest_and_reading_keeps_them() {
    let mut window = empty();
    for seq in 1..=30_000 {
        window.push_live(line(seq, "a", "x"), true);
    }
    assert_eq!(ends(&window), (10_001, 30_000));
    assert_eq!(window.older, Older::Below(10_001));
    assert!(window.push_live(line(30_001, "a", "x"), false));
    assert!(!window.push_live(line(30_002, "a", "x"), false));
    assert_eq!(ends(&window), (10_001, 30_001));
    assert_eq!(
        window.newer,
        Newer::Above {
            complete: 30_001,
            step: PAGE
        }
    );
}

#[test]
fn paging_forward_leads_back_to_the_live_end() {
    let filter = LogFilter::default();
    let mut recent = Recent::default();
    for seq in 1..=9_000 {
        recent.push(line(seq, "a", "x"));
    }
    let mut window = Window::new(
        1,
        Older::Beginning,
        Newer::Above {
            complete: 0,
            step: PAGE,
        },
    );
    for _ in 0..100 {
        let Some(Cursor::Before(before)) = window.question(Direction::Newer) else {
            break;
        };
        // As the server answers: the newest thousand below.
        let to = before.min(9_001);
        let from = to.saturating_sub(PAGE).max(1);
        window.page_newer(page(from..to), from > 1, (&recent, &filter));
    }
    assert_eq!(window.newer, Newer::Live);
    assert_eq!(window.lines(), 9_000, "nothing is missing");
}

#[test]
fn a_page_with_a_gap_is_asked_for_again_with_fewer_numbers() {
    let (mut recent, filter) = (Recent::default(), LogFilter::default());
    recent.push(line(90_000, "a", "x"));
    let mut window = Window::new(
        1,
        Older::Beginning,
        Newer::Above {
            complete: 10,
            step: 4_000,
        },
    );
    window.page_newer(page(3_011..=4_010), true, (&recent, &filter));
    assert!(window.items().is_empty());
    assert_eq!(
        window.newer,
        Newer::Above {
            complete: 10,
            step: 1_000
        }
    );
    window.page_newer(page(11..=1_010), true, (&recent, &filter));
    assert_eq!(ends(&window), (11, 1_010));
}

#[test]
fn a_huge_page_is_taken_in_part() {
    let (recent, filter) = (Recent::default(), LogFilter::default());
    let mut window = empty();
    window.push_live(line(900, "a", "x"), false);
    let entries: Vec<_> = (1..900)
        .map(|seq| line(seq, "a", &"x".repeat(60_000)))
        .collect();
    window.page_older(entries, true, false, false, (&recent, &filter));
    assert!(window.bytes <= MAX_BYTES);
    let Older::Below(from) = window.older else {
        panic!("{:?}", window.older)
    };
    assert_eq!(
        (from, 900),
        ends(&window),
        "the newest of it, without a gap"
    );
}

#[test]
fn hits_are_counted_as_items_come_and_go() {
    let mut window = empty();
    window.set_highlight(Matcher::new("7", false).ok().map(Sought::Pattern));
    for seq in 1..=40_000 {
        window.push_live(line(seq, "a", &seq.to_string()), true);
    }
    let counted = window
        .items()
        .iter()
        .filter(|item| item.raw().contains('7'))
        .count();
    assert_eq!(window.hits(), counted);
}
