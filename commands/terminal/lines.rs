//! The merged output of the services: `<name> │ <line>` (docs/cli.md, What it prints).

use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use super::color::paint;
use super::sanitize;

/// Names are padded to the longest, but no further than this many columns.
const WIDEST_PADDING: usize = 32;

/// Red is left out: it is for failures.
pub(crate) const PALETTE: [AnsiColor; 10] = [
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::BrightCyan,
    AnsiColor::BrightYellow,
    AnsiColor::BrightGreen,
    AnsiColor::BrightMagenta,
    AnsiColor::BrightBlue,
];

/// Writes lines of services behind their names.
#[derive(Debug)]
pub(crate) struct Lines {
    /// `api     │ `, by index of the service.
    prefixes: Vec<String>,
    /// Columns of the longest name.
    width: usize,
    colored: bool,
}

impl Lines {
    /// For these services, in the order of their indices. A service's colour depends on its place
    /// among them alone: the same configuration always looks the same.
    pub(crate) fn new(names: &[Arc<str>], colored: bool) -> Self {
        Self {
            prefixes: prefixes(names, |_| true, colored),
            width: widest(names.iter().map(AsRef::as_ref)),
            colored,
        }
    }

    /// Appends a line of the service, its end included.
    pub(crate) fn append(&self, out: &mut String, service: usize, name: &str, line: &str) {
        match self.prefixes.get(service) {
            Some(prefix) => out.push_str(prefix),
            // A reload has added it.
            None => out.push_str(&prefix(name, service, self.width, self.colored)),
        }
        sanitize::append_safe(out, line, self.colored);
        out.push('\n');
    }

    /// Appends the line that replaces lines the terminal could not take.
    pub(crate) fn append_skipped(&self, out: &mut String, lines: u64) {
        let text = format!("… {} skipped", count(lines, "line"));
        out.push_str(&paint(Style::new().dimmed(), &text, self.colored));
        out.push('\n');
    }
}

/// The prefix for the lines of each of these services: padded to the widest of those that are
/// shown.
pub(crate) fn prefixes(
    names: &[impl AsRef<str>],
    is_shown: impl Fn(&str) -> bool,
    colored: bool,
) -> Vec<String> {
    let shown = names
        .iter()
        .map(AsRef::as_ref)
        .filter(|name| is_shown(name));
    let widest = widest(shown);
    let names = names.iter().enumerate();
    names
        .map(|(index, name)| prefix(name.as_ref(), index, widest, colored))
        .collect()
}

fn widest<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    let widths = names.map(|name| sanitize::text(name).width());
    widths.max().unwrap_or(0)
}

/// `api     │ `, padded to this width, within bounds. The index decides the colour.
pub(crate) fn prefix(name: &str, index: usize, width: usize, colored: bool) -> String {
    let name = sanitize::text(name);
    let style: Style = PALETTE[index % PALETTE.len()].on_default();
    let width = width.min(WIDEST_PADDING);
    let padding = " ".repeat(width.saturating_sub(name.width()));
    format!("{} ", paint(style, &format!("{name}{padding} │"), colored))
}

/// `1 line`, `12,345 lines`, `2 matches`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    let plural = match number {
        1 => "",
        _ if noun.ends_with("ch") => "es",
        _ => "s",
    };
    format!("{} {noun}{plural}", grouped(number))
}

/// `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(names: &[&str], colored: bool) -> Lines {
        let names: Vec<Arc<str>> = names.iter().map(|name| Arc::from(*name)).collect();
        Lines::new(&names, colored)
    }

    fn line(lines: &Lines, service: usize, text: &str) -> String {
        let mut out = String::new();
        lines.append(&mut out, service, "web", text);
        out
    }

    #[test]
    fn names_are_padded_to_the_widest_in_columns() {
        let lines = lines(&["api", "データ", "web-gateway"], false);
        assert_eq!(line(&lines, 0, "up"), "api         │ up\n");
        assert_eq!(line(&lines, 1, "up"), "データ      │ up\n");
        assert_eq!(line(&lines, 2, ""), "web-gateway │ \n");
    }

    #[test]
    fn one_very_long_name_does_not_push_everything_aside() {
        let lines = lines(&["api", &"x".repeat(80)], false);
        assert_eq!(
            line(&lines, 0, "up"),
            format!("api{} │ up\n", " ".repeat(29))
        );
        assert_eq!(line(&lines, 1, "up"), format!("{} │ up\n", "x".repeat(80)));
    }

    #[test]
    fn each_service_has_its_color_and_the_line_its_own() {
        let lines = lines(&["api", "db"], true);
        let api = line(&lines, 0, "\u{1b}[31mno\u{1b}[0m");
        assert_eq!(api, "\u{1b}[36mapi │\u{1b}[0m \u{1b}[31mno\u{1b}[0m\n");
        assert!(line(&lines, 1, "x").starts_with("\u{1b}[33mdb  │\u{1b}[0m "));
    }

    #[test]
    fn skipped_lines_are_counted_in_groups() {
        let lines = lines(&[], false);
        for (count, text) in [
            (1, "… 1 line skipped\n"),
            (999, "… 999 lines skipped\n"),
            (12_345, "… 12,345 lines skipped\n"),
            (1_234_567, "… 1,234,567 lines skipped\n"),
        ] {
            let mut out = String::new();
            lines.append_skipped(&mut out, count);
            assert_eq!(out, text);
        }
    }
}
