//! Files in the repository that are made by the binary are what it makes now.

use std::fs;
use std::path::Path;

use tempfile::tempdir;

use crate::harness::run;

#[test]
fn the_completions_are_those_the_binary_prints() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    for (shell, name) in [
        ("bash", "flowlayer.bash"),
        ("elvish", "flowlayer.elv"),
        ("fish", "flowlayer.fish"),
        ("powershell", "_flowlayer.ps1"),
        ("zsh", "_flowlayer"),
    ] {
        let printed = run(tempdir().unwrap().path(), ["completions", shell]);
        assert_eq!((printed.code, printed.stderr.as_str()), (Some(0), ""));
        let kept = fs::read_to_string(directory.join(name)).unwrap();
        assert!(
            printed.stdout == kept,
            "completions/{name} is out of date: flowlayer completions {shell} > completions/{name}"
        );
    }
}

#[test]
fn the_schema_is_the_one_the_binary_prints() {
    let printed = run(tempdir().unwrap().path(), ["schema"]);
    assert_eq!((printed.code, printed.stderr.as_str()), (Some(0), ""));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/flowlayer.schema.json");
    let kept = fs::read_to_string(path).unwrap();
    assert!(
        printed.stdout == kept,
        "out of date: flowlayer schema > schema/flowlayer.schema.json"
    );
}
