//! What becomes of a terminal's output.

use proptest::prelude::*;

use super::super::tests::collect;
use super::*;

/// The lines of this output in a terminal of 5 rows and 20 columns, read in pieces that end here. One that goes
/// on ends with `…`.
fn lines_in_pieces(output: &[u8], ends: &[usize]) -> Vec<String> {
    let mut splitter = TerminalSplitter::new(5, 20);
    let mut entries = Vec::new();
    let mut start = 0;
    let mut ends: Vec<usize> = ends.iter().map(|end| end % (output.len() + 1)).collect();
    ends.sort_unstable();
    ends.push(output.len());
    for end in ends {
        let mut emit = |lines: Lines| collect(&lines, &mut entries);
        splitter.push(&output[start..end], &mut emit, &mut |_| {});
        start = end;
    }
    splitter.finish(&mut |lines| collect(&lines, &mut entries));
    let entries = entries.into_iter();
    entries
        .map(|(text, partial)| text + if partial { "…" } else { "" })
        .collect()
}

#[track_caller]
fn logged(output: &str, expected: &[&str]) {
    assert_eq!(lines_in_pieces(output.as_bytes(), &[]), expected);
    let every: Vec<usize> = (0..output.len()).collect();
    assert_eq!(lines_in_pieces(output.as_bytes(), &every), expected);
}

#[test]
fn what_is_written_over_or_erased_before_the_end_of_the_line_is_not_logged() {
    logged("10%\r20%\r100%\r\nnext\r\n", &["100%", "next"]);
    logged("downloading\r\x1b[Kdone\r\n", &["done"]);
    logged("abc\x08\x08X\r\n", &["aXc"]);
    logged("one two\x1b[3D\x1b[P\r\n", &["one wo"]);
    logged("ac\x1b[D\x1b[@b\r\n", &["abc"]);
    logged("abc\x1b[2Gxyz\x1b[1K\r\n", &["    ".trim_end()]);
    logged("abcdef\x1b[3G\x1b[2X\r\n", &["ab  ef"]);
    logged("gone\x1b[2J\x1b[Hnew\r\n", &["new"]);
    logged("a\tb\r\n\tc\r\n", &["a\tb", "\tc"]);
}

#[test]
fn colours_stay_and_other_sequences_go() {
    logged(
        "\x1b[32mok\x1b[0m \x1b[1;31mbad\x1b[39m!\r\n",
        &["\x1b[32mok\x1b[0m \x1b[1;31mbad\x1b[0;1m!\x1b[0m"],
    );
    logged(
        "\x1b[38;5;208mo\x1b[48:2::1:2:3mp\x1b[m\r\nq\r\n",
        &["\x1b[38;5;208mo\x1b[0;38;5;208;48;2;1;2;3mp\x1b[0m", "q"],
    );
    logged(
        "\x1b]0;title\x07\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\x1b[?25l\x1b(B\x1b[6n\x1bP+q544e\x1b\\\r\n",
        &["link"],
    );
    logged(
        "\x1b[33mone\r\ntwo\x1b[m\r\n",
        &["\x1b[33mone\x1b[0m", "\x1b[33mtwo\x1b[0m"],
    );
}

#[test]
fn an_alternate_screen_writes_nothing() {
    for mode in ["1049", "1047", "47", "1;1049"] {
        let output = format!(
            "before\r\n$ less\r\n\x1b[?{mode}h\x1b[Hmany\r\nlines\r\n\x1b[2J\x1b[?{mode}lafter\r\n"
        );
        logged(&output, &["before", "$ less", "after"]);
    }
    logged(
        "\x1b[?1049hinside\x1bcafter a reset\r\n",
        &["after a reset"],
    );
}

#[test]
fn rows_that_are_drawn_again_are_logged_as_they_end() {
    let redraw = |percent: u8| format!("\x1b[2A\x1b[2Kone {percent}%\r\n\x1b[2Ktwo {percent}%\r\n");
    let output = format!(
        "one 0%\r\ntwo 0%\r\n{}{}{}all done\r\n",
        redraw(40),
        redraw(80),
        redraw(100)
    );
    logged(
        &output,
        &["one 0%", "two 0%", "one 100%", "two 100%", "all done"],
    );
}

#[test]
fn a_screen_that_is_drawn_again_and_again_does_not_flood() {
    let frame = |n: u8| format!("\x1b[H\x1b[Kcpu {n}\r\n\x1b[Kmem {n}\r\n\x1b[Kq to quit");
    let output: String = (0..100).map(frame).collect();
    assert!(lines_in_pieces(output.as_bytes(), &[]).len() < 7);
}

#[test]
fn a_bar_below_the_lines_that_scroll_is_no_line() {
    let bar = |n: u8| format!("\x1b7\x1b[5;1H[{n}%]\x1b8");
    let mut output = "start\r\n\x1b[1;4r\x1b[2;1H".to_owned();
    for n in 0..9 {
        output.push_str(&bar(n * 10));
        output.push_str("unpacking ");
        output.push_str(&n.to_string());
        output.push_str("\r\n");
    }
    let mut expected = vec!["start".to_owned()];
    expected.extend((0..9).map(|n| format!("unpacking {n}")));
    assert_eq!(lines_in_pieces(output.as_bytes(), &[]), expected);
}

#[test]
fn wide_and_combined_characters_are_whole() {
    logged("日本語\r\n", &["日本語"]);
    // Half of a wide character is none.
    logged("日本\x1b[2Gx\r\n", &[" x本"]);
    logged("e\u{301}a\x08b\r\n", &["e\u{301}b"]);
    logged(
        "\u{1f468}\u{200d}\u{1f469}\r\n",
        &["\u{1f468}\u{200d}\u{1f469}"],
    );
}

#[test]
fn a_line_that_wraps_is_one_line_and_is_written_over_row_by_row() {
    let long = "x".repeat(45);
    logged(&format!("{long}\r\n"), &[&long]);
    logged(
        &format!("{long}\rabc\r\n"),
        &[&format!("{}abcxx", "x".repeat(40))],
    );
    let full = "y".repeat(20);
    logged(
        &format!("{full}\rz\r\n"),
        &[&format!("z{}", "y".repeat(19))],
    );
}

#[test]
fn a_prompt_is_logged_when_it_rests() {
    let mut splitter = TerminalSplitter::new(24, 80);
    let mut entries = Vec::new();
    let push = |splitter: &mut TerminalSplitter, text: &str, entries: &mut Vec<_>| {
        splitter.push(
            text.as_bytes(),
            &mut |lines| collect(&lines, entries),
            &mut |_| {},
        );
    };
    assert_eq!(splitter.patience(), None);
    push(&mut splitter, "(Pdb) ", &mut entries);
    assert_eq!(splitter.patience(), Some(SILENCE));
    splitter.pause(&mut |lines| collect(&lines, &mut entries));
    assert_eq!(splitter.patience(), None);
    push(&mut splitter, "p 1\r\n", &mut entries);
    push(&mut splitter, "1\r\n(Pdb) ", &mut entries);
    splitter.pause(&mut |lines| collect(&lines, &mut entries));
    // Written over as a whole: the line as it ends is another one.
    push(&mut splitter, "\r\x1b[Kbye\r\n", &mut entries);
    let expected = [
        ("(Pdb) ", true),
        ("p 1", false),
        ("1", false),
        ("(Pdb) ", true),
        ("bye", false),
    ];
    let expected = expected.map(|(text, partial)| (text.to_owned(), partial));
    assert_eq!(entries, expected);
}

#[test]
fn a_line_without_an_end_is_not_held() {
    let mut splitter = TerminalSplitter::new(24, 80);
    let mut entries = Vec::new();
    for _ in 0..300 {
        let emit = &mut |lines: Lines| collect(&lines, &mut entries);
        splitter.push(&b"x".repeat(1000), emit, &mut |_| {});
    }
    // The last piece waits for what follows.
    assert_eq!(entries.len(), 300_000 / MAX_LINE - 1);
    assert!(splitter.page.line_len() <= MAX_LINE);
}

#[test]
fn a_screen_is_spared_the_lines_that_it_does_not_show() {
    let mut splitter = TerminalSplitter::new(5, 20);
    let flood: Vec<String> = (0..1000).map(|n| format!("line {n}\r\n")).collect();
    let flood = flood.concat();
    let mut shown = Vec::new();
    splitter.push(flood.as_bytes(), &mut |_| {}, &mut |bytes| {
        shown.extend_from_slice(bytes);
    });
    assert!(shown.len() < 200, "{}", shown.len());
    let mut whole = vt100::Parser::new(5, 20, 0);
    whole.process(flood.as_bytes());
    let mut seen = vt100::Parser::new(5, 20, 0);
    seen.process(&shown);
    assert_eq!(whole.screen().contents(), seen.screen().contents());
}

/// Output made of what programs do.
fn output() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => "[a-z0-9 %]{0,25}".prop_map(String::into_bytes),
        6 => Just(b"\r\n".to_vec()),
        2 => prop::sample::select(vec!["\r", "\n", "\t", "\x08", "é", "日", "e\u{301}", "\x7f", "\x07"])
            .prop_map(|text| text.as_bytes().to_vec()),
        2 => "[0-9]{0,2}".prop_map(|n| format!("\x1b[{n}m").into_bytes()),
        3 => ("[0-9]{0,2}(;[0-9]{1,2})?", "[A-Za-z@`]").prop_map(|(n, c)| format!("\x1b[{n}{c}").into_bytes()),
        1 => prop::sample::select(vec!["\x1b[?1049h", "\x1b[?1049l", "\x1b7", "\x1b8", "\x1bM", "\x1bc", "\x1b]0;x\x07", "\x1b(0"])
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn how_it_is_read_makes_no_difference(
        output in output(), ends in prop::collection::vec(any::<usize>(), 0..20)
    ) {
        prop_assert_eq!(lines_in_pieces(&output, &ends), lines_in_pieces(&output, &[]));
    }

    /// The short cut for plain lines leaves a screen as it would have been.
    #[test]
    fn a_screen_shows_the_same(
        output in output(), lines in 0..200_usize, more in output(), ends in prop::collection::vec(any::<usize>(), 0..5)
    ) {
        let plain = (0..lines).flat_map(|n| format!("plain {n}\r\n").into_bytes());
        let output: Vec<u8> = output.into_iter().chain(plain).chain(more).collect();
        let mut splitter = TerminalSplitter::new(5, 20);
        let mut whole = vt100::Parser::new(5, 20, 0);
        let mut seen = vt100::Parser::new(5, 20, 0);
        let mut ends: Vec<usize> = ends.iter().map(|end| end % (output.len() + 1)).collect();
        ends.sort_unstable();
        ends.push(output.len());
        let mut start = 0;
        for end in ends {
            let piece = &output[start..end];
            whole.process(piece);
            splitter.push(piece, &mut |_| {}, &mut |bytes| seen.process(bytes));
            start = end;
        }
        prop_assert_eq!(whole.screen().contents_formatted(), seen.screen().contents_formatted());
    }
}
