//! `flowlayer validate`: every problem of every file (docs/cli.md, validate).

mod github;

use std::io;
use std::path::Path;
use std::path::PathBuf;

use flowlayer_core::config::{self, Code, Origin, Problem, ReadError, Report};
use serde_json::{Value, json};

use crate::config_file;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::color::Colors;
use crate::terminal::lines::count;
use crate::terminal::{diagnostics, print};

/// Check configurations and report every problem
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 valid, 1 problems found, 2 wrong usage or unreadable file")]
pub(crate) struct Args {
    /// Configuration files, - for standard input; default: the file that serve would use
    #[arg(value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// Treat warnings as errors
    #[arg(long)]
    deny_warnings: bool,
}

/// How `validate` writes problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// For people, with the source line and a caret
    #[default]
    Text,
    /// One JSON document
    Json,
    /// Workflow commands that show up as annotations on GitHub
    Github,
}

/// Checks the configurations named, or the one `serve` would find.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    let paths = if args.paths.is_empty() {
        vec![config_file::choose(None, Path::new("."))?]
    } else {
        args.paths.clone()
    };
    let checked: Vec<Checked> = paths.iter().map(|path| Checked::new(path)).collect();
    match args.format {
        Format::Text => {
            for file in &checked {
                file.print(colors);
            }
        }
        Format::Json => {
            let files: Vec<Value> = checked.iter().map(Checked::to_json).collect();
            print::stdout(&print::json_line(&json!({ "files": files })));
        }
        Format::Github => {
            let lines = checked.iter().map(Checked::to_github);
            print::stdout(&lines.collect::<String>());
        }
    }
    let exits = checked.iter().map(|file| file.exit(args.deny_warnings));
    let worst = exits.max().unwrap_or(Exit::SUCCESS);
    // The process ends here: freeing the configurations piece by piece would only take time.
    std::mem::forget(checked);
    match worst {
        Exit::SUCCESS => Ok(Exit::SUCCESS),
        exit => Err(Failure::Reported(exit)),
    }
}

/// The report, with warnings about variables that are not set.
fn with_unset(mut report: Report) -> Report {
    if let Some((config, _)) = &report.meant
        && let Ok(values) = config_file::values(config)
    {
        let unset = config::unset_variables(config, &values);
        report.problems.extend(unset);
        report.problems = report.source.place(report.problems);
    }
    report
}

/// A file and its problems.
struct Checked {
    /// What it is called.
    name: String,
    outcome: Result<Report, ReadError>,
}

impl Checked {
    fn new(path: &Path) -> Self {
        let (bytes, origin) = if path.as_os_str() == "-" {
            let origin = Origin::stdin();
            let bytes = config::bounded(io::stdin().lock(), Path::new(&origin.name));
            (bytes, origin)
        } else {
            (config::read_file(path), Origin::file(path))
        };
        Self {
            name: origin.name.clone(),
            outcome: bytes.map(|bytes| with_unset(config::check(bytes, origin))),
        }
    }

    fn exit(&self, deny_warnings: bool) -> Exit {
        let Ok(report) = &self.outcome else {
            return Exit::USAGE;
        };
        let fails = |problem: &Problem| deny_warnings || problem.is_error();
        if report.problems.iter().any(fails) {
            Exit::FAILURE
        } else {
            Exit::SUCCESS
        }
    }

    /// For people: problems on standard error, valid files on standard output.
    fn print(&self, colors: Colors) {
        let report = match &self.outcome {
            Ok(report) => report,
            Err(error) => {
                let failure = Failure::Unreadable(diagnostics::readable(&error.to_string()));
                return print::stderr(&failure.line(colors.stderr));
            }
        };
        let problems = diagnostics::render(&report.problems, &report.source, colors.stderr);
        print::stderr(&problems);
        let name = diagnostics::readable(&self.name);
        if let Some((config, plan)) = &report.meant {
            let services = count(config.services.len() as u64, "service");
            let waves = count(plan.waves.len() as u64, "wave");
            return print::stdout(&format!("{name}: valid, {services} in {waves}\n"));
        }
        print::stderr(&diagnostics::total(&self.name, &report.problems));
    }

    fn to_json(&self) -> Value {
        let problems: Vec<Value> = match &self.outcome {
            Ok(report) => report.problems.iter().map(problem_json).collect(),
            // In the same shape, so that a reader of this form needs no second channel.
            Err(error) => vec![json!({
                "severity": "error",
                "code": Code::Unreadable.as_str(),
                "path": "",
                "message": error.to_string(),
                "help": null,
                "line": 1,
                "column": 1,
            })],
        };
        json!({ "path": self.name, "problems": problems })
    }

    fn to_github(&self) -> String {
        let name = github::in_workspace(&self.name);
        match &self.outcome {
            Ok(report) => {
                let problems = report.problems.iter();
                problems
                    .map(|problem| github::annotation(&name, problem))
                    .collect()
            }
            Err(error) => github::unreadable(&name, &error.to_string()),
        }
    }
}

fn problem_json(problem: &Problem) -> Value {
    let mut value = json!({
        "severity": problem.severity.as_str(),
        "code": problem.code.as_str(),
        "path": problem.path,
        "message": problem.message,
        "help": problem.help,
        "line": problem.position.line,
        "column": problem.position.column,
    });
    if !problem.related.is_empty() {
        let related = problem.related.iter().map(|related| {
            json!({
                "path": related.path,
                "message": related.message,
                "line": related.position.line,
                "column": related.position.column,
            })
        });
        value["related"] = related.collect();
    }
    value
}
