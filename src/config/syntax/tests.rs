use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::config::code::Code;
use crate::config::tree::{NodeId, Value};

/// Every value with its path and the text it stands on.
fn spans(text: &str) -> Vec<(String, &str)> {
    let parsed = parse(text);
    assert_eq!(parsed.failure, None, "{text}");
    let ids = (0..).map(NodeId).take(parsed.tree.nodes.len());
    ids.map(|id| (parsed.tree.path(id), &text[parsed.tree.span(id)]))
        .collect()
}

fn spellings(text: &str) -> Vec<(Spelling, &str, usize)> {
    let parsed = parse(text);
    assert_eq!(parsed.failure, None, "{text}");
    let seen = parsed.spellings.seen();
    seen.map(|(spelling, span, times)| (spelling, &text[span], times))
        .collect()
}

/// What is marked, and what is said.
#[track_caller]
fn failure(text: &str) -> (&str, String) {
    let failure = parse(text).failure.expect(text);
    assert_eq!(failure.code, Code::Syntax);
    (&text[failure.span], failure.message)
}

#[test]
fn every_value_stands_where_it_is_written() {
    let text =
        " // c\n{ \"a\": [1, -2.5e3 , \"x\\\"]\", null/*]*/, true,], /* , */ \"b\" : {}, }//";
    let expected = [
        ("", &text[6..text.len() - 2]),
        ("a", "[1, -2.5e3 , \"x\\\"]\", null/*]*/, true,]"),
        ("a[0]", "1"),
        ("a[1]", "-2.5e3"),
        ("a[2]", "\"x\\\"]\""),
        ("a[3]", "null"),
        ("a[4]", "true"),
        ("b", "{}"),
    ];
    let expected: Vec<_> = expected.map(|(path, text)| (path.to_owned(), text)).into();
    assert_eq!(spans(text), expected);
}

#[test]
fn numbers_that_json_does_not_have_are_reported() {
    assert_eq!(
        spellings("[NaN, Infinity, -Infinity, +Infinity, -NaN]"),
        [
            (Spelling::PlusSign, "+Infinity", 1),
            (Spelling::NotFinite, "NaN", 5)
        ]
    );
}

#[test]
fn json5_spellings_have_spans_too() {
    let text =
        "{a: 0x1F, $b\\u0061: +.5, 'c d': -0, e: 5., f: 'it\\\n\\'s\\v',\u{a0}g: 0.5e-1, h:0}";
    let expected = [
        ("", text),
        ("a", "0x1F"),
        ("$ba", "+.5"),
        ("[\"c d\"]", "-0"),
        ("e", "5."),
        ("f", "'it\\\n\\'s\\v'"),
        ("g", "0.5e-1"),
        ("h", "0"),
    ];
    let expected: Vec<_> = expected.map(|(path, text)| (path.to_owned(), text)).into();
    assert_eq!(spans(text), expected);
    assert_eq!(
        spellings(text),
        [
            (Spelling::SingleQuotes, "'c d'", 2),
            (Spelling::UnquotedKey, "a", 6),
            (Spelling::Hexadecimal, "0x1F", 1),
            (Spelling::PlusSign, "+.5", 1),
            (Spelling::DecimalPoint, "+.5", 2),
            (Spelling::Escape, "\\'", 2),
            (Spelling::LineContinuation, "\\\n", 1),
            (Spelling::WhiteSpace, "\u{a0}", 1),
        ]
    );
    assert_eq!(
        spellings("[\"a\tb\", \"c\\\r\nd\"]"),
        [
            (Spelling::LineContinuation, "\\\r\n", 1),
            (Spelling::ControlCharacter, "\t", 1)
        ]
    );
}

#[test]
fn jsonc_has_no_foreign_spellings() {
    let text = "{\r\n\t\"a\\u0041\\/\": [0, -1.5E+10, 0.0, \"é\u{2028}\u{7f}\"], // x\n /* y */ }";
    assert_eq!(spellings(text), []);
}

#[test]
fn a_failure_is_told_where_it_is() {
    for (text, marked, message) in [
        ("", "", "there is no config in it"),
        (" // only a comment\n", "", "there is no config in it"),
        ("{\"a\": 1", "", "the file ends too early"),
        ("{\"a\": [1, 2}", "}", "expected `,` or `]` here"),
        ("{\"a\": 1 \"b\": 2}", "\"", "expected `,` or `}` here"),
        ("{\"a\" 1}", "1", "expected `:` after the key"),
        ("{\"a\": }", "}", "a value is missing before this bracket"),
        (
            "{\"a\": , \"b\": 1}",
            ",",
            "a value is missing before this comma",
        ),
        (
            "{\"a\": 1,, \"b\": 1}",
            ",",
            "there is a comma too many here",
        ),
        ("{\"a\": yes}", "yes", "\"yes\" is not a value"),
        ("{\"a\": nul}", "nul", "\"nul\" is not a value"),
        ("{\"a\": tru, \"b\": 1}", "tru", "\"tru\" is not a value"),
        ("{\"a\": @}", "@", "expected a value here"),
        ("{\"a\": 007}", "007", "a number cannot begin with 0"),
        (
            "{\"a\": \"b\n}",
            "\"b",
            "the string is not closed on its line",
        ),
        (
            "{\"a\n\": 1}",
            "\"a",
            "the string is not closed on its line",
        ),
        ("{\"a\": \"b}", "\"b}", "the string is not closed"),
        ("{\"a\": 1 /* x }", "/* x }", "the comment is not closed"),
        ("{\"a\": 1 / x }", "/", "a lone `/` means nothing here"),
        ("{} x", "x", "there is more after the end of the config"),
        (
            "{} // x\n {}",
            "{",
            "there is more after the end of the config",
        ),
        ("{} null", "n", "there is more after the end of the config"),
        ("{} nul", "n", "there is more after the end of the config"),
        ("nullnull", "n", "there is more after the end of the config"),
        ("NaNNaN", "N", "there is more after the end of the config"),
        (
            "truefalse",
            "f",
            "there is more after the end of the config",
        ),
        ("[+Infinity-Infinity]", "-", "expected `,` or `]` here"),
        ("{} /* x", "/* x", "the comment is not closed"),
        ("{1: 2}", "1", "expected a key or `}` here"),
        ("{\"a\": 1, @}", "@", "expected a key or `}` here"),
        (
            "{\"a\": \"\\u12x4\"}",
            "\\",
            "a backslash must be followed by one of \"\\/bfnrt or uXXXX",
        ),
        ("{\"a\": 1e}", "1e", "invalid float literal"),
    ] {
        assert_eq!(failure(text), (marked, message.to_owned()), "{text:?}");
    }
}

#[test]
fn lines_are_counted_as_the_grammar_counts_them() {
    // U+2028 and a lone carriage return end lines for the grammar.
    let (marked, _) = failure("{\r\n\u{2028}\r\"é\": 1, \"b\": @}");
    assert_eq!(marked, "@");
}

#[test]
fn what_is_not_closed_is_pointed_at() {
    let text = "{\"a\": [\n 1,\n";
    let failure = parse(text).failure.unwrap();
    assert_eq!(failure.related, Some((6..7, "this is not closed")));
    assert_eq!(failure.help.as_deref(), Some("close it with `]`"));
}

#[test]
fn what_comes_before_a_failure_stays() {
    let parsed = parse("{\"a\": {\"b\": 1, \"c\": [2, 3], \"d\": @");
    let tree = parsed.tree;
    let root = tree.root().unwrap();
    assert_eq!(tree.to_json(root), json!({"a": {"b": 1, "c": [2, 3]}}));
    let complete = |id| match tree.value(id) {
        Value::Array(items) | Value::Object(items) => items.complete,
        _ => true,
    };
    assert!(!complete(root));
    let open: Vec<_> = (0..)
        .map(NodeId)
        .take(tree.nodes.len())
        .filter(|&id| !complete(id))
        .collect();
    assert_eq!(open, [NodeId(0), NodeId(1)]);
}

#[test]
fn depth_is_bounded_before_the_stack_is() {
    for text in [
        "[".repeat(100_000),
        "{\"a\":".repeat(100_000),
        "[{a:".repeat(50_000),
    ] {
        let parsed = parse(&text);
        assert_eq!(parsed.failure.unwrap().code, Code::TooDeep);
    }
    let deep = format!("{}{}", "[".repeat(32), "]".repeat(32));
    assert_eq!(parse(&deep).failure, None);
    let deeper = format!("{}{}", "[".repeat(33), "]".repeat(33));
    let failure = parse(&deeper).failure.unwrap();
    assert_eq!((failure.code, failure.span), (Code::TooDeep, 32..33));
}

#[test]
fn the_number_of_values_is_bounded() {
    let many = format!("[{}]", "1,".repeat(1_000_000));
    let failure = parse(&many).failure.unwrap();
    assert_eq!(
        (failure.code, &many[failure.span]),
        (Code::TooManyValues, "1")
    );
}

/// Text that is likely to be nearly JSON.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"", "'", "\\", "/", "*", "//", "/*", "*/", "\n", "\r", " ",
        "\u{2028}", "\u{feff}", "\u{a0}", "a", "\"a\"", "null", "true", "0", "0x", "1", "-", "+",
        ".", "e", "Infinity", "NaN", "\\u0041", "\\ud800", "é", "\0", "𝄞", "\"b\":", "services",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<u64>().prop_map(serde_json::Value::from),
        // Never whole, since those come back as integers.
        any::<i32>().prop_map(|n| serde_json::Value::from(f64::from(n) + 0.5)),
        ".{0,8}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            prop::collection::vec((".{0,5}", inner), 0..5)
                .prop_map(|members| { serde_json::Value::Object(members.into_iter().collect()) }),
        ]
    })
}

proptest! {
    /// Tree or failure, never a panic, and every span is in the text at character boundaries.
    #[test]
    fn any_text_is_read_or_refused(text in prop_oneof![nearly_json(), ".{0,60}"]) {
        let parsed = parse(&text);
        for id in (0..).map(NodeId).take(parsed.tree.nodes.len()) {
            prop_assert!(text.get(parsed.tree.span(id)).is_some());
            prop_assert!(text.get(parsed.tree.key_span(id)).is_some());
        }
        if let Some(failure) = &parsed.failure {
            prop_assert!(text.get(failure.span.clone()).is_some());
            prop_assert!(!failure.message.is_empty());
        }
        // The verdict is the grammar's alone.
        let accepted = json5::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(parsed.failure.is_none(), accepted);
    }

    /// What a value stands on is that value.
    #[test]
    fn spans_hold_their_values(value in any_json(), pretty in any::<bool>()) {
        let text = if pretty {
            serde_json::to_string_pretty(&value).unwrap()
        } else {
            value.to_string()
        };
        let parsed = parse(&text);
        prop_assert_eq!(&parsed.failure, &None);
        prop_assert_eq!(&parsed.tree.to_json(NodeId(0)), &value);
        for id in (0..).map(NodeId).take(parsed.tree.nodes.len()) {
            let written = &text[parsed.tree.span(id)];
            let again: serde_json::Value = serde_json::from_str(written).unwrap();
            prop_assert_eq!(parsed.tree.to_json(id), again);
            if let Some(key) = parsed.tree.key(id) {
                let written = &text[parsed.tree.key_span(id)];
                prop_assert_eq!(serde_json::from_str::<String>(written).unwrap(), key);
            }
        }
    }
}
