use flowlayer_core::config::{Origin, Report, check};
use proptest::prelude::*;

use super::excerpt::Excerpt;
use super::*;

fn report(text: &str) -> Report {
    let origin = Origin {
        name: "flowlayer.jsonc".to_owned(),
        dir: "/".into(),
        path: "/flowlayer.jsonc".into(),
    };
    check(text.into(), origin)
}

fn rendered(text: &str) -> String {
    let report = report(text);
    render(&report.problems, &report.source, false)
}

#[test]
fn the_caret_is_under_the_key_or_value_and_help_follows() {
    let text = "{\n  // one service\n  \"services\": {\n    \"api\": {\n      \"cmd\": \"x\",\n\t\"dependOn\": []\n    }\n  }\n}";
    assert_eq!(
        rendered(text),
        "error[unknown_field]: services.api.dependOn: unknown field \"dependOn\"\n \
         --> flowlayer.jsonc:6:2\n  \
         |\n\
         6 |  \"dependOn\": []\n  \
         |  ^^^^^^^^^^\n  \
         |\n  \
         = help: did you mean \"dependsOn\"?\n\n"
    );
}

#[test]
fn other_places_are_shown_with_their_lines() {
    let text = "{\"services\": {},\n \"services\": {\"a\": {\"cmd\": \"x\"}}}";
    let rendered = rendered(text);
    assert!(
        rendered.ends_with(
            "error[duplicate_key]: services: \"services\" is given twice\n \
             --> flowlayer.jsonc:2:2\n  \
             |\n\
             2 |  \"services\": {\"a\": {\"cmd\": \"x\"}}}\n  \
             |  ^^^^^^^^^^\n  \
             |\n  \
             = note: the first one\n  \
             |\n \
             ::: flowlayer.jsonc:1:2\n  \
             |\n\
             1 | {\"services\": {},\n  \
             |  ----------\n\n"
        ),
        "{rendered}"
    );
}

#[test]
fn color_is_only_there_when_asked_for() {
    let report = report("{}");
    assert!(!render(&report.problems, &report.source, false).contains('\u{1b}'));
    assert!(render(&report.problems, &report.source, true).contains('\u{1b}'));
}

#[test]
fn secrets_are_not_shown() {
    let text = "{\"session\": {\"token\": \"s3cret token\", \"x\": 1}}";
    let rendered = rendered(text);
    assert_eq!(rendered.matches("error[").count(), 3);
    assert!(!rendered.contains("s3cret"), "{rendered}");
}

#[test]
fn a_line_of_a_megabyte_is_shown_in_part() {
    let long = "x".repeat(1_000_000);
    let text = format!("{{\"services\": {{\"{long}\": 1, \"a\": 2, \"{long}\": 3}}}}");
    let report = report(&text);
    assert_eq!(report.problems.len(), 4);
    for colored in [false, true] {
        let rendered = render(&report.problems[1..2], &report.source, colored);
        assert!(rendered.len() < 1000, "{}", rendered.len());
    }
}

#[test]
fn a_circle_of_thousands_shows_a_few_places() {
    let services: Vec<String> = (0..1000)
        .map(|n| {
            format!(
                "\"{n}\": {{\"cmd\": \"x\", \"dependsOn\": [\"{}\"]}}",
                (n + 1) % 1000
            )
        })
        .collect();
    let rendered = rendered(&format!("{{\"services\": {{{}}}}}", services.join(",\n")));
    assert!(
        rendered.contains("= note: and 991 more places\n"),
        "{rendered}"
    );
    assert_eq!(rendered.matches(":::").count(), 8);
}

#[test]
fn an_excerpt_marks_something_even_at_the_end_of_a_line() {
    let source = |text: &str| report(text).source;
    let at = |text: &str, offset: usize| {
        let excerpt = Excerpt::new(&source(text), &(offset..offset));
        let marked = excerpt.text[excerpt.span.clone()].to_owned();
        (excerpt.text, marked)
    };
    assert_eq!(at("", 0), (" ".to_owned(), " ".to_owned()));
    assert_eq!(at("ab\ncd", 2), ("ab ".to_owned(), " ".to_owned()));
    assert_eq!(at("ab\r\ncd", 6), ("cd ".to_owned(), " ".to_owned()));
}

proptest! {
    /// Whatever is in the file, its name and its messages: no control character but line ends gets
    /// to the terminal, and the output stays small.
    #[test]
    fn nothing_of_the_file_reaches_the_terminal_raw(
        text in "[{}\\[\\]:,\"'a\u{0}-\u{1f}\u{7f}-\u{9f}\u{202e}\u{200b}漢é/*\n\r]{0,60}",
        name in ".{0,10}",
    ) {
        let mut report = report(&text);
        report.source.origin.name = name;
        let rendered = render(&report.problems, &report.source, false);
        let raw = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202e}' | '\u{200b}');
        prop_assert!(!rendered.contains(raw), "{:?}", rendered);
        prop_assert!(rendered.len() <= 4000 * report.problems.len());
    }

    /// What is marked is there, whatever the span.
    #[test]
    fn any_span_has_an_excerpt(text in "[a\t\n\ré漢]{0,40}", start in 0..60_usize, length in 0..20_usize) {
        let source = report(&text).source;
        let excerpt = Excerpt::new(&source, &(start..start + length));
        let marked = excerpt.text.get(excerpt.span.clone());
        prop_assert!(marked.is_some_and(|marked| !marked.is_empty()));
        prop_assert!(!excerpt.text.contains(['\n', '\r']));
    }
}
