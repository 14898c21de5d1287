//! The log files of a stack, as entries.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

/// The entries of all files in a directory by the name of the file, the older half first. Fails when a line
/// is no entry, or a file does not grow in `seq`. The records are only checked, by their `number`.
#[track_caller]
pub(crate) fn entries_of(directory: &Path) -> BTreeMap<String, Vec<Value>> {
    let mut files: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut paths: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "jsonl")
        })
        .collect();
    // `api.1.jsonl` before `api.jsonl`.
    paths.sort();
    for path in paths {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let name = stem.strip_suffix(".1").unwrap_or(stem).to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let path = path.display();
        assert!(
            text.is_empty() || text.ends_with('\n'),
            "{path} ends in the middle of a line"
        );
        let number = if name == "@events" { "number" } else { "seq" };
        let entries = files.entry(name).or_default();
        for line in text.lines() {
            let entry: Value = serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{path}: {error}: {line:?}"));
            let seq = entry[number].as_u64().unwrap();
            let last = entries
                .last()
                .map_or(0, |last| last[number].as_u64().unwrap());
            assert!(last < seq, "{path}: {last}, then {seq}");
            entries.push(entry);
        }
    }
    files.remove("@events");
    files
}
