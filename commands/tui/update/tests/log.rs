//! Reading the log: filters, searches, selections, gaps.

use super::*;

#[test]
fn selecting_a_service_shows_its_lines_at_once_and_asks_for_older_ones() {
    let mut model = fixture::model(100, 30, true);
    let effects = keys(&mut model, "jj");
    let requests = effects.iter().filter_map(|effect| match effect {
        UiEffect::FetchPage(request) => Some((request.service.as_deref(), request.cursor)),
        _ => None,
    });
    let requests: Vec<_> = requests.collect();
    assert_eq!(
        requests,
        [
            (Some("build"), Cursor::Before(1_527)),
            (Some("migrate"), Cursor::Before(1_527))
        ]
    );
    select(&mut model, "store");
    assert_eq!(lines(&model).len(), 4);
    assert_eq!(model.logs.filter.scope, Scope::Service("store".into()));
}

#[test]
fn the_numbers_of_entries_are_shown_on_demand() {
    let mut model = fixture::model(100, 30, true);
    let row = "09:20:18 worker  ┃ error: QUEUE_URL";
    let shows = |model: &Model, text: &str| crate::tui::view::screen(model).contains(text);
    assert!(shows(&model, row));
    keys(&mut model, "\t#");
    assert!(shows(&model, "09:20:18 1532 worker  ┃ error: QUEUE_URL"));
    keys(&mut model, "#");
    assert!(shows(&model, row));
}

#[test]
fn the_log_of_a_service_names_its_newest_entry() {
    let mut model = fixture::model(100, 30, true);
    let shows = |model: &Model, text: &str| crate::tui::view::screen(model).contains(text);
    assert!(shows(&model, " seq 1,542 "));
    select(&mut model, "store");
    assert!(shows(&model, " · seq 1,541 "));
    let live = crate::tui::log::fixture::line(1_543, "store", "x");
    update(&mut model, NOW, Message::Lines(vec![live]));
    assert!(shows(&model, " · seq 1,543 "));
    select(&mut model, "gateway");
    assert!(!shows(&model, "seq "), "it has printed nothing");
    update(
        &mut model,
        NOW,
        Message::Hello {
            session_id: None,
            is_new: true,
        },
    );
    select(&mut model, "store");
    assert!(!shows(&model, "seq "), "another session");
}

#[test]
fn a_group_filters_the_log_of_all_services() {
    let mut model = fixture::model(100, 30, true);
    let mut states = fixture::states();
    for state in &mut states {
        if ["api", "store"].contains(&&*state.name) {
            state.details.spec = Some(Arc::new(flowlayer_core::facts::ServiceSpec {
                groups: vec!["core".to_owned()],
                output: flowlayer_core::facts::OutputMode::Quiet,
                ..fixture::spec(&["x"])
            }));
        }
    }
    update(&mut model, NOW, Message::Snapshot(states));
    assert_eq!(lines(&model).len(), 6, "both are quiet");
    keys(&mut model, "\t/@core");
    assert_eq!(lines(&model).len(), 10, "and are chosen here");
    keys(&mut model, " health\n");
    assert_eq!(lines(&model).len(), 2);
    keys(&mut model, "\u{1b}");
    assert_eq!(lines(&model).len(), 6);
    keys(&mut model, "/@cor");
    assert_eq!(lines(&model).len(), 0, "text as any other");
    keys(&mut model, "\u{1b}\t/@co\n");
    let shown: Vec<&str> = model.services.shown().map(|it| &*it.name).collect();
    assert_eq!(shown, ["store", "api"]);
}

#[test]
fn the_log_of_a_service_says_where_to_open_it() {
    let mut model = fixture::model(120, 30, true);
    let mut states = fixture::states();
    let api = states.iter_mut().find(|state| state.name == "api").unwrap();
    api.details.spec = Some(Arc::new(flowlayer_core::facts::ServiceSpec {
        url: Some("http://localhost:3001".to_owned()),
        ..fixture::spec(&["api"])
    }));
    update(&mut model, NOW, Message::Snapshot(states));
    select(&mut model, "api");
    let rows = crate::tui::view::screen(&model);
    assert!(
        rows.contains("  http://localhost:3001 · pid 4182 · "),
        "{rows}"
    );
}

#[test]
fn quiet_services_are_in_all_logs_after_a_key() {
    let mut model = fixture::model(100, 30, true);
    keys(&mut model, "\tQ");
    let notice = |model: &Model| model.notice.as_ref().unwrap().text.clone();
    assert!(notice(&model).starts_with("no service is quiet"));
    let mut states = fixture::states();
    let api = states.iter_mut().find(|state| state.name == "api").unwrap();
    api.details.spec = Some(Arc::new(flowlayer_core::facts::ServiceSpec {
        output: flowlayer_core::facts::OutputMode::Quiet,
        ..fixture::spec(&["api"])
    }));
    update(&mut model, NOW, Message::Snapshot(states));
    assert_eq!(lines(&model).len(), 10);
    assert!(crate::tui::view::screen(&model).contains(" all logs but 1 quiet "));
    let live = |seq, name| Message::Lines(vec![crate::tui::log::fixture::line(seq, name, "x")]);
    update(&mut model, NOW, live(1_543, "api"));
    update(&mut model, NOW, live(1_544, "store"));
    assert_eq!(lines(&model).len(), 11);
    keys(&mut model, "Q");
    assert_eq!(notice(&model), "all logs: with 1 quiet service");
    assert_eq!(lines(&model).len(), 18);
    keys(&mut model, "Q");
    assert_eq!(lines(&model).len(), 11);
    select(&mut model, "api");
    assert_eq!(lines(&model).len(), 7);
}

#[test]
fn a_filter_works_while_it_is_typed_and_takes_every_character() {
    let mut model = fixture::model(100, 30, true);
    keys(&mut model, "\t/");
    keys(&mut model, "jq?s");
    assert_eq!(
        (model.logs_filter.as_str(), lines(&model).len()),
        ("jq?s", 0)
    );
    keys(&mut model, "\u{1b}/GET\n");
    assert_eq!(lines(&model).len(), 3);
    assert!(model.prompt.is_none());
    keys(&mut model, "\u{1b}");
    assert_eq!((lines(&model).len(), model.logs_filter.as_str()), (16, ""));
    keys(&mut model, "/(");
    press(&mut model, KeyCode::Tab);
    assert_eq!(
        model.prompt.as_ref().unwrap().error.as_deref(),
        Some("unclosed group")
    );
    keys(&mut model, "a)\n");
    assert!(model.prompt.is_none());
    keys(&mut model, "\u{1b}\t/work\n");
    assert_eq!(model.services.rows(), 2);
}

#[test]
fn a_search_goes_through_what_is_held_and_asks_for_more() {
    let mut model = fixture::model(100, 30, true);
    model.logs.window.older = crate::tui::log::window::Older::Below(100);
    keys(&mut model, "\tfinvoice\n");
    let current = |model: &Model| model.logs.search.as_ref().unwrap().current.unwrap().seq;
    assert_eq!((current(&model), model.logs.window.hits()), (1_541, 3));
    keys(&mut model, "N");
    assert_eq!(current(&model), 1_539);
    keys(&mut model, "n");
    assert_eq!(current(&model), 1_541);
    keys(&mut model, "NNN");
    assert_eq!(model.logs.seeking(), Some(Direction::Older));
    let request = crate::tui::log::page::PageRequest {
        generation: model.logs.window.generation,
        service: None,
        cursor: Cursor::Before(100),
        direction: Direction::Older,
        limit: 1_000,
    };
    let older = crate::tui::log::fixture::line(0, "api", "an invoice");
    let page = Page {
        entries: vec![older],
        is_truncated: false,
    };
    update(
        &mut model,
        NOW,
        Message::Page {
            request,
            result: Ok(page),
        },
    );
    assert_eq!(current(&model), 0);
}

#[test]
fn what_is_copied_is_clean() {
    let mut model = fixture::model(100, 30, true);
    select(&mut model, "worker");
    let effects = keys(&mut model, "\tvy");
    assert_eq!(
        effects,
        [UiEffect::Copy("error: QUEUE_URL is not set\n".to_owned())]
    );
    select(&mut model, "mailer");
    let effects = keys(&mut model, "vkY");
    let Some(UiEffect::Save(text)) = effects.first() else {
        panic!("{effects:?}")
    };
    assert_eq!(text.lines().count(), 2);
    assert!(text.starts_with("WARN smtp"));
}

#[test]
fn a_selection_is_extended_and_dropped() {
    let mut model = fixture::model(100, 30, true);
    keys(&mut model, "\tvkkk");
    let Some((text, count)) = selected_text(&model) else {
        panic!()
    };
    assert_eq!((count, text.lines().count()), (4, 4));
    keys(&mut model, "\u{1b}");
    assert_eq!(model.logs.selection, None);
    assert_eq!(model.focus, Panel::Logs);
}

#[test]
fn a_mark_is_a_place_to_go_back_to() {
    let mut model = fixture::model(100, 12, true);
    keys(&mut model, "\tm");
    for seq in 1_543..1_590 {
        let line = crate::tui::log::fixture::line(seq, "api", "x");
        update(&mut model, NOW, Message::Lines(vec![line]));
    }
    keys(&mut model, "'");
    assert!(!model.logs.is_following());
    let geometry = crate::tui::update::layout::geometry(&model);
    let start = model.logs.position.start(&model.logs.window, geometry);
    assert!(matches!(
        model.logs.window.items()[start.index].content,
        Content::Mark(1)
    ));
    keys(&mut model, "G");
    assert!(model.logs.is_following());
}

#[test]
fn a_filter_that_lets_nothing_through_does_not_search_for_ever() {
    let mut model = fixture::model(100, 30, true);
    model.logs.set_filter(Matcher::new("never", false).ok());
    model.logs.window.older = crate::tui::log::window::Older::Below(10_000_000);
    let mut before = 10_000_000;
    let mut pages = 0;
    let mut effects = update(&mut model, NOW, Message::Tick);
    while let Some(UiEffect::FetchPage(request)) = effects.pop() {
        let entries: Vec<_> = (before - 7..before)
            .map(|seq| {
                Arc::new(Item {
                    place: Place::line(seq),
                    at: NOW,
                    service: None,
                    phase: None,
                    content: Content::Line {
                        stream: Stream::Stdout,
                        partial: false,
                        text: "x".into(),
                    },
                })
            })
            .collect();
        before -= 7;
        pages += 1;
        assert!(pages <= 200);
        effects = update(
            &mut model,
            NOW,
            Message::Page {
                request,
                result: Ok(Page {
                    entries,
                    is_truncated: true,
                }),
            },
        );
    }
    assert!(model.logs.has_given_up());
    assert!(matches!(
        press(&mut model, KeyCode::PageUp)[..],
        [UiEffect::FetchPage(_)]
    ));
}

#[test]
fn who_follows_goes_on_after_a_gap_and_who_reads_stays_before_it() {
    let line = |seq: u64| crate::tui::log::fixture::line(seq, "api", "x");
    let model = || {
        let mut model = fixture::model(100, 12, true);
        let lines = (1_600..1_700).map(line).collect();
        update(&mut model, NOW, Message::Lines(lines));
        keys(&mut model, "\t");
        model
    };
    let gap = |model: &mut Model| {
        let gap = Message::Gap {
            first: 1_700,
            last: 8_999,
        };
        let asked = update(model, NOW, gap);
        update(
            model,
            NOW,
            Message::Lines((9_000..9_005).map(line).collect()),
        );
        asked
    };
    let seqs = |model: &Model| {
        let items = model.logs.window.items();
        (items[0].place.seq, items[items.len() - 1].place.seq)
    };
    let mut follower = model();
    let asked = gap(&mut follower);
    assert_eq!(seqs(&follower), (9_000, 9_004));
    let is_asked = |effect: &UiEffect| matches!(effect, UiEffect::FetchPage(request) if request.cursor == Cursor::Before(9_000));
    assert!(asked.iter().any(is_asked), "{asked:?}");
    let mut reader = model();
    keys(&mut reader, "kkk");
    let before = reader.logs.position;
    gap(&mut reader);
    assert_eq!(reader.logs.position, before);
    assert_eq!(seqs(&reader).1, 1_699);
    assert_eq!(reader.logs.unseen, 7_305);
    keys(&mut reader, "G");
    assert_eq!(seqs(&reader), (9_000, 9_004));
}

#[test]
fn the_title_says_which_match_it_is() {
    let line = |seq: u64, text: &str| crate::tui::log::fixture::line(seq, "api", text);
    let mut model = fixture::model(100, 30, true);
    let texts = ["needle 1", "hay", "needle 2", "hay", "needle 3"];
    let lines = (1_600..).zip(texts).map(|(seq, text)| line(seq, text));
    update(&mut model, NOW, Message::Lines(lines.collect()));
    keys(&mut model, "\tfneedle\n");
    let at = |model: &Model| (model.logs.window.current(), model.logs.window.hits());
    assert_eq!(at(&model), (Some(3), 3));
    keys(&mut model, "N");
    assert_eq!(at(&model), (Some(2), 3));
    update(
        &mut model,
        NOW,
        Message::Lines(vec![line(1_700, "a needle")]),
    );
    assert_eq!(at(&model), (Some(2), 4));
    keys(&mut model, "nn");
    assert_eq!(at(&model), (Some(4), 4));
}

#[test]
fn lines_are_shifted_as_far_as_they_reach() {
    let mut model = fixture::model(60, 20, true);
    keys(&mut model, "\tllllllllll");
    let geometry = crate::tui::update::layout::geometry(&model);
    let items = model.logs.window.items().iter();
    let widths = items.map(|item| crate::tui::cells::width(item.raw(), usize::MAX));
    let widest = widths.max().unwrap();
    assert_eq!(model.logs.shift, widest - geometry.columns);
    keys(&mut model, "0");
    assert_eq!(model.logs.shift, 0);
}

#[test]
fn times_go_through_all_ways_even_where_there_is_little_space() {
    let mut model = fixture::model(80, 24, true);
    keys(&mut model, "\t");
    let columns = |model: &Model| crate::tui::update::layout::geometry(model).columns;
    let without = columns(&model);
    keys(&mut model, "t");
    assert_eq!(columns(&model), without - 9);
    keys(&mut model, "t");
    assert_eq!(columns(&model), without - 19);
    keys(&mut model, "t");
    assert_eq!(columns(&model), without - 9, "since the start");
    keys(&mut model, "t");
    assert_eq!(columns(&model), without);
}

#[test]
fn a_selection_says_where_it_ends_before_the_log_does() {
    let mut model = fixture::model(100, 12, true);
    keys(&mut model, "\tvg");
    assert_eq!(model.notice, None, "this is the beginning");
    model.logs.window.older = Older::Below(500);
    keys(&mut model, "\u{1b}vg");
    let notice = model.notice.as_ref().unwrap();
    assert!(
        notice.text.starts_with("selected as far as is loaded"),
        "{notice:?}"
    );
}

/// A model that follows 60 lines, some of which have a needle.
fn with_needles(rows: u16, text: impl Fn(u64) -> String) -> Model {
    let mut model = fixture::model(100, rows, true);
    let line = |seq: u64| crate::tui::log::fixture::line(seq, "api", &text(seq));
    let lines = (1_600..1_660).map(line).collect();
    update(&mut model, NOW, Message::Lines(lines));
    keys(&mut model, "\tfneedle\n");
    model
}

fn current(model: &Model) -> Option<u64> {
    let search = model.logs.search.as_ref()?;
    search.current.map(|place| place.seq)
}

#[test]
fn a_search_goes_on_from_what_is_on_the_screen() {
    let has_needle = |seq| [1_601, 1_630, 1_658].contains(&seq);
    let text = |seq| if has_needle(seq) { "needle" } else { "hay" }.to_owned();
    let mut model = with_needles(20, text);
    assert_eq!(current(&model), Some(1_658));
    assert!(
        !model.logs.is_following(),
        "what was found stays where it is"
    );
    keys(&mut model, "NN");
    assert_eq!(current(&model), Some(1_601));
    keys(&mut model, "GN");
    assert_eq!(current(&model), Some(1_658), "it is on the screen");
    keys(&mut model, "gn");
    assert_eq!(current(&model), Some(1_601));
    keys(&mut model, "nG\u{1b}");
    assert!(model.logs.is_following());
}

#[test]
fn a_match_far_to_the_right_or_far_below_comes_to_the_screen() {
    let line = |seq: u64| {
        let far = if seq == 1_680 { "needle" } else { "" };
        let text = format!("{}é{far} end", "0123456789".repeat(300));
        crate::tui::log::fixture::line(seq, "api", &text)
    };
    for wrap in ["", "w"] {
        let mut model = with_needles(20, |_| "hay".to_owned());
        update(
            &mut model,
            NOW,
            Message::Lines((1_660..1_690).map(line).collect()),
        );
        keys(&mut model, wrap);
        keys(&mut model, "GN");
        assert_eq!(current(&model), Some(1_680), "{wrap:?}");
        let rows = crate::tui::view::screen(&model);
        assert!(rows.contains("éneedle end"), "{wrap:?}\n{rows}");
    }
}

/// What is copied says of which service it is when there are several.
#[test]
fn lines_of_several_services_are_copied_with_time_and_name() {
    let copied = |model: &mut Model| match &*keys(model, "\tvy\t") {
        [UiEffect::Copy(text)] => text.clone(),
        other => panic!("{other:?}"),
    };
    let mut model = fixture::model(100, 24, true);
    assert_eq!(
        copied(&mut model),
        "09:20:48 api │ INFO GET /health 200 0 ms\n"
    );
    select(&mut model, "api");
    model.logs.window.loading = None;
    model.logs.window.older = Older::Beginning;
    assert_eq!(copied(&mut model), "INFO GET /health 200 0 ms\n");
}
