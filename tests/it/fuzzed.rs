//! The bodies of the fuzz targets, with their seeds and what they have found, and with what proptest makes of
//! those: every run of the tests fuzzes a little.

#[path = "../../fuzz/src/bodies.rs"]
#[allow(unreachable_pub, reason = "it is a module of the fuzz targets' crate")]
mod bodies;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

/// The seeds of a target.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let mut paths: Vec<_> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// A change of some bytes.
#[derive(Debug, Clone)]
enum Change {
    Cut(Index, Index),
    Put(Index, Vec<u8>),
    Double(Index, Index),
    Set(Index, u8),
}

fn changes() -> impl Strategy<Value = Change> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..8),
        ".{0,6}".prop_map(String::into_bytes),
        prop::sample::select(vec![
            "\u{1b}[", "\"", "{", "}", "\\u", "\r", "\n", "//", "\u{9b}", "0"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    prop_oneof![
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Cut(from, to)),
        (any::<Index>(), bytes).prop_map(|(at, bytes)| Change::Put(at, bytes)),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Double(from, to)),
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: Vec<Change>) -> Vec<u8> {
    for change in changes {
        let place = |index: &Index| index.index(bytes.len() + 1);
        let range = |from: &Index, to: &Index| {
            let (from, to) = (place(from), place(to));
            from.min(to)..from.max(to)
        };
        match change {
            Change::Cut(from, to) => drop(bytes.drain(range(&from, &to))),
            Change::Put(at, new) => {
                let at = place(&at);
                bytes.splice(at..at, new);
            }
            Change::Double(from, to) => {
                let range = range(&from, &to);
                let (at, again) = (range.end, bytes[range].to_vec());
                bytes.splice(at..at, again);
            }
            Change::Set(at, byte) => {
                if let Some(place) = bytes.len().checked_sub(1).map(|_| at.index(bytes.len())) {
                    bytes[place] = byte;
                }
            }
        }
    }
    bytes
}

#[track_caller]
fn fuzz(target: &str) {
    let (_, body) = bodies::TARGETS
        .into_iter()
        .find(|(name, _)| *name == target)
        .unwrap();
    let seeds = seeds(target);
    for seed in &seeds {
        body(seed);
    }
    let start = prop_oneof![
        4 => prop::sample::select(seeds),
        1 => prop::collection::vec(any::<u8>(), 0..200),
    ];
    let bytes = (start, prop::collection::vec(changes(), 0..6))
        .prop_map(|(start, changes)| changed(start, changes));
    // Failures are kept as seeds rather than in a file of proptest's.
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let run = runner.run(&bytes, |bytes| {
        body(&bytes);
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
}

#[test]
fn config() {
    fuzz("config");
}

#[test]
fn envelope() {
    fuzz("envelope");
}

#[test]
fn lines() {
    fuzz("lines");
    // Too long for a seed: lines that are cut, with a character and a `\r` across the cut.
    for extra in 0..8 {
        let line = ["y".repeat(65_530 + extra), "é\r\nz".repeat(3)].concat();
        for reads in [0, 250] {
            bodies::lines(&[&[reads], line.as_bytes(), b"\xff", line.as_bytes()].concat());
        }
    }
}

#[test]
fn journal() {
    fuzz("journal");
}

#[test]
fn ansi_filter() {
    fuzz("ansi");
}

/// Each target of the fuzzer is one of ours, and has seeds.
#[test]
fn every_target_is_there() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let mut files: Vec<String> = fs::read_dir(manifest.join("fuzz_targets"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    let mut names = bodies::TARGETS.map(|(name, _)| name.to_owned());
    names.sort();
    assert_eq!(files, names);
    for name in &names {
        assert!(!seeds(name).is_empty(), "{name} has no seeds");
    }
}
