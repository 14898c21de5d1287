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
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
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
        Kind::Mprocs => "mprocs.yaml",
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
    assert_eq!(notes.len(), 4, "{notes:?}");
    assert!(
        notes[3].contains("\"vitest\" wants a terminal"),
        "{notes:?}"
    );
    let (config, _) = imported(
        Kind::Package,
        "package.json",
        r#"{"scripts": {"dev": "x"}}"#,
        &[("yarn.lock", "")],
    );
    assert_eq!(config["services"]["dev"]["cmd"], "yarn run dev");
}

#[test]
fn a_procfile_is_read_with_what_stands_beside_it() {
    let text = "# the web process\n# of Rails\nweb: bin/rails server -p 3000\ncss: bin/rails tailwindcss:watch\nrelease: bin/rails db:migrate -p $PORT\napi: x $PORT\n# no more\n";
    let read = |files: &[(&str, &str)]| imported(Kind::Procfile, "Procfile.dev", text, files);
    let bin_dev = (
        "bin/dev",
        "#!/bin/sh\nexport PORT=\"${PORT:-3000}\"\nexec foreman start\n",
    );
    let (config, notes) = read(&[bin_dev]);
    assert_eq!(
        notes,
        ["release: its port and its check: of a job the exit code alone counts"]
    );
    assert_eq!(
        config["services"],
        serde_json::json!({
            "web": {"cmd": "bin/rails server -p 3000", "env": {"PORT": "3000"}, "port": 3000, "ready": {"type": "tcp"}},
            "css": {"cmd": "bin/rails tailwindcss:watch", "env": {"PORT": "3100"}},
            "release": {"kind": "oneshot", "cmd": ["sh", "-c", "bin/rails db:migrate -p $PORT"], "env": {"PORT": "3200"}},
            "api": {"cmd": ["sh", "-c", "x $PORT"], "env": {"PORT": "3300"}, "port": 3300, "ready": {"type": "tcp"}},
        })
    );
    let (config, notes) = read(&[
        bin_dev,
        (".foreman", "port: 4000\nenv: a.env, .env\ntimeout: 9\n"),
        (".env", "PORT=1\nnothing\nB=1\nmore\n"),
    ]);
    assert_eq!(config["services"]["css"]["env"]["PORT"], "4100");
    assert_eq!(
        config["services"]["css"]["envFile"],
        serde_json::json!(["a.env", ".env"])
    );
    assert_eq!(notes[0], ".foreman: timeout: 9 (line 3)");
    assert!(
        notes[1].starts_with(".env (line 2): expected KEY=VALUE"),
        "{notes:?}"
    );
    assert!(
        notes[2].starts_with(".env (line 4): expected KEY=VALUE"),
        "{notes:?}"
    );
    let overmind = "OVERMIND_PORT=6000\nOVERMIND_PORT_STEP=10\nOVERMIND_CAN_DIE=css\n";
    let (config, notes) = read(&[(".overmind.env", overmind), (".env", "A=1\n")]);
    assert_eq!(config["services"]["css"]["env"]["PORT"], "6010");
    assert_eq!(
        config["services"]["css"]["envFile"],
        serde_json::json!([".overmind.env", ".env"])
    );
    assert_eq!(notes[0], "OVERMIND_CAN_DIE of .overmind.env: css");
    let directory = tempfile::tempdir().unwrap();
    let draft = super::read(Kind::Procfile, "Procfile", text, directory.path()).unwrap();
    let text = draft.render(&[]);
    assert!(
        text.contains("    // the web process\n    // of Rails\n    \"web\": {"),
        "{text}"
    );
    assert!(text.contains("    // no more\n"), "{text}");
}

#[test]
fn the_words_of_a_script_say_whether_it_lasts() {
    let text = r#"{ "scripts": {
        "dev": "turbo run dev", "dev:web": "vite --port 5173", "api": "tsx watch src/api.ts",
        "api:lint": "eslint src", "db:reset": "prisma migrate reset", "db:migrate:dev": "prisma migrate dev",
        "storybook": "storybook dev -p 6006", "release": "changeset publish"
    }}"#;
    let (config, notes) = imported(
        Kind::Package,
        "package.json",
        text,
        &[("pnpm-workspace.yaml", "packages: [a]\n")],
    );
    let services = config["services"].as_object().unwrap();
    for (name, service) in services {
        let is_job = ["api:lint", "db:reset", "db:migrate:dev", "release"].contains(&name.as_str());
        assert_eq!(service.get("kind").is_some(), is_job, "{name}");
        assert_eq!(service.get("autoStart").is_none(), name == "dev", "{name}");
    }
    assert_eq!(services["storybook"]["port"], 6006);
    assert_eq!(
        notes,
        [
            "pnpm-workspace.yaml: the scripts of its packages; import their package.json too, with --from",
            "db:reset: \"prisma migrate reset\" wants a terminal, which no service has: run it with `pnpm run db:reset`",
            "db:migrate:dev: \"prisma migrate dev\" wants a terminal, which no service has: run it with `pnpm run db:migrate:dev`",
        ]
    );
}

#[test]
fn of_many_scripts_those_that_last_are_services_and_the_rest_is_listed() {
    let mut scripts: Vec<String> = (0..28).map(|n| format!("\"lint:{n}\": \"x\"")).collect();
    scripts.extend(["\"dev\": \"x\"", "\"worker\": \"y\""].map(str::to_owned));
    let text = format!("{{\"scripts\": {{{}}}}}", scripts.join(", "));
    let (config, notes) = imported(Kind::Package, "package.json", &text, &[]);
    let services = config["services"].as_object().unwrap();
    assert_eq!(services.keys().collect::<Vec<_>>(), ["dev", "worker"]);
    let said = notes.join("\n");
    for n in 0..28 {
        assert!(said.contains(&format!("lint:{n}")), "{said}");
    }
    assert_eq!(notes.len(), 3);
}

#[test]
fn mprocs_is_carried_over() {
    let text = r#"
scrollback: 5000
procs:
  api: { shell: "npm run dev", cwd: "<CONFIG_DIR>/api", env: { PORT: "3000", DEBUG: null }, stop: SIGINT }
  db: { cmd: ["docker", "compose", "up", "db"], autostart: false }
  watch: { shell: "A=1 cargo watch -x check", autorestart: true, stop: { send-keys: ["<C-c>"] }, deps: [db] }
  short: "echo a && echo b"
  off: null
  os: { shell: { $select: os, windows: "dir", $else: "ls" } }
  list: { shell: "x", env: [A=1, B, "C=2=3"] }
"#;
    let (config, notes) = imported(Kind::Mprocs, "mprocs.yaml", text, &[]);
    assert_eq!(
        config["services"],
        serde_json::json!({
            "api": {
                "cmd": ["sh", "-c", "unset DEBUG; exec npm run dev"], "cwd": "api", "env": {"PORT": "3000"},
                "stopSignal": "SIGINT",
            },
            "db": {"cmd": ["docker", "compose", "up", "db"], "autoStart": false},
            "watch": {"cmd": "cargo watch -x check", "env": {"A": "1"}, "dependsOn": ["db"]},
            "short": {"cmd": ["sh", "-c", "echo a && echo b"]},
            "os": {"cmd": "ls"},
            "list": {"cmd": "x", "env": {"A": "1", "C": "2=3"}},
        })
    );
    assert_eq!(
        notes,
        [
            "scrollback: 5000 (line 2)",
            "off: it has no command (line 8)",
            "watch: autorestart: FlowLayer says why something ended, and restarts nothing",
            "watch: stop: send-keys: FlowLayer sends SIGTERM, then SIGKILL",
            "list: env (line 10)",
        ]
    );
}

#[test]
fn what_is_said_of_several_services_is_said_once() {
    let text = "services: {a: {image: x, restart: always}, b: {image: y, restart: always}}";
    let (_, notes) = imported(Kind::Compose, "compose.yaml", text, &[]);
    let [note] = notes.as_slice() else {
        panic!("{notes:?}")
    };
    assert!(note.starts_with("a, b: restart: always: "), "{note}");
}

#[test]
fn odd_sources_are_refused_in_one_sentence() {
    let directory = tempfile::tempdir().unwrap();
    let error = |kind, text: &str| read(kind, "x", text, directory.path()).unwrap_err();
    let refused = |kind, text: &str| error(kind, text).to_string();
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
    let broken = error(Kind::Package, "{");
    assert!(matches!(broken.reason, Reason::NotJson(_)), "{broken:?}");
    assert_eq!(refused(Kind::Package, "[]"), "it is not an object");
    let broken = error(Kind::Compose, "a: [");
    assert!(matches!(broken.reason, Reason::NotYaml(_)), "{broken:?}");
    assert!(broken.line.is_some());
}

#[test]
fn the_kind_of_a_source_follows_from_name_and_text() {
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
    assert_eq!(kind("dev.yaml", "procs: {a: x}"), Some(Kind::Mprocs));
    assert_eq!(kind("x.toml", ""), None);
}

#[test]
fn of_two_lines_of_one_name_the_later_counts_and_the_other_is_listed() {
    let text = "web: ./old\nworker: x\nweb: ./new\n";
    let (config, notes) = imported(Kind::Procfile, "Procfile", text, &[]);
    assert_eq!(config["services"]["web"]["cmd"], "./new");
    assert_eq!(notes, ["line 1, as line 3 has the same name: web: ./old"]);
}
