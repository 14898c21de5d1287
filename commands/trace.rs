//! `FLOWLAYER_LOG`: what happens inside, written to standard error or to `FLOWLAYER_LOG_FILE`
//! (docs/debugging.md).

use std::env;
use std::fmt::{self, Debug};
use std::fs::OpenOptions;
use std::io::{self, IsTerminal as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use flowlayer_core::facts::shown_path;
use flowlayer_core::runtime::DECISIONS;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;
use tracing_subscriber::fmt::format::{Format, Writer};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::failure::Failure;

const FILTER: &str = "FLOWLAYER_LOG";
const FILE: &str = "FLOWLAYER_LOG_FILE";

/// What a filter can name. Other crates are never written: at `trace` they show headers, and with them
/// tokens.
const TARGETS: [&str; 7] = [
    "flowlayer",
    "flowlayer::client",
    "flowlayer::command",
    "flowlayer::config",
    DECISIONS,
    "flowlayer::runtime",
    "flowlayer::session",
];

/// Begins to write, if [`FILTER`] asks for it. To be called once, before anything starts; processes
/// that are forked later write to the same place. `has_screen`: standard error is the command's screen.
pub(crate) fn start(has_screen: bool) -> Result<(), Failure> {
    let Some(words) = env::var_os(FILTER).filter(|words| !words.is_empty()) else {
        return Ok(());
    };
    let filter = filter(&words.to_string_lossy())?;
    let path = env::var_os(FILE).filter(|path| !path.is_empty());
    let writer = match path.map(PathBuf::from) {
        Some(path) => {
            // Each line is one write at the end of the file, so that processes can share it.
            let mut options = OpenOptions::new();
            let file = options.append(true).create(true).mode(0o600).open(&path);
            BoxMakeWriter::new(Arc::new(file.map_err(|error| {
                Failure::Failed(format!(
                    "cannot write to {} ({FILE}): {error}",
                    shown_path(&path)
                ))
            })?))
        }
        None if has_screen && io::stderr().is_terminal() => {
            return Err(Failure::Mistaken(format!(
                "{FILTER} would write over the cockpit: set {FILE} to a file"
            )));
        }
        None => BoxMakeWriter::new(io::stderr),
    };
    let subscriber = tracing_subscriber::fmt()
        // They go to standard error, and panic where that is closed.
        .log_internal_errors(false)
        .with_env_filter(filter)
        .event_format(Lines(Format::default().with_ansi(false)))
        .with_writer(writer)
        .finish();
    tracing::subscriber::set_global_default(subscriber)
        .map_err(|error| Failure::Failed(format!("cannot start tracing: {error}")))?;
    let (version, pid) = (env!("CARGO_PKG_VERSION"), std::process::id());
    tracing::debug!(target: "flowlayer::command", version, pid, "start of a command");
    Ok(())
}

/// Reads directives separated by commas; the error names the wrong word.
fn filter(words: &str) -> Result<EnvFilter, Failure> {
    let mut directives = Vec::new();
    for word in words.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        if word.parse::<LevelFilter>().is_ok() {
            directives.push(format!("{}={word}", TARGETS[0]));
            continue;
        }
        let (left, level) = word.rsplit_once('=').unwrap_or((word, "trace"));
        let target = left.split('[').next().unwrap_or_default();
        if !TARGETS.contains(&target) {
            return Err(wrong(target, "target", &TARGETS));
        }
        if level.parse::<LevelFilter>().is_err() {
            let levels = ["off", "error", "warn", "info", "debug", "trace"];
            return Err(wrong(level, "level", &levels));
        }
        if let Err(error) = word.parse::<Directive>() {
            return Err(Failure::Mistaken(format!("{FILTER}: {word:?}: {error}")));
        }
        directives.push(word.to_owned());
    }
    EnvFilter::builder()
        .parse(directives.join(","))
        .map_err(|error| Failure::Mistaken(format!("{FILTER}: {error}")))
}

fn wrong(word: &str, what: &str, known: &[&str]) -> Failure {
    let known = known.join(", ");
    Failure::Mistaken(format!(
        "{FILTER}: {word:?} is not a {what}; known: {known}"
    ))
}

/// Writes decisions as they are, each a line of JSON, and everything else for people.
struct Lines(Format);

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if event.metadata().target() != DECISIONS {
            return self.0.format_event(context, writer, event);
        }
        event.record(&mut Message(&mut writer));
        writer.write_char('\n')
    }
}

struct Message<'a, 'w>(&'a mut Writer<'w>);

impl Visit for Message<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            // The buffer takes everything.
            let _ = write!(self.0, "{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_targets_are_read() {
        for (words, meant) in [
            ("debug", "flowlayer=debug"),
            ("flowlayer::decisions=trace", "flowlayer::decisions=trace"),
            ("flowlayer::decisions", "flowlayer::decisions=trace"),
            (" flowlayer::config=info, ", "flowlayer::config=info"),
        ] {
            assert_eq!(filter(words).unwrap().to_string(), meant);
        }
    }

    #[test]
    fn the_wrong_word_is_named() {
        for (words, wrong) in [
            ("debug,inof", "\"inof\" is not a target"),
            ("flowlayer::runtime=loud", "\"loud\" is not a level"),
            ("hyper=trace", "\"hyper\" is not a target"),
            ("flowlayer[=debug", "\"flowlayer[=debug\""),
        ] {
            let failure = filter(words).unwrap_err();
            let message = failure.message().unwrap();
            assert!(message.contains(wrong), "{words}: {message}");
            assert_eq!(failure.exit(), crate::exit::Exit::USAGE);
        }
    }

    #[test]
    fn every_target_is_documented() {
        let page = include_str!("../docs/debugging.md");
        for target in TARGETS {
            assert!(page.contains(&format!("| `{target}`")), "{target}");
        }
    }
}
