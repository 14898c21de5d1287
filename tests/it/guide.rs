//! `docs/guide.md` and `docs/history.md`: every command of them, in order, in one directory, prints what it shows.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::harness::{Child, Here, binary, skipped, through};

#[test]
fn every_command_of_the_guide_does_what_it_shows() {
    if Command::new("python3").arg("--version").output().is_err() {
        skipped("the commands of docs/guide.md", "python3 not found");
        return;
    }
    does_what_it_shows("docs/guide.md", 26);
}

/// On a stack that fails on its second run.
#[test]
fn the_history_answers_its_three_questions() {
    does_what_it_shows("docs/history.md", 10);
}

/// Runs the commands of a page, of which there are so many at least.
fn does_what_it_shows(page: &str, at_least: usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = Here::with(&json!({}));
    fs::remove_file(guide.path().join("flowlayer.jsonc")).unwrap();
    let shop = guide.path().join("shop");
    fs::create_dir(&shop).unwrap();
    let mut make = Command::new("awk");
    make.current_dir(root).args(["-f", "tests/guide.awk", page]);
    let script = Child::spawn(make).finish();
    assert_eq!((script.code, script.stderr.as_str()), (Some(0), ""));
    let commands = script.stdout.matches("\ncommand=").count();
    assert!(
        commands >= at_least,
        "{commands} commands: {}",
        script.stdout
    );
    fs::write(guide.path().join("script"), &script.stdout).unwrap();

    let mut run = through(&["sh", "../script"], &guide.command(&[]));
    let binaries = binary().parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    run.current_dir(&shop)
        .env("PATH", format!("{}:{path}", binaries.display()))
        .env("HOME", guide.path());
    let finished = Child::spawn(run).finish();
    assert_eq!(
        (
            finished.code,
            finished.stdout.as_str(),
            finished.stderr.as_str()
        ),
        (Some(0), "", "")
    );
}
