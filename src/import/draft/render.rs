//! The text of a config that is made of a draft.

// Writing into a string cannot fail; what it says is dropped everywhere below.
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Draft, DraftService};

impl Draft {
    /// The text of the config.
    pub fn render(&self, sources: &[String]) -> String {
        let mut text = String::new();
        comment(
            &mut text,
            0,
            &format!("Written by `flowlayer init` from {}.", sources.join(", ")),
        );
        comment(
            &mut text,
            0,
            "`flowlayer validate` checks this file, `flowlayer plan` shows the order of the start,",
        );
        comment(
            &mut text,
            0,
            "`flowlayer up` starts it and shows it, `flowlayer down` ends it.",
        );
        if !self.notes.is_empty() {
            comment(&mut text, 0, "");
            comment(&mut text, 0, "Not carried over:");
            for note in &self.notes {
                comment(&mut text, 0, &format!("- {note}"));
            }
        }
        text.push_str(
            "{\n  // Clients (tui, logs, status and others) find the session by themselves.\n",
        );
        text.push_str("  \"session\": { \"bind\": \"auto\" },\n\n");
        text.push_str("  // Keeps every line as JSON in files. Not for version control: .flowlayer/ in .gitignore.\n");
        text.push_str("  \"logs\": { \"dir\": \".flowlayer/logs\" },\n\n  \"services\": {\n");
        for (at, service) in self.services.iter().enumerate() {
            if at > 0 {
                text.push('\n');
            }
            service.render(&mut text);
        }
        text.push_str("  }\n}\n");
        text
    }
}

impl DraftService {
    fn render(&self, text: &mut String) {
        if let Some(description) = &self.description {
            for line in description.lines() {
                comment(text, 4, line);
            }
        }
        for note in &self.notes {
            comment(text, 4, &format!("not carried over: {note}"));
        }
        let _ = writeln!(text, "    {}: {{", json!(self.name));
        let mut fields = self.fields.clone();
        if !self.depends_on.is_empty() {
            fields.insert("dependsOn".to_owned(), json!(self.depends_on));
        }
        for (name, value) in &fields {
            let _ = write!(text, "      {}: ", json!(name));
            value_text(text, name, value);
            text.push_str(",\n");
        }
        text.push_str("    },\n");
    }
}

/// Short values on one line, variables one a line.
fn value_text(text: &mut String, name: &str, value: &Value) {
    match value {
        Value::Object(members) if name == "env" => {
            text.push_str("{\n");
            for (name, value) in members {
                let _ = writeln!(text, "        {}: {value},", json!(name));
            }
            text.push_str("      }");
        }
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| {
                    let mut text = format!("{}: ", json!(name));
                    value_text(&mut text, name, value);
                    text
                })
                .collect();
            let _ = write!(text, "{{ {} }}", members.join(", "));
        }
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push_str(", ");
                }
                value_text(text, name, item);
            }
            text.push(']');
        }
        value => text.push_str(&value.to_string()),
    }
}

fn comment(text: &mut String, indent: usize, comment: &str) {
    let line = format!("{:indent$}// {}", "", one_line(comment));
    text.push_str(line.trim_end());
    text.push('\n');
}

/// Text of a source within a line of ours: nothing in it ends the line, reaches a terminal as a
/// command, or turns the direction of what follows.
pub(super) fn one_line(text: &str) -> String {
    const MAX_CHARS: usize = 300;
    let mut shown = text.trim().chars().map(|c| match c {
        '\n' | '\t' | '\r' => ' ',
        c if c.is_control() || is_invisible(c) => '\u{fffd}',
        c => c,
    });
    let mut line: String = shown.by_ref().take(MAX_CHARS).collect();
    if shown.next().is_some() {
        line.push('…');
    }
    line
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
