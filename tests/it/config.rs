//! `validate` and `plan` as people, editors and CI use them (docs/cli.md, validate;
//! docs/cli.md, plan).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use crate::harness::{Child, Finished, flowlayer, run};

const GOOD: &str = r#"{
  "services": {
    "users": { "cmd": "x", "dependsOn": ["billing"] },
    "ping": { "cmd": "x" }, // the last one
    "billing": { "cmd": "x" },
  },
}"#;

/// A directory with this configuration in it.
fn directory(config: &str) -> TempDir {
    let directory = tempdir().unwrap();
    fs::write(directory.path().join("flowlayer.jsonc"), config).unwrap();
    directory
}

/// Code, standard output and standard error of `flowlayer` with these arguments beside a config.
fn with_config(config: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let Finished {
        code,
        stdout,
        stderr,
        ..
    } = run(directory(config).path(), arguments);
    (code, stdout, stderr)
}

/// The problems that `validate --format json` tells of its only file.
fn problems(finished: &Finished) -> Vec<Value> {
    let document: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(document["files"].as_array().unwrap().len(), 1);
    document["files"][0]["problems"].as_array().unwrap().clone()
}

#[test]
fn a_valid_config_is_said_to_be_valid() {
    let (code, stdout, stderr) = with_config(GOOD, &["validate"]);
    assert_eq!(stdout, "flowlayer.jsonc: valid, 3 services in 2 waves\n");
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
}

#[test]
fn every_problem_is_told_with_its_place_on_standard_error() {
    let bad = GOOD
        .replace("dependsOn", "dependOn")
        .replace("\"ping\": { \"cmd\"", "\"ping\": { \"cdm\"");
    let (code, stdout, stderr) = with_config(&bad, &["validate"]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert_eq!(
        stderr,
        r#"error[unknown_field]: services.users.dependOn: unknown field "dependOn"
 --> flowlayer.jsonc:3:28
  |
3 |     "users": { "cmd": "x", "dependOn": ["billing"] },
  |                            ^^^^^^^^^^
  |
  = help: did you mean "dependsOn"?

error[missing_field]: services.ping: `cmd` is required here
 --> flowlayer.jsonc:4:5
  |
4 |     "ping": { "cdm": "x" }, // the last one
  |     ^^^^^^

error[unknown_field]: services.ping.cdm: unknown field "cdm"
 --> flowlayer.jsonc:4:15
  |
4 |     "ping": { "cdm": "x" }, // the last one
  |               ^^^^^
  |
  = help: did you mean "cmd"?

flowlayer.jsonc: 3 errors
"#
    );
}

#[test]
fn json_has_the_documented_fields_sorted_by_place() {
    let directory = directory("{\"services\": {\"a\": {\"cmd\": \"\",\n \"x\": 1}}}");
    let finished = run(directory.path(), ["validate", "--format", "json"]);
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(1), ""));
    let document: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(
        document,
        json!({"files": [{"path": "flowlayer.jsonc", "problems": [
            {
                "severity": "error", "code": "empty_command", "path": "services.a.cmd",
                "message": "the command is empty",
                "help": "name a program: [\"sh\", \"-c\", \"…\"] to run a shell",
                "line": 1, "column": 28,
            },
            {
                "severity": "error", "code": "unknown_field", "path": "services.a.x",
                "message": "unknown field \"x\"",
                "help": "known fields: cmd, stopCmd, kind, port, ready, url, dependsOn, groups, env, envFile and 9 more",
                "line": 2, "column": 2,
            },
        ]}]})
    );
}

#[test]
fn github_gets_one_workflow_command_a_problem() {
    let (code, stdout, stderr) = with_config(
        "{\"services\": {}, \"x\": 1}",
        &["validate", "--format", "github"],
    );
    assert_eq!((code, stderr.as_str()), (Some(1), ""));
    assert_eq!(
        stdout,
        "::warning file=flowlayer.jsonc,line=1,col=14,title=empty_services::services: there are no \
         services%0Ahelp: add a service: \"web\": { \"cmd\": \"…\" }\n\
         ::error file=flowlayer.jsonc,line=1,col=18,title=unknown_field::x: unknown field \"x\"\
         %0Ahelp: known fields: $schema, session, logs, logView, services\n"
    );
}

/// Annotations are shown at paths relative to the workspace, wherever in it the check runs.
#[test]
fn github_gets_paths_relative_to_its_workspace() {
    let workspace = tempdir().unwrap();
    let sub = workspace.path().join("sub,dir");
    fs::create_dir(&sub).unwrap();
    fs::write(sub.join("bad.jsonc"), "{}").unwrap();
    let elsewhere = directory("{}");
    let outside = elsewhere.path().join("flowlayer.jsonc");
    let annotated = |path: &Path| {
        let mut command = flowlayer();
        command
            .current_dir(&sub)
            .env("GITHUB_WORKSPACE", workspace.path())
            .args(["validate", "--format", "github"])
            .arg(path);
        Child::spawn(command).finish().stdout
    };
    let line = "::error file=sub%2Cdir/bad.jsonc,line=1,col=1,title=missing_field::";
    for path in [
        Path::new("bad.jsonc"),
        &sub.join("bad.jsonc"),
        Path::new("../sub,dir/bad.jsonc"),
    ] {
        assert!(annotated(path).starts_with(line), "{}", annotated(path));
    }
    let line = format!("::error file={},line=1,", outside.display());
    assert!(
        annotated(&outside).starts_with(&line),
        "{}",
        annotated(&outside)
    );
    assert!(annotated(Path::new("none")).starts_with("::error file=none,title=unreadable::"));
}

#[test]
fn warnings_fail_only_when_they_are_denied() {
    let warned = "{\"services\": {}}";
    let (code, stdout, stderr) = with_config(warned, &["validate"]);
    assert_eq!(code, Some(0));
    assert_eq!(stdout, "flowlayer.jsonc: valid, 0 services in 0 waves\n");
    assert!(stderr.starts_with("warning[empty_services]: "), "{stderr}");
    let (code, ..) = with_config(warned, &["validate", "--deny-warnings"]);
    assert_eq!(code, Some(1));
    let (code, ..) = with_config(GOOD, &["validate", "--deny-warnings"]);
    assert_eq!(code, Some(0));
}

#[test]
fn several_files_are_all_checked_and_the_worst_counts() {
    let directory = directory(GOOD);
    fs::write(directory.path().join("bad.jsonc"), "{}").unwrap();
    let validate = |paths: &[&str]| {
        let arguments = [&["validate", "--format", "json"], paths].concat();
        let finished = run(directory.path(), arguments);
        let document: Value = serde_json::from_str(&finished.stdout).unwrap();
        let files = document["files"].as_array().unwrap();
        let codes: Vec<_> = files
            .iter()
            .map(|file| {
                file["problems"][0]["code"]
                    .as_str()
                    .unwrap_or("")
                    .to_owned()
            })
            .collect();
        (finished.code, codes)
    };
    let codes = |codes: &[&str]| {
        codes
            .iter()
            .map(|&code| code.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(validate(&["flowlayer.jsonc"]), (Some(0), codes(&[""])));
    assert_eq!(
        validate(&["bad.jsonc", "flowlayer.jsonc"]),
        (Some(1), codes(&["missing_field", ""]))
    );
    assert_eq!(
        validate(&["bad.jsonc", "none.jsonc", "flowlayer.jsonc"]),
        (Some(2), codes(&["missing_field", "unreadable", ""]))
    );
}

#[test]
fn a_dash_is_standard_input() {
    let validate = |text: &str| {
        let mut command = flowlayer();
        command.args(["validate", "-"]);
        let mut child = Child::spawn(command);
        child.feed(text.as_bytes());
        child.finish()
    };
    let good = validate(GOOD);
    assert_eq!(good.stdout, "<stdin>: valid, 3 services in 2 waves\n");
    assert_eq!(good.code, Some(0));
    let bad = validate("{\"services\": 5}");
    assert!(bad.stderr.contains(" --> <stdin>:1:14\n"), "{}", bad.stderr);
    assert_eq!(bad.code, Some(1));
}

#[test]
fn what_cannot_be_read_is_one_line_and_exit_2() {
    let directory = directory(GOOD);
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("dir")).unwrap();
    fs::File::create(at("large"))
        .unwrap()
        .set_len(50 << 20)
        .unwrap();
    nix::unistd::mkfifo(&at("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    fs::write(at("denied"), GOOD).unwrap();
    fs::set_permissions(at("denied"), fs::Permissions::from_mode(0o000)).unwrap();
    let mut cases = vec![
        ("none", "there is no such file"),
        ("dir", "it is a directory; name the file in it"),
        ("large", "it is larger than 8 MiB"),
        (
            "fifo",
            "it is not a regular file; `validate -` reads standard input",
        ),
        (
            "/dev/zero",
            "it is not a regular file; `validate -` reads standard input",
        ),
    ];
    // Nothing is denied to root.
    if !nix::unistd::geteuid().is_root() {
        cases.push(("denied", "permission denied"));
    }
    for (path, why) in cases {
        for command in ["validate", "plan"] {
            let finished = run(directory.path(), [command, path]);
            let message = format!("Error: cannot read {path}: {why}\n");
            assert_eq!((finished.stdout.as_str(), finished.stderr), ("", message));
            assert_eq!(finished.code, Some(2));
        }
    }
}

#[test]
fn hostile_files_get_one_clear_error() {
    let directory = tempdir().unwrap();
    let validate = |bytes: &[u8]| {
        fs::write(directory.path().join("hostile"), bytes).unwrap();
        let finished = run(
            directory.path(),
            ["validate", "--format", "json", "hostile"],
        );
        assert_eq!(finished.code, Some(1));
        let problems = problems(&finished);
        let place = |problem: &Value| {
            let (line, column) = (&problem["line"], &problem["column"]);
            format!("{line}:{column} {}", problem["code"].as_str().unwrap())
        };
        problems.iter().map(place).collect::<Vec<_>>()
    };
    assert_eq!(validate(b""), ["1:1 syntax"]);
    assert_eq!(validate(&[0; 4096]), ["1:1 syntax"]);
    assert_eq!(validate("[".repeat(100_000).as_bytes()), ["1:33 too_deep"]);
    assert_eq!(validate(b"{\"a\": 1\n\xff}"), ["2:1 invalid_utf8"]);
    assert_eq!(validate(&vec![b' '; 8 << 20]), ["1:8388609 syntax"]);
}

#[test]
fn the_plan_is_text_json_dot_or_mermaid() {
    let plan = |format: &str| {
        let (code, stdout, stderr) = with_config(GOOD, &["plan", "--format", format]);
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        stdout
    };
    assert_eq!(
        plan("text"),
        "services: 3\nplan:\n[0] billing, ping\n[1] users\n"
    );
    assert_eq!(with_config(GOOD, &["plan"]).1, plan("text"));
    assert_eq!(
        plan("json"),
        "{\"services\":3,\"waves\":[[\"billing\",\"ping\"],[\"users\"]],\"edges\":[[\"users\",\"billing\"]]}\n"
    );
    assert!(plan("dot").starts_with("digraph flowlayer {\n"));
    assert!(plan("mermaid").starts_with("flowchart "));
}

#[test]
fn a_bad_config_has_no_plan() {
    let cycle = r#"{"services": {
      "c": {"cmd": "x", "dependsOn": ["a"]},
      "a": {"cmd": "x", "dependsOn": ["b"]},
      "b": {"cmd": "x", "dependsOn": ["c"]}
    }}"#;
    let (code, stdout, stderr) = with_config(cycle, &["plan"]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(
        stderr.contains("dependency cycle detected among services: a -> b -> c -> a"),
        "{stderr}"
    );
    for line in [2, 3, 4] {
        assert!(
            stderr.contains(&format!("flowlayer.jsonc:{line}:")),
            "{stderr}"
        );
    }
}

#[test]
fn a_chain_of_ten_thousand_is_planned() {
    let services: Vec<String> = (0..10_000)
        .map(|n| match n {
            0 => "\"s0\": {\"cmd\": \"x\"}".to_owned(),
            n => format!(
                "\"s{n}\": {{\"cmd\": \"x\", \"dependsOn\": [\"s{}\"]}}",
                n - 1
            ),
        })
        .collect();
    let config = format!("{{\"services\": {{{}}}}}", services.join(",\n"));
    let (code, stdout, _) = with_config(&config, &["plan"]);
    assert_eq!(code, Some(0));
    assert_eq!(stdout.lines().count(), 10_002);
    assert!(stdout.ends_with("[9999] s9999\n"));
}

#[test]
fn the_documented_configurations_and_all_examples_are_valid() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut seen = 0;
    for directory in fs::read_dir(examples).unwrap() {
        let Ok(files) = fs::read_dir(directory.unwrap().path()) else {
            continue;
        };
        for file in files {
            let path = file.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "jsonc")
            {
                let path = path.to_str().unwrap();
                let validated = run(Path::new("/"), ["validate", "--deny-warnings", path]);
                assert_eq!(validated.code, Some(0), "{}", validated.stderr);
                assert_eq!(run(Path::new("/"), ["plan", path]).code, Some(0));
                seen += 1;
            }
        }
    }
    assert!(seen >= 6, "{seen}");
}

#[test]
fn the_pre_commit_hooks_run_validate() {
    let hooks = include_str!("../../.pre-commit-hooks.yaml");
    let entries = hooks
        .lines()
        .filter(|line| line.trim_start().starts_with("entry:"));
    let entries: Vec<_> = entries.map(str::trim_start).collect();
    assert_eq!(entries, ["entry: flowlayer validate"; 2]);
}
