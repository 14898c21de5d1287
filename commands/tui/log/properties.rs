//! Reading a long log page by page, in any order, shows every line once.

use std::sync::Arc;

use proptest::prelude::*;

use super::fields::LineView;
use super::fixture::line;
use super::page::PageRequest;
use super::pane::LogPane;
use super::search::Search;
use super::window::{Cursor, Direction};
use super::{Geometry, Item, Matcher, Place, Scope};

const GEOMETRY: Geometry = Geometry {
    height: 30,
    columns: 80,
    wrap: false,
    view: LineView::Raw,
};

/// A server that answers as the real one does (docs/protocol.md, `get_logs`). Every `sparse`th line
/// is of service `b`.
#[derive(Debug)]
struct Server {
    last: u64,
    sparse: u64,
}

impl Server {
    fn of(&self, seq: u64) -> &'static str {
        if seq.is_multiple_of(self.sparse) {
            "b"
        } else {
            "a"
        }
    }

    fn answer(&self, request: &PageRequest) -> (Vec<Arc<Item>>, bool) {
        let below = match request.cursor {
            Cursor::End => self.last + 1,
            Cursor::Before(seq) => seq.min(self.last + 1),
        };
        let wanted = |seq: &u64| {
            request
                .service
                .as_deref()
                .is_none_or(|name| name == self.of(*seq))
        };
        let limit = usize::try_from(request.limit).unwrap();
        let mut entries: Vec<_> = (1..below).rev().filter(wanted).take(limit + 1).collect();
        let is_truncated = entries.len() > limit;
        entries.truncate(limit);
        entries.reverse();
        (
            entries
                .into_iter()
                .map(|seq| line(seq, self.of(seq), "x"))
                .collect(),
            is_truncated,
        )
    }
}

fn serve(pane: &mut LogPane, server: &Server) -> usize {
    let mut pages = 0;
    pane.tick();
    while let Some(request) = pane.wanted(GEOMETRY) {
        let (entries, is_truncated) = server.answer(&request);
        pane.page(&request, entries, is_truncated, GEOMETRY);
        pages += 1;
        assert!(pages < 100, "it asks without end");
    }
    pages
}

fn seqs(pane: &LogPane) -> Vec<u64> {
    pane.window
        .items()
        .iter()
        .map(|item| item.place.seq)
        .collect()
}

#[track_caller]
fn is_complete(pane: &LogPane, server: &Server) {
    let seqs = seqs(pane);
    let (Some(first), Some(last)) = (seqs.first(), seqs.last()) else {
        return;
    };
    let service = pane.filter.scope.service();
    let expected: Vec<u64> = (*first..=*last)
        .filter(|seq| service.is_none_or(|name| **name == *server.of(*seq)))
        .filter(|seq| !pane.filter.hidden.contains(server.of(*seq)))
        .collect();
    assert_eq!(seqs, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_line_is_missing_wherever_one_goes(
        last in 1_u64..60_000,
        sparse in prop::sample::select(vec![1_u64, 7, 400, 9_000]),
        moves in prop::collection::vec((0_u8..6, 1_isize..3_000), 1..25),
        view in 0..3,
    ) {
        let mut server = Server { last, sparse };
        let mut pane = LogPane::default();
        match view {
            0 => {}
            1 => pane.set_scope(Scope::Service("b".into()), Arc::default()),
            _ => pane.set_scope(Scope::All, Arc::new([Arc::from("a")].into())),
        }
        // A few lines have come live.
        for seq in last.saturating_sub(50).max(1)..=last {
            pane.push_line(line(seq, server.of(seq), "x"));
        }
        serve(&mut pane, &server);
        for (kind, rows) in moves {
            match kind {
                0 => pane.scroll(-rows, GEOMETRY),
                1 => pane.scroll(rows, GEOMETRY),
                2 => pane.rewind(),
                3 => pane.follow(),
                // Lines that do not come by themselves.
                4 => {
                    let first = server.last + 1;
                    server.last += rows.unsigned_abs() as u64;
                    pane.push_gap(first, server.last);
                }
                _ => {
                    for _ in 0..rows {
                        server.last += 1;
                        pane.push_line(line(server.last, server.of(server.last), "x"));
                    }
                }
            }
            pane.renew_patience();
            serve(&mut pane, &server);
            is_complete(&pane, &server);
        }
        // From the beginning down to the end.
        pane.rewind();
        for _ in 0..200 {
            pane.renew_patience();
            serve(&mut pane, &server);
            is_complete(&pane, &server);
            if pane.is_following() {
                break;
            }
            pane.scroll(4_000, GEOMETRY);
        }
        prop_assert!(pane.is_following(), "the end is reached");
    }
}

/// Goes to the next needle in this direction, through pages in which these lines are needles; the
/// line it is at then, `None` when the log has no more in this direction.
fn next_needle(
    pane: &mut LogPane,
    server: &Server,
    needles: &[u64],
    way: Direction,
) -> Option<u64> {
    let is_up = way == Direction::Older;
    let mut asked = Vec::new();
    while !pane.jump(is_up, GEOMETRY) {
        pane.window.question(way)?;
        pane.seek(way, GEOMETRY);
        let request = pane.wanted(GEOMETRY).expect("it goes on by itself");
        let (mut entries, is_truncated) = server.answer(&request);
        for entry in &mut entries {
            if needles.contains(&entry.place.seq) {
                *entry = line(entry.place.seq, "b", "a needle");
            }
        }
        pane.page(&request, entries, is_truncated, GEOMETRY);
        let now = (pane.window.complete_down_to(), pane.window.complete_up_to());
        assert!(!asked.contains(&now), "never the same page twice");
        asked.push(now);
    }
    assert_eq!(pane.seeking(), None);
    is_complete(pane, server);
    let search = pane.search.as_ref().unwrap();
    search.current.map(|place| place.seq)
}

#[test]
fn a_search_goes_through_more_than_can_be_held_up_and_down() {
    let server = Server {
        last: 260_000,
        sparse: 1,
    };
    let needles = [7, 100_000, 100_001, 230_000];
    let mut pane = LogPane::default();
    pane.push_line(line(server.last, "a", "x"));
    serve(&mut pane, &server);
    assert!(pane.is_following(), "a search starts at the end too");
    let matcher = Matcher::new("needle", false).unwrap();
    pane.set_search(Some(Search::new("needle".to_owned(), matcher)));
    let mut go = |way| next_needle(&mut pane, &server, &needles, way);
    for needle in needles.iter().rev() {
        assert_eq!(go(Direction::Older), Some(*needle));
    }
    assert_eq!(go(Direction::Older), None);
    for needle in &needles[1..] {
        assert_eq!(go(Direction::Newer), Some(*needle));
    }
    assert_eq!(go(Direction::Older), Some(100_001), "and back");
    assert_eq!(go(Direction::Newer), Some(230_000));
    assert_eq!(go(Direction::Newer), None);
}

#[test]
fn a_line_is_shown_in_the_middle_of_what_stands_around_it() {
    let server = Server {
        last: 50_000,
        sparse: 9,
    };
    for seq in [20_000, 49_995, 3] {
        let mut pane = LogPane::default();
        pane.push_line(line(server.last, "a", "x"));
        serve(&mut pane, &server);
        pane.set_filter(Matcher::new("x", false).ok());
        serve(&mut pane, &server);
        pane.show_context(Place::line(seq));
        serve(&mut pane, &server);
        let start = pane.position.start(&pane.window, GEOMETRY).index;
        let above = pane.window.index_of(Place::line(seq)) - start;
        let wanted = match seq {
            3 => 2..=2,
            20_000 => 10..=20,
            _ => 10..=29,
        };
        assert!(wanted.contains(&above), "{seq}: {above} above it");
        is_complete(&pane, &server);
    }
}

/// A follower of `b` who has seen the first line, and has missed those up to the last.
fn follower(server: &mut Server, last: u64) -> LogPane {
    let mut pane = LogPane::default();
    pane.set_scope(Scope::Service("b".into()), Arc::default());
    pane.push_line(line(1, "b", "x"));
    serve(&mut pane, server);
    pane.push_gap(2, last - 1);
    server.last = last;
    pane.push_line(line(last, server.of(last), "x"));
    pane
}

#[test]
fn who_follows_one_service_gets_what_was_left_out() {
    let mut server = Server { last: 1, sparse: 1 };
    let mut pane = follower(&mut server, 5_000);
    assert_eq!(seqs(&pane), [1, 5_000], "nothing is taken away");
    let request = pane.wanted(GEOMETRY).unwrap();
    // Meanwhile more is left out.
    pane.push_gap(5_001, 7_999);
    server.last = 8_000;
    pane.push_line(line(8_000, "b", "x"));
    let (entries, is_truncated) = server.answer(&request);
    pane.page(&request, entries, is_truncated, GEOMETRY);
    assert_eq!(pane.wanted(GEOMETRY), None, "it is still growing");
    serve(&mut pane, &server);
    assert!(pane.is_following());
    assert_eq!(seqs(&pane), (1..=8_000).collect::<Vec<_>>());
}

#[test]
fn what_cannot_be_held_is_left_for_whoever_scrolls_there() {
    let mut server = Server { last: 1, sparse: 1 };
    let mut pane = follower(&mut server, 200_000);
    let pages = serve(&mut pane, &server);
    assert!((10..=25).contains(&pages), "{pages}");
    is_complete(&pane, &server);
    assert!(seqs(&pane)[0] > 1, "{:?}", seqs(&pane)[0]);
    pane.scroll(-30_000, GEOMETRY);
    serve(&mut pane, &server);
    is_complete(&pane, &server);
}
