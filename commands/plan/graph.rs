//! The plan as a graph for other programs to draw: waves side by side, an arrow from each service to
//! what it depends on.

use std::fmt::Write as _;

use flowlayer_core::config::Config;
use flowlayer_core::plan::Plan;

use super::edges;
use crate::terminal::sanitize;

/// For Graphviz.
pub(super) fn dot(config: &Config, plan: &Plan) -> String {
    let name = |service: usize| dot_string(&config.services[service].name);
    // Writing into a string cannot fail.
    let mut text = "digraph flowlayer {\n  rankdir = RL;\n  node [shape = box];\n".to_owned();
    for (wave, services) in plan.waves.iter().enumerate() {
        let _ = write!(text, "  {{ rank = same; /* wave {wave} */");
        for &service in services {
            let _ = write!(text, " {};", name(service));
        }
        text.push_str(" }\n");
    }
    for (service, needed) in edges(config) {
        let _ = writeln!(text, "  {} -> {};", name(service), name(needed));
    }
    text.push_str("}\n");
    text
}

/// A quoted identifier, which is the label too: `\` and `&` would begin escapes there. What steers a
/// terminal is a character reference.
fn dot_string(name: &str) -> String {
    let mut text = "\"".to_owned();
    for c in name.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            '&' => text.push_str("&amp;"),
            c if c.is_control() || sanitize::reorders(c) => {
                let _ = write!(text, "&#{};", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text + "\""
}

/// For Mermaid. Services have numbers there, since a name can be anything.
pub(super) fn mermaid(config: &Config, plan: &Plan) -> String {
    let mut text = "flowchart RL\n".to_owned();
    for (wave, services) in plan.waves.iter().enumerate() {
        let _ = writeln!(text, "  subgraph w{wave}[\"wave {wave}\"]");
        for &service in services {
            let name = mermaid_string(&config.services[service].name);
            let _ = writeln!(text, "    s{service}[\"{name}\"]");
        }
        text.push_str("  end\n");
    }
    for (service, needed) in edges(config) {
        let _ = writeln!(text, "  s{service} --> s{needed}");
    }
    text
}

/// Everything that could mean something to Mermaid or to HTML, as a character reference.
fn mermaid_string(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '/' | ':') {
            text.push(c);
        } else {
            let _ = write!(text, "#{};", u32::from(c));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use flowlayer_core::config::{Origin, check};

    use super::*;

    fn planned(text: &str) -> (Config, Plan) {
        let report = check(text.into(), Origin::stdin());
        report.meant.unwrap()
    }

    #[test]
    fn waves_and_edges_are_drawn() {
        let (config, plan) = planned(
            r#"{"services": {
                "users": {"cmd": "x", "dependsOn": ["billing"]},
                "billing": {"cmd": "x"},
                "ping": {"cmd": "x"},
            }}"#,
        );
        assert_eq!(
            dot(&config, &plan),
            "digraph flowlayer {\n  rankdir = RL;\n  node [shape = box];\n  \
             { rank = same; /* wave 0 */ \"billing\"; \"ping\"; }\n  \
             { rank = same; /* wave 1 */ \"users\"; }\n  \
             \"users\" -> \"billing\";\n}\n"
        );
        assert_eq!(
            mermaid(&config, &plan),
            "flowchart RL\n  subgraph w0[\"wave 0\"]\n    s0[\"billing\"]\n    s1[\"ping\"]\n  end\n  \
             subgraph w1[\"wave 1\"]\n    s2[\"users\"]\n  end\n  s2 --> s0\n"
        );
    }

    #[test]
    fn names_cannot_break_out() {
        assert_eq!(dot_string("a\"; b\\\n"), "\"a\\\"; b\\\\\\n\"");
        assert_eq!(
            dot_string("a\u{1b}\u{9b}\u{202e}&"),
            "\"a&#27;&#155;&#8238;&amp;\""
        );
        assert_eq!(mermaid_string("a\"]<b>\n#"), "a#34;#93;#60;b#62;#10;#35;");
    }
}
