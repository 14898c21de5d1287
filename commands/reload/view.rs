//! What `reload` says of what it has done, or why it could not.

use flowlayer_core::config::{Code, Position, Problem, Severity, Source};
use flowlayer_core::facts::{Change, ChangeKind, ConfigProblem};
use flowlayer_core::shell;

use crate::terminal::color::{ERROR, paint};
use crate::terminal::lines::count;
use crate::terminal::sanitize;

/// What is said where there is nothing to apply.
pub(super) const NOTHING: &str = "nothing has changed\n";

/// The last line: what was done.
pub(super) fn summary(changes: &[Change]) -> String {
    let of = |kind| changes.iter().filter(|it| it.change == kind).count();
    let parts = [
        (of(ChangeKind::Restart), "replaced"),
        (of(ChangeKind::Added), "added"),
        (of(ChangeKind::Removed), "removed"),
        (of(ChangeKind::Live), "changed without a restart"),
    ];
    let parts = parts.into_iter().filter(|&(number, _)| number > 0);
    let parts: Vec<String> = parts
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    if parts.is_empty() {
        let ignored = of(ChangeKind::Session);
        return if ignored > 0 {
            "reloaded: nothing that this session can change\n".to_owned()
        } else {
            "reloaded: nothing has changed\n".to_owned()
        };
    }
    format!("reloaded: {}\n", parts.join(", "))
}

/// What is defined anew and does not run, with the way to start it; empty without any.
pub(super) fn left_down(names: &[&str]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let are = if names.len() == 1 { "does" } else { "do" };
    let words: Vec<String> = names.iter().map(|name| shell::quoted(name)).collect();
    let services = count(names.len() as u64, "replaced service");
    let command = sanitize::text(&words.join(" ")).into_owned();
    format!("{services} {are} not run: flowlayer start {command}\n")
}

/// A problem that the server has found, in the text that it is about; `None` for one of a later version.
pub(super) fn placed(problem: &ConfigProblem, source: &Source) -> Option<Problem> {
    let mut codes = Code::ALL.iter();
    let position = Position {
        line: problem.line,
        column: problem.column,
    };
    Some(Problem {
        severity: match problem.severity.as_str() {
            "warning" => Severity::Warning,
            _ => Severity::Error,
        },
        code: *codes.find(|code| code.as_str() == problem.code)?,
        path: problem.path.clone(),
        message: problem.message.clone(),
        help: problem.help.clone(),
        span: source.character_at(position),
        position,
        related: Vec::new(),
    })
}

/// A problem on one line, where the file cannot be shown.
pub(super) fn problem(path: &str, problem: &ConfigProblem, colored: bool) -> String {
    let ConfigProblem {
        severity,
        code,
        path: field,
        message,
        line,
        column,
        ..
    } = problem;
    let field = if field.is_empty() {
        String::new()
    } else {
        format!("{field}: ")
    };
    let place = format!("{path}:{line}:{column}: ");
    let rest = format!("[{code}]: {field}{message}");
    let severity = if severity == "error" {
        paint(ERROR, severity, colored)
    } else {
        sanitize::text(severity).into_owned()
    };
    format!(
        "{}{severity}{}\n",
        sanitize::text(&place),
        sanitize::text(&rest)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_what_was_done() {
        let change = |change| Change {
            service: Some("api".into()),
            change,
            fields: Vec::new(),
        };
        assert_eq!(
            summary(&[change(ChangeKind::Restart), change(ChangeKind::Live)]),
            "reloaded: 1 replaced, 1 changed without a restart\n"
        );
        assert_eq!(summary(&[]), "reloaded: nothing has changed\n");
    }

    #[test]
    fn what_does_not_run_is_named_with_the_way_to_start_it() {
        assert_eq!(left_down(&[]), "");
        assert_eq!(
            left_down(&["api"]),
            "1 replaced service does not run: flowlayer start api\n"
        );
        assert_eq!(
            left_down(&["a b", "c"]),
            "2 replaced services do not run: flowlayer start 'a b' c\n"
        );
    }
}
