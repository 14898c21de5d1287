use proptest::prelude::*;

use super::*;

/// Where a silence falls: after so many bytes.
type Silences = std::collections::BTreeSet<usize>;

type Entries = Vec<(String, bool)>;

/// What docs/logs.md, From output to entries, says, word for word, for all bytes at once.
fn reference(bytes: &[u8]) -> Entries {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut entries = Vec::new();
    for line in text.split_terminator('\n') {
        cut_long(line.strip_suffix('\r').unwrap_or(line), false, &mut entries);
    }
    entries
}

fn cut_long(mut line: &str, partial: bool, entries: &mut Entries) {
    while line.len() > MAX_LINE {
        let at = (0..=MAX_LINE).rev().find(|at| line.is_char_boundary(*at));
        let (piece, rest) = line.split_at(at.unwrap());
        entries.push((piece.to_owned(), true));
        line = rest;
    }
    entries.push((line.to_owned(), partial));
}

/// The same with silences: a line is logged as far as it was there, less what may be the beginning of
/// a character or of the line end.
fn reference_with(bytes: &[u8], silences: &Silences) -> Entries {
    let mut entries = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let end = memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |at| start + at);
        let mut logged = start;
        for &silence in silences.range(start..=end) {
            let there = &bytes[logged..silence.max(logged)];
            let there = &there[..whole_characters(there)];
            let text = String::from_utf8_lossy(there).into_owned();
            let settled = text.trim_end_matches('\r');
            if !settled.is_empty() {
                cut_long(settled, true, &mut entries);
                logged += there.len() - (text.len() - settled.len());
            }
        }
        let rest = String::from_utf8_lossy(&bytes[logged..end]).into_owned();
        let rest = rest.strip_suffix('\r').unwrap_or(&rest);
        if logged == start || !rest.is_empty() {
            cut_long(rest, false, &mut entries);
        }
        start = end + 1;
    }
    entries
}

pub(super) fn collect(lines: &Lines, into: &mut Entries) {
    let all = (0..lines.count()).map(|index| lines.get(index));
    into.extend(all.map(|(text, partial)| (text.to_owned(), partial)));
}

/// Reads of the given sizes, over and over.
fn split(bytes: &[u8], sizes: &[usize]) -> Entries {
    let mut splitter = Splitter::default();
    let mut entries = Vec::new();
    let mut rest = bytes;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, after) = rest.split_at((*size).clamp(1, rest.len()));
        splitter.push(chunk, &mut |lines| collect(&lines, &mut entries));
        assert!(splitter.tail.len() < MAX_LINE + 5);
        rest = after;
    }
    splitter.finish(&mut |lines| collect(&lines, &mut entries));
    entries
}

/// The same with a silence after every read that ends where one falls.
fn split_with(bytes: &[u8], mut ends: Vec<usize>, silences: &Silences) -> Entries {
    let mut splitter = Splitter::default();
    let mut entries = Vec::new();
    ends.extend(silences);
    ends.push(bytes.len());
    ends.sort_unstable();
    let mut start = 0;
    for end in ends {
        splitter.push(&bytes[start..end], &mut |lines| {
            collect(&lines, &mut entries);
        });
        if silences.contains(&end) {
            splitter.pause(&mut |lines| collect(&lines, &mut entries));
            assert_eq!(splitter.patience(), None, "all there is has been logged");
        }
        start = end;
    }
    splitter.finish(&mut |lines| collect(&lines, &mut entries));
    entries
}

/// Bytes with what makes splitting hard, in pieces that repeat.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => Just(b"\n".to_vec()),
        2 => Just(b"\r\n".to_vec()),
        1 => Just(b"\r".to_vec()),
        3 => "[ -~]{0,12}".prop_map(String::into_bytes),
        2 => "\\PC{0,4}".prop_map(String::into_bytes),
        2 => proptest::collection::vec(any::<u8>(), 0..6),
        2 => proptest::sample::select(vec![
            b"\xE2\x82".to_vec(), b"\xF0\x9F".to_vec(), b"\xF0\x9F\x92".to_vec(),
            b"\xC2".to_vec(), b"\x80".to_vec(), b"\xED\xA0\x80".to_vec(),
            "\u{20AC}".into(), "\u{1F4A9}".into(),
        ]),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// A long run of something, to get beyond the limit of a line, between other bytes.
fn long() -> impl Strategy<Value = Vec<u8>> {
    let unit = prop_oneof![
        Just(b"x".to_vec()),
        Just("\u{20AC}".into()),
        Just("\u{1F4A9}".into()),
        Just(b"\xFF".to_vec()),
        Just(b"\xF0\x9F\x92".to_vec()),
        Just(b"\n".to_vec()),
    ];
    let run = (unit, MAX_LINE - 5..MAX_LINE + 6, 1..3usize).prop_map(|(unit, len, times)| {
        let count = len * times / unit.len();
        unit.repeat(count)
    });
    (bytes(), run, bytes()).prop_map(|(a, b, c)| [a, b, c].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn any_reads_give_the_lines_of_the_whole(
        bytes in bytes(),
        sizes in proptest::collection::vec(1..40usize, 1..6),
    ) {
        prop_assert_eq!(split(&bytes, &sizes), reference(&bytes));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn long_lines_are_cut_where_the_whole_would_be(
        bytes in long(),
        sizes in proptest::collection::vec(1..100_000usize, 1..6),
    ) {
        let (got, wanted) = (split(&bytes, &sizes), reference(&bytes));
        prop_assert!(got == wanted, "{} entries, wanted {}", got.len(), wanted.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn silences_cut_lines_and_change_no_text(
        bytes in bytes(),
        ends in proptest::collection::vec(any::<proptest::sample::Index>(), 0..20),
        silences in proptest::collection::vec(any::<proptest::sample::Index>(), 0..20),
    ) {
        let at = |index: &proptest::sample::Index| index.index(bytes.len() + 1);
        let silences: Silences = silences.iter().map(at).collect();
        let entries = split_with(&bytes, ends.iter().map(at).collect(), &silences);
        prop_assert_eq!(&entries, &reference_with(&bytes, &silences));
        let text = |entries: &Entries| entries.iter().map(|(text, _)| &**text).collect::<String>();
        prop_assert_eq!(text(&entries), text(&reference(&bytes)));
        let ends = |entries: &Entries| entries.iter().filter(|(_, partial)| !partial).count();
        let joined = entries.iter().filter(|(_, partial)| *partial).count();
        prop_assert!(ends(&entries) + joined >= reference(&bytes).len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]
    #[test]
    fn silences_in_long_lines_cut_them_too(
        bytes in long(),
        ends in proptest::collection::vec(any::<proptest::sample::Index>(), 0..20),
        silences in proptest::collection::vec(any::<proptest::sample::Index>(), 0..5),
    ) {
        let at = |index: &proptest::sample::Index| index.index(bytes.len() + 1);
        let silences: Silences = silences.iter().map(at).collect();
        let entries = split_with(&bytes, ends.iter().map(at).collect(), &silences);
        prop_assert!(entries.iter().all(|(text, _)| text.len() <= MAX_LINE));
        let text = |entries: &Entries| entries.iter().map(|(text, _)| &**text).collect::<String>();
        prop_assert!(text(&entries) == text(&reference(&bytes)));
    }
}

#[test]
fn a_line_is_logged_piece_by_piece_with_ever_more_patience() {
    let mut splitter = Splitter::default();
    let mut entries = Vec::new();
    assert_eq!(splitter.patience(), None);
    for (text, patience) in [
        ("Use another port? ", 500),
        ("(Y/n) ", 1000),
        ("\r10%", 2000),
    ] {
        splitter.push(text.as_bytes(), &mut |_| panic!("the line has not ended"));
        assert_eq!(splitter.patience(), Some(Duration::from_millis(patience)));
        splitter.pause(&mut |lines| collect(&lines, &mut entries));
        assert_eq!(splitter.patience(), None);
    }
    splitter.push(b"\r\nnext", &mut |_| {
        panic!("the end of a logged line adds nothing")
    });
    assert_eq!(splitter.patience(), Some(SILENCE), "it is another line");
    splitter.finish(&mut |lines| collect(&lines, &mut entries));
    let entries: Vec<_> = entries
        .iter()
        .map(|(text, partial)| (&**text, *partial))
        .collect();
    assert_eq!(
        entries,
        [
            ("Use another port? ", true),
            ("(Y/n) ", true),
            ("\r10%", true),
            ("next", false)
        ]
    );
}

#[test]
fn the_limit_is_exact_and_does_not_count_the_line_end() {
    let full = "x".repeat(MAX_LINE);
    for end in ["\n", "\r\n", "", "\r"] {
        let text = format!("{full}{end}");
        assert_eq!(
            split(text.as_bytes(), &[1000]),
            [(full.clone(), false)],
            "{end:?}"
        );
        let over = format!("{full}y{end}");
        let wanted = [(full.clone(), true), ("y".to_owned(), false)];
        assert_eq!(split(over.as_bytes(), &[1000]), wanted, "{end:?}");
    }
}

#[test]
fn many_short_lines_come_out_in_bounded_groups() {
    let mut sizes = Vec::new();
    Splitter::default().push(&b"\n".repeat(3 * MAX_ENTRIES + 5), &mut |lines| {
        sizes.push(lines.count());
    });
    assert_eq!(sizes, [MAX_ENTRIES, MAX_ENTRIES, MAX_ENTRIES, 5]);
}

#[test]
fn a_quiet_pipe_keeps_no_large_buffer() {
    let mut splitter = Splitter::default();
    splitter.push(&vec![b'x'; 60_000], &mut |_| {});
    splitter.push(b"y\nz", &mut |_| {});
    assert!(splitter.tail.capacity() <= 4096);
    assert_eq!(splitter.tail, b"z");
}

#[test]
fn one_entry_stays_one_whatever_is_in_it() {
    let lines = Lines::one("a\nb\r\n");
    assert_eq!((lines.count(), lines.get(0)), (1, ("a b  ", false)));
}
