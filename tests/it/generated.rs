//! Files in the repository that are made by the binary are what it makes now.

use std::fs;
use std::path::Path;
use std::process::Command;

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

/// Every subcommand that the help shows has its page, and a formatter has nothing against any.
#[test]
fn every_subcommand_has_a_manual_page() {
    let directory = tempdir().unwrap();
    let at = directory.path().join("deep/man1");
    let written = run(directory.path(), ["man".as_ref(), at.as_os_str()]);
    assert_eq!((written.code, written.stderr.as_str()), (Some(0), ""));
    let help = run(directory.path(), ["help"]).stdout;
    let commands = help.split("Commands:\n").nth(1).unwrap();
    let names: Vec<&str> = commands
        .lines()
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.contains(&"serve"), "{help}");
    for name in &names {
        let page = fs::read_to_string(at.join(format!("flowlayer-{name}.1"))).unwrap();
        assert!(
            page.contains(".SH SYNOPSIS") && page.contains("EXIT STATUS"),
            "{page}"
        );
    }
    let count = fs::read_dir(&at).unwrap().count();
    // The whole, and the two names of its own.
    assert_eq!(count, names.len() + 3);
    let schema = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/flowlayer.schema.json"),
    );
    let schema: serde_json::Value = serde_json::from_str(&schema.unwrap()).unwrap();
    let config = fs::read_to_string(at.with_file_name("man5/flowlayer.jsonc.5")).unwrap();
    for field in schema["$defs"]["Service"]["properties"]
        .as_object()
        .unwrap()
        .keys()
    {
        let field = format!("\\fBservices.NAME.{field}\\fR");
        assert!(config.contains(&field), "{field}: {config}");
    }
    for field in ["session.bind", "logs.dir", "services.NAME.ready.timeoutMs"] {
        assert!(
            config.contains(&format!("\\fB{field}\\fR")),
            "{field}: {config}"
        );
    }
    let mandoc = Command::new("mandoc").arg("-V").output().is_ok();
    let man5 = at.with_file_name("man5");
    let pages = [&at, &man5].map(|directory| fs::read_dir(directory).unwrap());
    for page in pages.into_iter().flatten().filter(|_| mandoc) {
        let page = page.unwrap().path();
        let mut lint = Command::new("mandoc");
        // `.so` is relative to the directory above.
        lint.current_dir(at.parent().unwrap());
        lint.args(["-T", "lint", "-W", "error"]).arg(&page);
        let output = lint.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(
            (output.status.code(), said.as_str()),
            (Some(0), ""),
            "{}",
            page.display()
        );
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_said() {
    let directory = tempdir().unwrap();
    fs::write(directory.path().join("file"), "").unwrap();
    let failed = run(directory.path(), ["man", "file/man1"]);
    assert_eq!(failed.code, Some(1));
    assert!(
        failed.stderr.starts_with("Error: cannot write file/man1: "),
        "{}",
        failed.stderr
    );
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
