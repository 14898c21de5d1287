//! Problems as workflow commands, which GitHub shows at their lines.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use flowlayer_core::config::{Code, Problem};

use crate::terminal::diagnostics::readable;

/// What GitHub calls the file: annotations are shown at paths that are relative to the workspace,
/// wherever in it the check ran. A name that is no file in there stays as it is.
pub(crate) fn in_workspace(name: &str) -> String {
    let workspace = std::env::var_os("GITHUB_WORKSPACE").map(PathBuf::from);
    let workspace = workspace.and_then(|path| path.canonicalize().ok());
    let path = Path::new(name).canonicalize().ok();
    let relative = path.zip(workspace).and_then(|(path, workspace)| {
        let relative = path.strip_prefix(workspace).ok()?;
        relative.to_str().map(str::to_owned)
    });
    relative.unwrap_or_else(|| name.to_owned())
}

/// One problem of a file, as one line.
pub(crate) fn annotation(file: &str, problem: &Problem) -> String {
    let mut message = if problem.path.is_empty() {
        problem.message.clone()
    } else {
        format!("{}: {}", problem.path, problem.message)
    };
    // Writing into a string cannot fail.
    for related in &problem.related {
        let line = related.position.line;
        let _ = write!(message, "\nline {line}: {}", related.message);
    }
    if let Some(help) = &problem.help {
        let _ = write!(message, "\nhelp: {help}");
    }
    let (line, column) = (problem.position.line, problem.position.column);
    let level = problem.severity.as_str();
    let place = format!("file={},line={line},col={column}", property(file));
    command(level, &place, problem.code.as_str(), &message)
}

/// A file that could not be read.
pub(crate) fn unreadable(file: &str, message: &str) -> String {
    let place = format!("file={}", property(file));
    command("error", &place, Code::Unreadable.as_str(), message)
}

fn command(level: &str, place: &str, title: &str, message: &str) -> String {
    format!("::{level} {place},title={title}::{}\n", data(message))
}

/// The message: what would end the line is escaped, and what steers a terminal is shown as a picture.
fn data(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D");
    let lines: Vec<String> = text.split('\n').map(readable).collect();
    lines.join("%0A")
}

/// A property: what would end that is, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use flowlayer_core::config::{Origin, check};

    use super::*;

    #[test]
    fn a_problem_is_one_line_whatever_it_says() {
        let text = "{\"services\": {\"a\\n::error::x\": {\"cmd\": \"x\", \"port\": -1}}}";
        let report = check(text.into(), Origin::stdin());
        let line = annotation("a,b:c\n%.jsonc", &report.problems[0]);
        assert_eq!(
            line,
            "::error file=a%2Cb%3Ac%0A%25.jsonc,line=1,col=53,title=out_of_range::\
             services[\"a\\n::error::x\"].port: expected an integer from 0 to 65535, found -1\n"
        );
    }

    #[test]
    fn help_and_other_places_follow_the_message() {
        let text = "{\"services\": {}, \n\"services\": {}, \"x\": 1}";
        let report = check(text.into(), Origin::stdin());
        let lines: String = report.problems.iter().map(|p| annotation("f", p)).collect();
        assert_eq!(
            lines,
            "::warning file=f,line=1,col=14,title=empty_services::services: there are no services\
             %0Ahelp: add a service: \"web\": { \"cmd\": \"…\" }\n\
             ::error file=f,line=2,col=1,title=duplicate_key::services: \"services\" is given twice\
             %0Aline 1: the first one\n\
             ::error file=f,line=2,col=17,title=unknown_field::x: unknown field \"x\"\
             %0Ahelp: known fields: $schema, session, logs, logView, services\n"
        );
    }
}
