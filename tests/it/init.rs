//! `init`: an example that runs, and what people already have as a stack that is valid.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::harness::{Finished, Stack, free_port, run};

fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

#[track_caller]
fn init(directory: &Path, arguments: &[&str]) -> Finished {
    run(directory, [&["init"], arguments].concat())
}

#[track_caller]
fn assert_valid(directory: &Path) {
    let checked = run(directory, ["validate", "--deny-warnings"]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
}

/// The sources in `tests/it/sources`, and what comes out of each.
fn sources() -> impl Iterator<Item = std::path::PathBuf> {
    let at = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/sources");
    let mut paths: Vec<_> = fs::read_dir(at)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.into_iter()
}

#[test]
fn in_an_empty_directory_it_writes_an_example_that_boots() {
    let directory = directory(&[]);
    let written = init(directory.path(), &[]);
    assert_eq!((written.code, written.stderr.as_str()), (Some(0), ""));
    assert_eq!(
        written.stdout,
        "wrote flowlayer.jsonc: an example of two services; try `flowlayer up`\n\
         the log is kept in .flowlayer/logs: add .flowlayer/ to .gitignore\n"
    );
    assert_valid(directory.path());
    let text = fs::read_to_string(directory.path().join("flowlayer.jsonc")).unwrap();
    // The API of this test is on a port of its own.
    let server = Stack::new().file("flowlayer.jsonc", text).start().booted();
    server.wait_for_line("boot: wave 1 │ app → ready");
    let port = server.run(["port", "app"]).stdout;
    server.wait_for_line(&format!("preparing http://localhost:{}", port.trim()));
    server.wait_for_line(&format!("listening on {}", port.trim()));
    assert!(server.path().join(".flowlayer/logs").is_dir());
}

#[test]
fn files_that_no_import_is_for_are_named() {
    let directory = directory(&[
        ("Makefile", "all:\n"),
        ("Taskfile.yml", "tasks: {}\n"),
        ("docker-compose.dev.yml", "services: {db: {image: x}}"),
        ("notes.txt", ""),
    ]);
    let written = init(directory.path(), &[]);
    assert_eq!(
        written.stdout,
        "wrote flowlayer.jsonc: an example of two services; try `flowlayer up`; `--from FILE` imports \
         docker-compose.dev.yml; not read, for there is no import of them: Makefile, Taskfile.yml\n\
         the log is kept in .flowlayer/logs: add .flowlayer/ to .gitignore\n"
    );
}

#[test]
fn who_ignores_the_log_already_gets_no_advice() {
    for line in [".flowlayer/", "/.flowlayer", "**/.flowlayer/"] {
        let ignored = format!("target\n{line}\n");
        let directory = directory(&[(".gitignore", &ignored), ("sub/.keep", "")]);
        let written = init(directory.path(), &["-o", "sub/flowlayer.jsonc"]);
        assert!(!written.stdout.contains(".gitignore"), "{written:?}");
        // What is outside the work tree does not count for it.
        fs::create_dir_all(directory.path().join("sub/.git")).unwrap();
        let written = init(directory.path(), &["-o", "sub/other.jsonc"]);
        assert!(written.stdout.contains("add .flowlayer/"), "{written:?}");
    }
}

#[test]
fn services_refer_to_the_ports_of_each_other() {
    let directory = directory(&[(
        "Procfile",
        "api: serve -p 4100\nweb: serve $PORT\nworker: API=http://localhost:4100 work\n",
    )]);
    assert_eq!(init(directory.path(), &[]).code, Some(0));
    assert_valid(directory.path());
    let text = fs::read_to_string(directory.path().join("flowlayer.jsonc")).unwrap();
    let config: Value = json5::from_str(&text).unwrap();
    assert_eq!(config["session"]["bind"], "auto");
    assert_eq!(config["logs"]["dir"], ".flowlayer/logs");
    let services = &config["services"];
    let env = |service: &str| services[service]["env"].clone();
    assert_eq!(
        env("worker")["API"],
        "http://localhost:${services.api.port}"
    );
    assert_eq!(env("web")["PORT"], "${services.web.port}");
}

#[test]
fn nothing_that_is_there_is_overwritten_without_force() {
    let directory = directory(&[("flowlayer.json", "{}")]);
    let refused = init(directory.path(), &[]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    assert!(
        refused
            .stderr
            .starts_with("Error: flowlayer.json is there already: --force "),
        "{}",
        refused.stderr
    );
    assert!(!directory.path().join("flowlayer.jsonc").exists());
    assert_eq!(init(directory.path(), &["-o", "other.jsonc"]).code, Some(0));
    let refused = init(directory.path(), &["-o", "other.jsonc"]);
    assert!(
        refused
            .stderr
            .starts_with("Error: other.jsonc is there already"),
        "{}",
        refused.stderr
    );
    fs::write(directory.path().join("other.jsonc"), "old").unwrap();
    assert_eq!(
        init(directory.path(), &["-o", "other.jsonc", "--force"]).code,
        Some(0)
    );
    assert!(
        fs::read_to_string(directory.path().join("other.jsonc"))
            .unwrap()
            .len()
            > 100
    );
    // Nothing is left of the way there.
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    for odd in ["/dev/null", "."] {
        let refused = init(directory.path(), &["-o", odd, "--force"]);
        assert_eq!(refused.code, Some(1), "{odd}");
        assert!(
            refused.stderr.contains("it is not a regular file"),
            "{}",
            refused.stderr
        );
    }
    let refused = init(directory.path(), &["-o", "none/x.jsonc"]);
    assert!(
        refused
            .stderr
            .starts_with("Error: cannot write none/x.jsonc: "),
        "{}",
        refused.stderr
    );
}

#[test]
fn what_is_there_is_found_best_first() {
    let directory = directory(&[
        ("package.json", r#"{"scripts": {"dev": "x"}}"#),
        ("Procfile", "web: x\n"),
        ("compose.yaml", "services: {db: {image: x}}"),
    ]);
    let printed = init(directory.path(), &["-o", "-"]);
    assert!(printed.stdout.contains("\"web\": {"), "{}", printed.stdout);
    assert_eq!(
        printed.stderr,
        "1 service from Procfile (also here: compose.yaml, package.json; `--from FILE`, once for each, takes more than one)\n"
    );
    let both = init(
        directory.path(),
        &[
            "--from",
            "compose.yaml",
            "--from",
            "package.json",
            "--from",
            "Procfile",
        ],
    );
    assert_eq!(both.code, Some(0), "{}", both.stderr);
    let plan = run(directory.path(), ["plan"]).stdout;
    assert_eq!(plan, "services: 3\nplan:\n[0] db, dev, web\n");
    let template = init(directory.path(), &["--template", "-o", "-"]);
    assert!(
        template.stdout.contains("\"setup\": {"),
        "{}",
        template.stdout
    );
}

#[test]
fn every_source_becomes_a_valid_stack_and_says_what_is_missing() {
    let mut count = 0;
    for source in sources() {
        count += 1;
        let name = source.file_name().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&source).unwrap();
        let directory = directory(&[(name, &text)]);
        let written = init(directory.path(), &["--from", name]);
        assert_eq!(written.code, Some(0), "{name}: {}", written.stderr);
        assert!(
            written.stdout.contains(&format!(" from {name}")),
            "{}",
            written.stdout
        );
        assert!(
            written
                .stderr
                .lines()
                .all(|line| line.starts_with("not carried over: ")),
            "{}",
            written.stderr
        );
        assert!(!written.stderr.is_empty(), "{name}");
        let checked = run(directory.path(), ["validate", "--format", "json"]);
        let document: Value = serde_json::from_str(&checked.stdout).unwrap();
        // Directories of the source are not here.
        let problems = document["files"][0]["problems"].as_array().unwrap();
        let others = problems
            .iter()
            .filter(|problem| problem["code"] != "missing_cwd");
        assert_eq!(others.count(), 0, "{name}: {problems:#?}");
        let text = fs::read_to_string(directory.path().join("flowlayer.jsonc")).unwrap();
        for line in written.stderr.lines() {
            let note = line.rsplit_once(": ").unwrap().1;
            assert!(text.contains(note), "{note} is not in\n{text}");
        }
    }
    assert!(count >= 4);
}

#[test]
fn a_source_elsewhere_keeps_its_directory() {
    let directory = directory(&[("sub/Procfile", "web: ./run\n"), ("sub/.env", "A=1\n")]);
    assert_eq!(
        init(directory.path(), &["--from", "sub/Procfile"]).code,
        Some(0)
    );
    let text = fs::read_to_string(directory.path().join("flowlayer.jsonc")).unwrap();
    let config: Value = json5::from_str(&text).unwrap();
    assert_eq!(config["services"]["web"]["cwd"], "sub");
    assert_eq!(config["services"]["web"]["envFile"], "sub/.env");
    let inside = init(directory.path(), &["-o", "sub/flowlayer.jsonc"]);
    assert!(
        inside.stdout.contains("from sub/Procfile"),
        "{}",
        inside.stdout
    );
    let text = fs::read_to_string(directory.path().join("sub/flowlayer.jsonc")).unwrap();
    assert!(!text.contains("\"cwd\""), "{text}");
}

#[test]
fn an_imported_procfile_runs() {
    let directory = directory(&[
        (
            "Procfile",
            "web: echo \"web on $PORT with $A\"; exec sleep 1000\nplain: sleep 1000\n",
        ),
        (".env", "A=one\n"),
    ]);
    // Without its probe: nobody listens, so it would never be ready.
    let printed = init(directory.path(), &["-o", "-"]).stdout;
    let port = free_port();
    let text = printed
        .replace("\"port\": 5000,", &format!("\"port\": {port},"))
        .replace("\"ready\": { \"type\": \"tcp\" },", "");
    let server = Stack::new()
        .file("flowlayer.jsonc", text)
        .file(".env", "A=one\n")
        .start()
        .booted();
    server.wait_for_line(&format!("web on {port} with one"));
}

#[test]
fn what_cannot_be_imported_is_one_line() {
    let bomb = {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        text.extend((1..12).map(|level| {
            let list = vec![format!("*a{}", level - 1); 9].join(", ");
            format!("a{level}: &a{level} [{list}]\n")
        }));
        text
    };
    let deep = "[".repeat(100_000);
    let directory = directory(&[
        ("compose.yaml", "a: [1\n"),
        ("docker-compose.yml", &bomb),
        ("compose.yml", &deep),
        ("package.json", "{\"scripts\": {\u{1b}"),
        ("Procfile", ""),
        ("notes.txt", "x"),
        (
            "process-compose.yaml",
            "processes: {a: {command: x}}\n---\nb: 1\n",
        ),
    ]);
    fs::write(directory.path().join("Procfile.bad"), b"web: \xff\n").unwrap();
    for (name, why) in [
        ("compose.yaml", "cannot import compose.yaml: line "),
        ("docker-compose.yml", "too large with its aliases replaced"),
        ("compose.yml", "cannot import compose.yml: "),
        ("package.json", "not JSON: "),
        (
            "Procfile",
            "there is nothing to carry over: no line of the form `name: command`; `flowlayer init --template` writes an example",
        ),
        ("notes.txt", "its name says that it is none of Procfile, "),
        (
            "process-compose.yaml",
            "there is more than one YAML document",
        ),
        ("Procfile.bad", "it is not UTF-8"),
        ("none.yaml", "there is no such file"),
        (".", "it is a directory"),
    ] {
        let refused = init(directory.path(), &["--from", name]);
        assert_eq!(
            (refused.code, refused.stdout.as_str()),
            (Some(2), ""),
            "{name}"
        );
        assert!(refused.stderr.contains(why), "{name}: {}", refused.stderr);
        assert_eq!(
            refused.stderr.lines().count(),
            1,
            "{name}: {}",
            refused.stderr
        );
        assert!(!refused.stderr.contains('\u{1b}'));
        assert!(!directory.path().join("flowlayer.jsonc").exists());
    }
}

#[test]
fn a_config_elsewhere_reaches_its_source_from_there() {
    let directory = directory(&[
        ("compose.yaml", "services: {db: {image: x}}"),
        ("sub/deep/.keep", ""),
        ("other/Procfile", "web: x\n"),
    ]);
    for (output, source, cwd) in [
        ("sub/x.jsonc", "compose.yaml", ".."),
        ("sub/deep/x.jsonc", "compose.yaml", "../.."),
        ("sub/y.jsonc", "other/Procfile", "../other"),
    ] {
        let written = init(directory.path(), &["-o", output, "--from", source]);
        assert_eq!(written.code, Some(0), "{}", written.stderr);
        let text = fs::read_to_string(directory.path().join(output)).unwrap();
        let config: Value = json5::from_str(&text).unwrap();
        let services = config["services"].as_object().unwrap();
        assert!(
            services.values().all(|service| service["cwd"] == cwd),
            "{text}"
        );
    }
}

#[test]
fn a_link_to_nothing_is_left_alone() {
    let directory = directory(&[]);
    let link = directory.path().join("flowlayer.jsonc");
    std::os::unix::fs::symlink("gone.jsonc", &link).unwrap();
    let refused = init(directory.path(), &["--force"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""));
    assert_eq!(
        refused.stderr,
        "Error: cannot write flowlayer.jsonc: it is a symbolic link to a file that is not there: remove the link, or name another file with --output\n"
    );
    assert!(link.is_symlink() && !link.exists());
}
