//! Every kind of source, from its text to a config that is valid.

mod compose;
mod process_compose;
mod properties;

use serde_json::Value;

use super::*;
use crate::config::{self, Origin, Problem};

/// The config that comes out, as JSON, with its notes. It has to be valid.
#[track_caller]
fn imported(kind: Kind, name: &str, text: &str, files: &[(&str, &str)]) -> (Value, Vec<String>) {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    let draft = read(kind, name, text, directory.path()).unwrap();
    let notes: Vec<String> = draft.notes().collect();
    let text = draft.render(&[name.to_owned()]);
    assert_valid(&text);
    // Each note is a comment too.
    for note in &notes {
        let note = note
            .split_once(": ")
            .map_or(note.as_str(), |(_, note)| note);
        assert!(text.contains(note), "{note} is not in\n{text}");
    }
    (json5::from_str(&text).unwrap(), notes)
}

#[track_caller]
fn assert_valid(text: &str) {
    let report = config::check(text.to_owned().into_bytes(), Origin::stdin());
    let errors: Vec<&Problem> = report.problems.iter().filter(|p| p.is_error()).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{text}");
}

#[track_caller]
fn services(kind: Kind, text: &str) -> Value {
    let name = match kind {
        Kind::Compose => "compose.yaml",
        Kind::ProcessCompose => "process-compose.yaml",
        Kind::Procfile => "Procfile",
        Kind::Package => "package.json",
    };
    imported(kind, name, text, &[]).0["services"].clone()
}

#[test]
fn a_procfile_becomes_daemons_with_their_ports() {
    let text = "# comment\nweb: bundle exec puma -p $PORT\nworker: A=1 sidekiq -q 'low prio'\n\nbroken line\n";
    let (config, notes) = imported(
        Kind::Procfile,
        "Procfile",
        text,
        &[(".env", "PORT=3000\nX=y\n")],
    );
    assert_eq!(
        config["services"],
        serde_json::json!({
            "web": {
                "cmd": ["sh", "-c", "bundle exec puma -p $PORT"], "envFile": ".env",
                "env": {"PORT": "3000"}, "port": 3000, "ready": {"type": "tcp"},
            },
            "worker": {
                "cmd": ["sidekiq", "-q", "low prio"], "envFile": ".env",
                "env": {"PORT": "3100", "A": "1"},
            },
        })
    );
    assert_eq!(notes, ["line 5, which is not `name: command`: broken line"]);
    assert_eq!(
        services(Kind::Procfile, "web: PORT=80 x")["web"]["port"],
        80
    );
}

#[test]
fn scripts_of_a_package_keep_running_or_wait_to_be_asked() {
    let text = r#"{"packageManager": "pnpm@9", "scripts": {
        "dev": "next dev --port 3000", "build": "next build", "prebuild": "x", "start": "next start",
        "test:watch": "vitest", "postinstall": "husky", "odd": 5, "two words": "x"
    }}"#;
    let (config, notes) = imported(Kind::Package, "package.json", text, &[]);
    assert_eq!(
        config["services"],
        serde_json::json!({
            "dev": {"cmd": "pnpm run dev", "port": 3000, "ready": {"type": "tcp"}},
            "build": {"cmd": "pnpm run build", "kind": "oneshot", "autoStart": false},
            "start": {"cmd": "pnpm run start", "autoStart": false},
            "test:watch": {"cmd": "pnpm run test:watch", "autoStart": false},
            "two words": {"cmd": ["pnpm", "run", "two words"], "kind": "oneshot", "autoStart": false},
        })
    );
    assert_eq!(notes.len(), 3, "{notes:?}");
    let (config, _) = imported(
        Kind::Package,
        "package.json",
        r#"{"scripts": {"dev": "x"}}"#,
        &[("yarn.lock", "")],
    );
    assert_eq!(config["services"]["dev"]["cmd"], "yarn run dev");
}

#[test]
fn odd_sources_are_refused_in_one_sentence() {
    let directory = tempfile::tempdir().unwrap();
    let refused = |kind, text: &str| {
        read(kind, "x", text, directory.path())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(Kind::Procfile, ""),
        "there is nothing to carry over: no line of the form `name: command`; `flowlayer init --template` writes an example to start from"
    );
    assert_eq!(
        refused(Kind::Compose, "a: 1"),
        "there is nothing to carry over: no services; `flowlayer init --template` writes an example to start from"
    );
    assert_eq!(
        refused(Kind::ProcessCompose, "processes: [1, 2]"),
        "there is nothing to carry over: no processes; `flowlayer init --template` writes an example to start from"
    );
    let many: Vec<String> = (0..10_001).map(|n| format!("p{n}: x\n")).collect();
    assert_eq!(
        refused(Kind::Procfile, &many.concat()),
        "10001 services; at most 10000 can be carried over"
    );
    assert!(refused(Kind::Package, "{").starts_with("not JSON: "));
    assert_eq!(refused(Kind::Package, "[]"), "it is not an object");
    assert!(refused(Kind::Compose, "a: [").starts_with("line "));
}

#[test]
fn sources_are_told_by_name_and_text() {
    let kind = |name: &str, text: &str| kind_of(Path::new(name), text);
    assert_eq!(kind("a/Procfile.dev", ""), Some(Kind::Procfile));
    assert_eq!(
        kind("docker-compose.prod.yml", "services: {}"),
        Some(Kind::Compose)
    );
    assert_eq!(
        kind("pc.yaml", "processes: {a: {}}"),
        Some(Kind::ProcessCompose)
    );
    assert_eq!(kind("package.json", ""), Some(Kind::Package));
    assert_eq!(kind("x.toml", ""), None);
}

#[test]
fn of_two_lines_of_one_name_the_later_counts_and_the_other_is_listed() {
    let text = "web: ./old\nworker: x\nweb: ./new\n";
    let (config, notes) = imported(Kind::Procfile, "Procfile", text, &[]);
    assert_eq!(config["services"]["web"]["cmd"], "./new");
    assert_eq!(notes, ["line 1, as line 3 has the same name: web: ./old"]);
}
