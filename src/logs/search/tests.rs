//! Searches against a reader that does everything the slow way.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::fields::Fields;
use super::*;
use crate::facts::{Stream, Timestamp};
use crate::logs::Level;
use crate::logs::parse::EntryLine;

const START_MS: i64 = 1_735_689_600_000;

#[derive(Debug, Clone)]
struct Written {
    seq: u64,
    service: &'static str,
    stream: Stream,
    message: String,
    time: Timestamp,
    /// The optional fields at the end.
    optional: &'static str,
}

impl Written {
    fn json(&self) -> String {
        let text = |text: &str| serde_json::to_string(text).unwrap();
        format!(
            "{{\"seq\":{},\"service\":{},\"phase\":\"ready\",\"stream\":\"{}\",\"message\":{},\"timestamp\":\"{}\"{}}}",
            self.seq,
            text(self.service),
            self.stream.as_str(),
            text(&self.message),
            self.time,
            self.optional,
        )
    }
}

const OPTIONAL: [&str; 3] = ["", ",\"partial\":true", ",\"origin\":\"flowlayer\""];

const NAMES: [&str; 3] = ["api", "d\"b", "über web"];

/// Messages in which what is looked for is likely, whole, in pieces, and behind escapes.
fn message() -> impl Strategy<Value = String> {
    let bit = prop_oneof![
        4 => prop::sample::select(vec![
            "error", "err", "or", "ERROR", "[warn]", "level=info ", "é", "\u{1b}[31m", "\u{1b}[0m", "\u{1b}]0;error\u{7}",
            "\"", "\\", "\\\\n", "\t", "\u{1}", "\u{fffd}", " ", "{\"seq\":7,", "\",\"timestamp\":\"",
            "\u{2028}", "𝄞", "\u{1b}",
        ]).prop_map(str::to_owned),
        1 => "[a-z \\\\\"]{0,6}",
        1 => "\\PC{0,4}",
    ];
    prop::collection::vec(bit, 0..6).prop_map(|bits| bits.concat())
}

fn log() -> impl Strategy<Value = Vec<Written>> {
    let entry = (
        1..4u64,
        0..3usize,
        any::<bool>(),
        message(),
        0..40_000i64,
        prop::sample::select(OPTIONAL.to_vec()),
    );
    prop::collection::vec(entry, 0..40).prop_map(|entries| {
        let (mut seq, mut time) = (0, START_MS);
        entries
            .into_iter()
            .map(|(step, service, out, message, later, optional)| {
                seq += step;
                time += later;
                Written {
                    seq,
                    service: NAMES[service],
                    stream: if out { Stream::Stdout } else { Stream::Stderr },
                    message,
                    time: Timestamp(time),
                    optional,
                }
            })
            .collect()
    })
}

fn pattern() -> impl Strategy<Value = Option<(String, bool, bool)>> {
    let pattern = prop::sample::select(vec![
        "error",
        "^error",
        "error$",
        "^$",
        "e.r",
        "é",
        "[^a-z]",
        "\\\\",
        "\"",
        "\t",
        "\\x1b",
        "\\bor\\b",
        "seq",
        "timestamp",
        "(?-u)err",
        "\\d+",
        "\u{fffd}",
        "x*",
        "𝄞",
    ]);
    prop::option::weighted(
        0.8,
        (
            pattern.prop_map(str::to_owned),
            any::<bool>(),
            any::<bool>(),
        ),
    )
}

#[derive(Debug, Clone)]
struct Asked {
    services: Vec<&'static str>,
    excluded: Vec<&'static str>,
    after: Option<u64>,
    before: Option<u64>,
    since: Option<i64>,
    until: Option<i64>,
    stream: Option<bool>,
    pattern: Option<(String, bool, bool)>,
    level: Option<Level>,
    context: (usize, usize),
    limit: Option<usize>,
}

fn asked() -> impl Strategy<Value = Asked> {
    let maybe = prop::option::weighted::<std::ops::Range<u64>>;
    let time = || prop::option::weighted(0.3, 0..1_000_000i64);
    (
        (
            prop::sample::subsequence(NAMES.to_vec(), 0..=3),
            prop_oneof![
                Just(vec![]),
                prop::sample::subsequence(NAMES.to_vec(), 0..=3)
            ],
        ),
        (maybe(0.3, 0..80), maybe(0.3, 1..90)),
        (time(), time()),
        prop::option::weighted(0.3, any::<bool>()),
        (
            pattern(),
            prop::option::weighted(0.3, prop::sample::select(Level::ALL.to_vec())),
        ),
        prop_oneof![2 => Just((0, 0)), 1 => (0..4usize, 0..4usize)],
        prop::option::of(0..7usize),
    )
        .prop_map(
            |(
                (services, excluded),
                (after, before),
                (since, until),
                stream,
                (pattern, level),
                context,
                limit,
            )| Asked {
                services,
                excluded,
                after,
                before,
                since,
                until,
                stream,
                pattern,
                level,
                context,
                limit,
            },
        )
}

impl Asked {
    fn search(&self) -> Search {
        Search {
            services: self.services.iter().map(ToString::to_string).collect(),
            excluded: self.excluded.iter().map(ToString::to_string).collect(),
            after_seq: self.after,
            before_seq: self.before,
            since: self.since.map(|since| Timestamp(START_MS + since)),
            until: self.until.map(|until| Timestamp(START_MS + until)),
            stream: self
                .stream
                .map(|out| if out { Stream::Stdout } else { Stream::Stderr }),
            pattern: self.pattern.as_ref().map(|(pattern, any_case, inverted)| {
                Pattern::new(pattern, *any_case, *inverted).unwrap()
            }),
            level: self.level,
            before: self.context.0,
            after: self.context.1,
            limit: self.limit,
        }
    }
}

/// What is to be shown, found without any haste: `+` a match, `-` context, `--` between groups.
fn naive(log: &[Written], asked: &Asked) -> Vec<String> {
    let search = asked.search();
    let lines: Vec<&Written> = log
        .iter()
        .filter(|entry| {
            (asked.services.is_empty() || asked.services.contains(&entry.service))
                && !asked.excluded.contains(&entry.service)
                && asked.after.is_none_or(|after| entry.seq > after)
                && asked.before.is_none_or(|before| entry.seq < before)
                && search.admits(entry.stream, entry.time)
        })
        .collect();
    let matches = |entry: &Written| {
        if asked
            .level
            .is_some_and(|least| Level::of(&entry.message) < Some(least))
        {
            return false;
        }
        let Some((pattern, any_case, inverted)) = &asked.pattern else {
            return true;
        };
        // As text, as a person sees it.
        let plain = if entry.message.contains('\u{1b}') {
            anstream::adapter::strip_str(&entry.message).to_string()
        } else {
            entry.message.clone()
        };
        let regex = regex::bytes::RegexBuilder::new(pattern)
            .case_insensitive(*any_case)
            .build()
            .unwrap();
        regex.is_match(plain.as_bytes()) != *inverted
    };
    let mut found: Vec<usize> = (0..lines.len()).filter(|&at| matches(lines[at])).collect();
    if let Some(limit) = asked.limit {
        found.drain(..found.len().saturating_sub(limit));
    }
    let mut shown: Vec<String> = Vec::new();
    let mut last = None;
    for (at, line) in lines.iter().enumerate() {
        let near = found
            .iter()
            .any(|&found| at + asked.context.0 >= found && at <= found + asked.context.1);
        if !near {
            continue;
        }
        if last.is_some_and(|last| last + 1 < at) && asked.context != (0, 0) {
            shown.push("--".to_owned());
        }
        last = Some(at);
        let sign = if found.contains(&at) { '+' } else { '-' };
        shown.push(format!("{sign}{}", line.json()));
    }
    shown
}

fn run(dir: &Path, search: &Search) -> (Vec<String>, Searched) {
    let mut shown = Vec::new();
    let searched = Archive::open(dir)
        .unwrap()
        .search(search, &mut |item| {
            let text = |line: &[u8]| String::from_utf8(line.to_vec()).unwrap();
            shown.push(match item {
                Found::Match(line) => format!("+{}", text(line)),
                Found::Context(line) => format!("-{}", text(line)),
                Found::Break => "--".to_owned(),
            });
            ControlFlow::Continue(())
        })
        .unwrap();
    (shown, searched)
}

/// Writes the files as a server would, each rotated once somewhere, each with a torn end.
fn write(dir: &Path, log: &[Written], cut: usize) {
    let mut files = vec![(disk::ALL_STEM.to_owned(), None)];
    files.extend(NAMES.map(|name| (disk::stem(name), Some(name))));
    for (stem, service) in files {
        let lines: Vec<String> = log
            .iter()
            .filter(|entry| service.is_none_or(|service| service == entry.service))
            .map(|entry| entry.json() + "\n")
            .collect();
        let (older, newer) = lines.split_at(cut.min(lines.len()));
        fs::write(dir.join(format!("{stem}.1.jsonl")), older.concat()).unwrap();
        fs::write(
            dir.join(format!("{stem}.jsonl")),
            newer.concat() + "{\"seq\":99,",
        )
        .unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_is_asked_nothing_is_lost_and_nothing_is_added(log in log(), asked in asked(), cut in 0..30usize) {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &log, cut);
        let (shown, searched) = run(dir.path(), &asked.search());
        prop_assert_eq!(shown, naive(&log, &asked));
        prop_assert_eq!(searched, Searched::default());
    }

    #[test]
    fn fields_are_those_of_the_parsed_entry(log in log()) {
        for entry in log {
            let json = entry.json();
            let fields = Fields::parse(json.as_bytes()).unwrap();
            let parsed = EntryLine::parse(&json).unwrap();
            let message = fields::unescape(fields.message).unwrap();
            prop_assert_eq!(&*message, &*parsed.message);
            prop_assert_eq!(message, entry.message.as_str());
            prop_assert_eq!(fields.is_escaped, entry.message.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\'));
            prop_assert_eq!(fields.stream, entry.stream.as_str().as_bytes());
            prop_assert_eq!(fields.timestamp, parsed.timestamp.as_bytes());
        }
    }

    #[test]
    fn garbage_is_counted_and_harms_nobody(
        garbage in prop::collection::vec("\\PC{0,30}|\\{\"seq\":[0-9]{1,3},\"service\":\"a\".{0,60}\\}", 0..6),
        asked in asked(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let garbage: Vec<String> = garbage.iter().map(|line| line.replace(['\n', '\r'], "")).collect();
        let text = garbage.iter().map(|line| line.clone() + "\n").collect::<String>();
        fs::write(dir.path().join("all.jsonl"), text).unwrap();
        let mut search = asked.search();
        (search.services, search.limit) = (Vec::new(), None);
        (search.after_seq, search.before_seq, search.since, search.until) = (None, None, None, None);
        let (shown, searched) = run(dir.path(), &search);
        prop_assert!(shown.iter().filter(|line| *line != "--").count() as u64 + searched.damaged <= garbage.len() as u64);
    }
}

#[test]
fn entries_that_others_have_written_are_read_too() {
    let dir = tempfile::tempdir().unwrap();
    let lines = [
        r#"{"timestamp": "2025-01-01T00:00:00+00:00", "seq": 1, "service": "a", "phase": "ready", "stream": "stderr", "message": "an \ud834\udd1e err\u006fr"}"#,
        r#"{"seq":2,"service":"a","phase":"ready","stream":"stdout","message":"\ud834\udd1e","timestamp":"2025-01-01T00:00:00.000Z"}"#,
        r#"{"seq":3,"service":"a","phase":"ready","stream":"stdout","message":"torn {"seq":4,"service":"a","phase":"ready","stream":"stdout","message":"error","timestamp":"2025-01-01T00:00:00.000Z"}"#,
    ];
    fs::write(dir.path().join("all.jsonl"), lines.join("\n") + "\n").unwrap();
    let search = |pattern| Search {
        pattern: Some(Pattern::new(pattern, false, false).unwrap()),
        ..Search::default()
    };
    let (shown, searched) = run(dir.path(), &search("error"));
    assert_eq!(shown, [format!("+{}", lines[0])]);
    assert_eq!(searched.damaged, 1);
    assert_eq!(run(dir.path(), &search("𝄞")).0.len(), 2);
}

#[test]
fn large_files_are_gone_through_from_both_ends() {
    let dir = tempfile::tempdir().unwrap();
    let entry = |seq: u64| Written {
        seq,
        service: "api",
        stream: Stream::Stdout,
        message: format!(
            "{seq}{}",
            "x".repeat(usize::try_from(seq % 7 * 5000).unwrap())
        ),
        time: Timestamp(START_MS),
        optional: "",
    };
    let text: String = (1..=400).map(|seq| entry(seq).json() + "\n").collect();
    fs::write(dir.path().join("all.jsonl"), text).unwrap();
    let (forwards, _) = run(dir.path(), &Search::default());
    let search = Search {
        limit: Some(400),
        ..Search::default()
    };
    let (backwards, _) = run(dir.path(), &search);
    let wanted: Vec<String> = (1..=400)
        .map(|seq| format!("+{}", entry(seq).json()))
        .collect();
    assert!(forwards == wanted);
    assert!(backwards == wanted);
}

#[test]
fn without_the_file_of_all_the_services_files_tell_everything() {
    let dir = tempfile::tempdir().unwrap();
    let line = |seq, service| Written {
        seq,
        service,
        stream: Stream::Stdout,
        message: String::new(),
        time: Timestamp(START_MS),
        optional: "",
    };
    let one = [line(1, "a").json(), line(3, "a").json()].join("\n") + "\n";
    fs::write(dir.path().join("a.jsonl"), one).unwrap();
    fs::write(dir.path().join("b.jsonl"), line(2, "b").json() + "\n").unwrap();
    let (shown, _) = run(dir.path(), &Search::default());
    let seqs: Vec<u64> = shown
        .iter()
        .map(|line| EntryLine::parse(&line[1..]).unwrap().seq)
        .collect();
    assert_eq!(seqs, [1, 2, 3]);
}

#[test]
fn a_search_that_is_ended_ends() {
    let dir = tempfile::tempdir().unwrap();
    let log: Vec<Written> = (1..9)
        .map(|seq| Written {
            seq,
            service: "api",
            stream: Stream::Stdout,
            message: "x".to_owned(),
            time: Timestamp(START_MS),
            optional: "",
        })
        .collect();
    write(dir.path(), &log, 3);
    for limit in [None, Some(5)] {
        let mut count = 0;
        let search = Search {
            limit,
            ..Search::default()
        };
        let archive = Archive::open(dir.path()).unwrap();
        archive
            .search(&search, &mut |_| {
                count += 1;
                ControlFlow::Break(())
            })
            .unwrap();
        assert_eq!(count, 1);
    }
}

/// One FIFO in the place of `all.jsonl` or of an older part broke everything, and was not named.
#[test]
fn what_is_no_file_is_named_and_the_rest_is_searched() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let entry = |seq: u64| {
        format!(
            "{{\"seq\":{seq},\"service\":\"api\",\"phase\":\"ready\",\"stream\":\"stdout\",\"message\":\"x\",\"timestamp\":\"2025-01-01T00:00:00.000Z\"}}\n"
        )
    };
    fs::write(at("api.jsonl"), entry(7)).unwrap();
    for name in ["all.jsonl", "api.1.jsonl"] {
        nix::unistd::mkfifo(&at(name), nix::sys::stat::Mode::S_IRWXU).unwrap();
    }
    let archive = Archive::open(dir.path()).unwrap();
    let mut found = 0;
    let searched = archive.search(&Search::default(), &mut |_| {
        found += 1;
        ControlFlow::Continue(())
    });
    assert_eq!(found, 1);
    let skipped = [at("all.jsonl"), at("api.1.jsonl")];
    assert_eq!(searched.unwrap().skipped, skipped);
}
