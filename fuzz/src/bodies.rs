//! What every fuzz target does with its bytes. The bodies stand here once: the targets feed them what the
//! fuzzer finds, `tests/it/fuzzed.rs` feeds them the seeds and what proptest makes up.
//!
//! Each takes any bytes at all, and panics when a promise is broken.

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;

use flowlayer_core::config::{self, Origin, Problem};
use flowlayer_core::logs::lines::{Lines, MAX_LINE, Splitter};
use flowlayer_core::logs::{Archive, EntryLine, Search};
use flowlayer_core::protocol::{Command, Incoming, parse};
use flowlayer_core::sanitize::append_safe;

/// The body of a target.
pub type Body = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Body); 5] = [
    ("config", config),
    ("envelope", envelope),
    ("lines", lines),
    ("journal", journal),
    ("ansi", ansi),
];

/// The bytes of a config: either it can be used or it is told why not, at places that exist.
pub fn config(bytes: &[u8]) {
    let origin = Origin {
        name: "fuzzed".to_owned(),
        dir: PathBuf::from("/nonexistent"),
        path: "/nowhere/flowlayer.jsonc".into(),
    };
    let report = config::check(bytes.to_vec(), origin);
    let has_error = report.problems.iter().any(Problem::is_error);
    assert_eq!(report.meant.is_none(), has_error);
    let text = &report.source.text;
    for problem in &report.problems {
        assert!(text.get(problem.span.clone()).is_some(), "{problem:?}");
        assert!(!problem.message.is_empty());
    }
    let Some((config, plan)) = report.meant else {
        return;
    };
    let mut placed = BTreeSet::new();
    for wave in &plan.waves {
        for &service in wave {
            let service = &config.services[service];
            assert!(
                service
                    .depends_on
                    .iter()
                    .all(|needed| placed.contains(needed))
            );
        }
        placed.extend(wave.iter().copied());
    }
    assert_eq!(placed.len(), config.services.len());
}

/// A message of a client, and the same as one of a server.
pub fn envelope(bytes: &[u8]) {
    match parse(bytes) {
        Ok(command) => {
            for word in [&command.id, &command.name] {
                assert!(!word.is_empty() && word.trim() == word);
            }
            let _ = Command::interpret(&command.name, command.payload.as_ref());
        }
        Err(refused) => {
            assert!(refused.id.is_none_or(|id| !id.trim().is_empty()));
            assert!(!refused.fault.to_string().is_empty());
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Incoming::parse(text);
    }
}

/// The first byte says how large the reads are, the rest is what they bring: the lines are the same as of one
/// large read.
pub fn lines(bytes: &[u8]) {
    let Some((&size, bytes)) = bytes.split_first() else {
        return;
    };
    let whole = split([bytes]);
    let pieces = split(bytes.chunks(usize::from(size) + 1));
    assert_eq!(whole, pieces);
    for (line, _) in &whole {
        assert!(line.len() <= MAX_LINE && !line.contains('\n'));
    }
    let lasts = whole.iter().filter(|(_, partial)| !partial).count();
    let ends = bytes.split(|&byte| byte == b'\n').count() - 1;
    assert_eq!(
        lasts,
        ends + usize::from(!bytes.is_empty() && !bytes.ends_with(b"\n"))
    );
}

fn split<'a>(reads: impl IntoIterator<Item = &'a [u8]>) -> Vec<(String, bool)> {
    let mut splitter = Splitter::default();
    let mut all = Vec::new();
    let mut emit = |lines: Lines| {
        all.extend((0..lines.count()).map(|at| {
            let (line, partial) = lines.get(at);
            (line.to_owned(), partial)
        }));
    };
    for read in reads {
        splitter.push(read, &mut emit);
    }
    splitter.finish(&mut emit);
    all
}

/// The bytes of a log file: whatever they are, they are read to their end, and what is read are entries in
/// their order.
pub fn journal(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        for line in text.lines() {
            let value = serde_json::from_str::<serde_json::Value>(line);
            if let (Some(entry), Ok(value)) = (EntryLine::parse(line), value) {
                assert_eq!(value["seq"], entry.seq);
                assert_eq!(value["message"], *entry.message);
            }
        }
    }
    let directory = tempfile::tempdir().expect("a place for a file");
    fs::write(directory.path().join("all.jsonl"), bytes).expect("a place for a file");
    let archive = Archive::open(directory.path()).expect("it is there");
    archive.services().expect("a directory can be read");
    for limit in [None, Some(10)] {
        let search = Search {
            limit,
            ..Search::default()
        };
        let searched = archive.search(&search, &mut |_| ControlFlow::Continue(()));
        searched.expect("a file can be read");
    }
}

/// A line of a service on its way to the terminal: what is left has no control characters but tabs and, where
/// they are allowed, colours; and filtering it again changes nothing.
pub fn ansi(bytes: &[u8]) {
    let line = String::from_utf8_lossy(bytes).replace('\n', " ");
    let plain = filtered(&line, false);
    assert!(
        plain.chars().all(|c| c == '\t' || !c.is_control()),
        "{plain:?}"
    );
    assert_eq!(filtered(&plain, false), plain);
    let colored = filtered(&line, true);
    let mut rest = colored.as_str();
    while let Some(at) = rest.find(|c: char| c.is_control() && c != '\t') {
        let sequence = rest[at..]
            .strip_prefix("\u{1b}[")
            .expect("only colours pass");
        let end = sequence
            .find(|c: char| !matches!(c, '0'..='9' | ';' | ':'))
            .expect("a sequence ends");
        assert_eq!(&sequence[end..=end], "m");
        rest = &sequence[end + 1..];
    }
}

fn filtered(line: &str, colored: bool) -> String {
    let mut out = String::new();
    append_safe(&mut out, line, colored);
    out
}
