//! `action.yml`: its steps, run as scripts with the release archive of the binary under test.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::harness::{Child, Finished, Here, through};
use crate::packaging;

/// A step of the action with a script.
#[derive(Debug)]
struct Step {
    name: String,
    condition: String,
    directory: String,
    variables: Vec<(String, String)>,
    script: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The steps that have a script, read by the indentation that the file has.
fn steps() -> Vec<Step> {
    let text = fs::read_to_string(root().join("action.yml")).unwrap();
    let (_, steps) = text.split_once("\n  steps:\n").unwrap();
    let steps = steps.split("    - name: ").skip(1).map(|step| {
        let field = |name: &str| {
            let line = step
                .lines()
                .find_map(|line| line.strip_prefix(&format!("      {name}: ")));
            line.unwrap_or_default().to_owned()
        };
        let block = |name: &str| {
            let (_, after) = step
                .split_once(&format!("\n      {name}\n"))
                .unwrap_or_default();
            let lines = after
                .lines()
                .map_while(|line| line.strip_prefix("        "));
            lines.collect::<Vec<_>>().join("\n")
        };
        let variables = block("env:");
        let variables = variables.lines().map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_owned(), value.to_owned())
        });
        Step {
            name: step.lines().next().unwrap().to_owned(),
            condition: field("if"),
            directory: field("working-directory"),
            variables: variables.collect(),
            script: block("run: |"),
        }
    });
    steps.filter(|step| !step.script.is_empty()).collect()
}

/// What a runner gives to the action.
struct Runner<'h> {
    here: &'h Here,
    release: PathBuf,
    /// The input `run`.
    command: &'static str,
}

impl Runner<'_> {
    fn path(&self, name: &str) -> PathBuf {
        self.here.path().join(name)
    }

    /// An expression of the action with its values.
    fn value(&self, text: &str) -> String {
        let Some((before, rest)) = text.split_once("${{ ") else {
            return text.to_owned();
        };
        let (expression, after) = rest.split_once(" }}").unwrap();
        let value = match expression {
            "inputs.run" => self.command.to_owned(),
            "inputs.config" => String::new(),
            "inputs.working-directory" => self.here.path().display().to_string(),
            "runner.temp" => self.path("temp").display().to_string(),
            // The input, here always given, or the release of the tag.
            from if from.starts_with("inputs.from || ") => self.release.display().to_string(),
            other => panic!("{other}: what does a runner say?"),
        };
        format!("{before}{value}{}", self.value(after))
    }

    #[track_caller]
    fn run(&self, step: &Step) -> Finished {
        let mut command = through(
            &["bash", "-e", "-o", "pipefail", "-c", &step.script, "bash"],
            &self.here.command(&[]),
        );
        let path = std::env::var("PATH").unwrap_or_default();
        let added = fs::read_to_string(self.path("github-path")).unwrap_or_default();
        command
            .env("PATH", format!("{}:{path}", added.trim_end()))
            .env("GITHUB_ACTION_PATH", root())
            .env("GITHUB_PATH", self.path("github-path"))
            .envs(
                step.variables
                    .iter()
                    .map(|(name, value)| (name, self.value(value))),
            );
        if !step.directory.is_empty() {
            command.current_dir(self.value(&step.directory));
        }
        Child::spawn(command).finish()
    }
}

#[test]
fn the_steps_of_the_action_install_run_and_keep_the_logs() {
    let machine = packaging::this_machine();
    let release = tempfile::tempdir().unwrap();
    packaging::build(release.path(), &machine);
    packaging::index(release.path());

    let steps = steps();
    let names: Vec<_> = steps.iter().map(|step| step.name.as_str()).collect();
    let [install, run, keep] = steps.as_slice() else {
        panic!("{names:?}");
    };
    assert_eq!(names, ["Install", "Run", "Keep the logs"]);
    assert_eq!(keep.condition, "failure() && inputs.run != ''");

    let here = Here::with(&json!({
        "api": { "cmd": ["sh", "-c", "echo hello from api; exec sleep 1000000"], "ready": { "type": "log", "pattern": "hello" } },
    }));
    let mut runner = Runner {
        here: &here,
        release: release.path().to_owned(),
        command: "flowlayer status | grep api",
    };
    fs::create_dir(runner.path("temp")).unwrap();
    let logs = runner.path("temp/flowlayer-logs");

    let installed = runner.run(install);
    assert_eq!(
        (installed.code, installed.stderr.as_str()),
        (Some(0), ""),
        "{installed:?}"
    );
    let tested = runner.run(run);
    assert_eq!(tested.code, Some(0), "{tested:?}");
    assert!(tested.stdout.contains("ready"), "{tested:?}");
    assert!(!logs.exists());

    // A test that fails: the log of the session, which is nowhere on disk.
    runner.command = "false; echo not reached";
    let failed = runner.run(run);
    assert_eq!(
        (failed.code, failed.stdout.as_str()),
        (Some(1), ""),
        "{failed:?}"
    );
    assert_eq!(runner.run(keep).code, Some(0));
    let kept = |name: &str| fs::read_to_string(logs.join(name)).unwrap();
    assert!(
        kept("services.log").contains("hello from api"),
        "{}",
        kept("services.log")
    );
    assert!(kept("status.txt").contains("api"), "{}", kept("status.txt"));
    assert!(logs.join("why.txt").exists());

    // A stack that does not come up, with its log on disk.
    fs::remove_dir_all(&logs).unwrap();
    let config = json!({
        "logs": { "dir": "logs" },
        "services": { "api": { "cmd": ["sh", "-c", "echo no database; exit 3"] } },
    });
    fs::write(runner.path("flowlayer.jsonc"), config.to_string()).unwrap();
    assert_eq!(runner.run(run).code, Some(125));
    assert_eq!(runner.run(keep).code, Some(0));
    assert!(
        kept("services.log").contains("no database"),
        "{}",
        kept("services.log")
    );
}

#[test]
fn every_input_of_the_action_is_used_and_has_a_default() {
    let text = fs::read_to_string(root().join("action.yml")).unwrap();
    let (inputs, steps) = text.split_once("\nruns:\n").unwrap();
    let (_, inputs) = inputs.split_once("\ninputs:\n").unwrap();
    for input in inputs
        .split("\n  ")
        .filter(|input| !input.starts_with("  "))
    {
        let name = input.trim_start().split(':').next().unwrap();
        assert!(
            inputs.contains(&format!("  {name}:\n    description: ")),
            "{name}"
        );
        assert!(
            steps.contains(&format!("inputs.{name}")),
            "{name} is not used"
        );
    }
    let count = inputs.matches("    description: ").count();
    assert_eq!(inputs.matches("    default: ").count(), count);
    assert_eq!(count, 5);
}
