//! What of the log goes to a file, and how a line is written there.

use jiff::tz::TimeZone;

use super::filter::{LogFilter, Scope};
use super::item::{Content, Item};
use crate::terminal::sanitize::append_safe;
use crate::tui::format::{self, Clock};

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Export {
    pub(crate) filter: LogFilter,
    /// The number of the last line.
    pub(crate) until: u64,
    pub(crate) zone: TimeZone,
}

impl Export {
    /// The services whose lines have to be read; none for all of them.
    pub(crate) fn services(&self) -> Vec<String> {
        match (&self.filter.members, &self.filter.scope) {
            (Some(members), Scope::All) => members.iter().map(ToString::to_string).collect(),
            (_, Scope::All) => Vec::new(),
            (_, Scope::Service(name)) => vec![name.to_string()],
            (_, Scope::Several(names)) => names.iter().map(ToString::to_string).collect(),
        }
    }

    /// Appends the line if it is wanted; of several services with time and name. Whether it was.
    pub(crate) fn append(&self, text: &mut String, line: &Item) -> bool {
        if !self.filter.admits(line) {
            return false;
        }
        if !matches!(self.filter.scope, Scope::Service(_)) {
            let time = format::time(line.at, Clock::Full, &self.zone);
            text.push_str(&time);
            text.push(' ');
            append_safe(text, line.service.as_deref().unwrap_or_default(), false);
            text.push_str(" │ ");
        }
        append_safe(text, line.raw(), false);
        if !matches!(line.content, Content::Line { partial: true, .. }) {
            text.push('\n');
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::line;
    use super::super::matcher::Matcher;
    use super::*;

    fn written(filter: LogFilter) -> String {
        let (until, zone) = (9, TimeZone::UTC);
        let export = Export {
            filter,
            until,
            zone,
        };
        let mut text = String::new();
        for item in [
            line(1, "api", "GET \u{1b}[32m200\u{1b}[0m"),
            line(2, "db", "GET nothing"),
            line(3, "api", "POST"),
        ] {
            export.append(&mut text, &item);
        }
        text
    }

    #[test]
    fn lines_of_one_service_are_as_written_and_of_several_have_time_and_name() {
        let pattern = Matcher::new("get", false).ok();
        let one = LogFilter {
            scope: Scope::Service("api".into()),
            pattern: pattern.clone(),
            ..LogFilter::default()
        };
        assert_eq!(written(one), "GET 200\n");
        let all = LogFilter {
            pattern,
            ..LogFilter::default()
        };
        let text = written(all);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[1].ends_with(" db │ GET nothing"), "{text}");
    }
}
