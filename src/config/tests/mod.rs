//! Every rule of the config, with the exact place of what is reported.

mod dependencies;
mod file;
mod hints;
mod hostile;
mod meaning;
mod properties;
mod ready;
mod reference;
mod references;
mod schema;
mod service;
mod unexpanded;

use std::path::Path;

use super::*;

fn origin() -> Origin {
    Origin {
        name: "flowlayer.jsonc".to_owned(),
        dir: "/nowhere".into(),
        path: "/nowhere/flowlayer.jsonc".into(),
    }
}

fn report(text: &str) -> Report {
    check(text.as_bytes().to_vec(), origin())
}

/// The problems of a text, each as `line:column code path`.
fn problems(text: &str) -> Vec<String> {
    let report = report(text);
    let has_error = report.problems.iter().any(Problem::is_error);
    assert_eq!(report.meant.is_none(), has_error, "{:?}", report.problems);
    let line = |problem: &Problem| {
        let Position { line, column } = problem.position;
        let line = format!("{line}:{column} {} {}", problem.code.as_str(), problem.path);
        line.trim_end().to_owned()
    };
    report.problems.iter().map(line).collect()
}

/// The only problem of a text.
#[track_caller]
fn problem(text: &str) -> Problem {
    let mut problems = report(text).problems;
    assert_eq!(problems.len(), 1, "{text}: {problems:#?}");
    problems.remove(0)
}

/// A config without errors.
#[track_caller]
fn meant(text: &str) -> (Config, Plan) {
    let report = report(text);
    match report.meant {
        Some(meant) => meant,
        None => panic!("{:#?}", report.problems),
    }
}

/// One service with these fields; they begin in column 22.
fn service(fields: &str) -> String {
    format!("{{\"services\":{{\"a\":{{  {fields}}}}}}}")
}

/// Checks services with these fields; the problems of each are joined by ` | `.
#[track_caller]
fn service_problems(cases: &[(&str, &str)]) {
    for (fields, expected) in cases {
        let found = problems(&service(fields));
        let expected: Vec<&str> = expected.split(" | ").filter(|p| !p.is_empty()).collect();
        assert_eq!(found, expected, "{fields}");
    }
}

/// What a service runs where no variable is set.
#[track_caller]
fn resolved(config: &Config, service: usize) -> Resolved {
    resolve(config, service, &Values::default()).unwrap()
}
