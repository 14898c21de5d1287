//! The changes of a configuration for people: grouped by what happens to services, old → new.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use flowlayer_core::facts::{Change, ChangeKind, FieldChange};
use unicode_width::UnicodeWidthStr;

use super::color::paint;
use super::sanitize;

/// Longer values are cut in the middle.
const WIDEST: usize = 60;

/// The groups in their order.
const GROUPS: [(ChangeKind, &str, AnsiColor); 5] = [
    (ChangeKind::Restart, "restart", AnsiColor::Yellow),
    (ChangeKind::Added, "add", AnsiColor::Green),
    (ChangeKind::Removed, "stop and remove", AnsiColor::Red),
    (ChangeKind::Live, "no restart needed", AnsiColor::Cyan),
    (
        ChangeKind::Session,
        "needs a new session",
        AnsiColor::Magenta,
    ),
];

/// What would change, or has.
pub(crate) fn render(changes: &[Change], colored: bool) -> String {
    let mut text = String::new();
    let names = changes
        .iter()
        .filter_map(|change| change.service.as_deref());
    let widest = names.map(|name| sanitize::text(name).width()).max();
    let widest = widest.unwrap_or(0).min(24);
    for (kind, title, color) in GROUPS {
        let mut group = changes.iter().filter(|it| it.change == kind).peekable();
        if group.peek().is_none() {
            continue;
        }
        let title = paint(color.on_default().bold(), title, colored);
        let _ = writeln!(text, "{title}");
        for change in group {
            append(&mut text, change, widest, colored);
        }
    }
    text
}

fn append(text: &mut String, change: &Change, widest: usize, colored: bool) {
    let name = sanitize::text(change.service.as_deref().unwrap_or_default()).into_owned();
    let width = if change.service.is_some() { widest } else { 0 };
    if change.fields.is_empty() {
        let _ = writeln!(text, "  {name}");
        return;
    }
    let field_width = change.fields.iter().map(|field| field.field.width()).max();
    let field_width = field_width.unwrap_or(0);
    for (index, field) in change.fields.iter().enumerate() {
        let shown = if index == 0 { name.as_str() } else { "" };
        let padding = " ".repeat(width.saturating_sub(shown.width()));
        let gap = if width > 0 { "  " } else { "" };
        let label = sanitize::text(&field.field);
        let after = " ".repeat(field_width.saturating_sub(label.width()));
        let value = value(field, colored);
        let _ = writeln!(text, "  {shown}{padding}{gap}{label}{after}  {value}");
    }
}

fn value(field: &FieldChange, colored: bool) -> String {
    if field.old.is_none() && field.new.is_none() {
        return "changed".to_owned();
    }
    let shown = |value: Option<&str>| value.map_or_else(|| "none".to_owned(), short);
    let old = paint(Style::new().dimmed(), &shown(field.old.as_deref()), colored);
    let new = paint(Style::new().bold(), &shown(field.new.as_deref()), colored);
    format!("{old} → {new}")
}

/// At most [`WIDEST`] characters: its beginning and its end.
fn short(value: &str) -> String {
    let value = sanitize::text(value).into_owned();
    let chars: Vec<char> = value.chars().collect();
    if chars.len() <= WIDEST {
        return value;
    }
    let (begin, end) = (WIDEST * 2 / 3, WIDEST / 3 - 1);
    let begin: String = chars[..begin].iter().collect();
    let end: String = chars[chars.len() - end..].iter().collect();
    format!("{begin}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(field: &str, old: Option<&str>, new: Option<&str>) -> FieldChange {
        FieldChange {
            field: field.to_owned(),
            old: old.map(str::to_owned),
            new: new.map(str::to_owned),
        }
    }

    fn change(service: Option<&str>, change: ChangeKind, fields: Vec<FieldChange>) -> Change {
        Change {
            service: service.map(Into::into),
            change,
            fields,
        }
    }

    #[test]
    fn changes_are_grouped_by_what_happens() {
        let all = [
            change(
                None,
                ChangeKind::Session,
                vec![field("logs.dir", None, Some("/logs"))],
            ),
            change(
                Some("api"),
                ChangeKind::Restart,
                vec![
                    field("cmd", Some("node a.js"), Some("node b.js")),
                    field("env.LEVEL", None, None),
                ],
            ),
            change(
                Some("database"),
                ChangeKind::Live,
                vec![field("stopGraceMs", Some("8000"), Some("3000"))],
            ),
            change(Some("old"), ChangeKind::Removed, Vec::new()),
            change(Some("new"), ChangeKind::Added, Vec::new()),
        ];
        assert_eq!(
            render(&all, false),
            "\
restart
  api       cmd        node a.js → node b.js
            env.LEVEL  changed
add
  new
stop and remove
  old
no restart needed
  database  stopGraceMs  8000 → 3000
needs a new session
  logs.dir  none → /logs
"
        );
    }

    #[test]
    fn values_cannot_steer_the_terminal_and_are_cut() {
        let long = "x".repeat(100);
        let all = [change(
            Some("a\u{1b}[2Jb"),
            ChangeKind::Restart,
            vec![field("cmd", Some("\u{1b}]0;x\u{7}y"), Some(&long))],
        )];
        let text = render(&all, false);
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert!(
            text.contains(&format!("y → {}…{}", "x".repeat(40), "x".repeat(19))),
            "{text}"
        );
    }
}
