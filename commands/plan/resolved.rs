//! What each service runs, with its references filled in.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use flowlayer_core::config::{self, Config, Problem, Texts, Values, Variables};
use flowlayer_core::facts::{EnvFile, mask_credentials};
use flowlayer_core::plan::Plan;
use flowlayer_core::shell;
use serde::Serialize;

use crate::terminal::diagnostics;

/// One service.
#[derive(Debug, Serialize)]
pub(super) struct Resolved {
    argv: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_argv: Option<Vec<String>>,
    cwd: PathBuf,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    env: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    env_files: Vec<EnvFile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// What its probe asks, in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    ready: Option<String>,
}

/// All services, by their index. Without `shows_values` what variables and the credentials of URLs hold is
/// `***`.
pub(super) fn services(
    config: &Config,
    values: &Values,
    shows_values: bool,
) -> Result<Vec<Resolved>, Vec<Problem>> {
    let (mut services, mut problems) = (Vec::new(), Vec::new());
    for (index, service) in config.services.iter().enumerate() {
        let variables = if shows_values {
            Variables::Filled
        } else {
            Variables::As("***")
        };
        match config::texts(config, index, values, variables) {
            Ok(texts) => services.push(Resolved::new(texts, values.port(service), shows_values)),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        Ok(services)
    } else {
        Err(problems)
    }
}

impl Resolved {
    fn new(texts: Texts, port: Option<u16>, shows_values: bool) -> Self {
        let shown = |text: String| {
            if shows_values {
                text
            } else {
                mask_credentials(&text)
            }
        };
        let all = |words: Vec<String>| words.into_iter().map(shown).collect();
        Self {
            argv: all(texts.argv),
            stop_argv: texts.stop_argv.map(all),
            cwd: texts.cwd,
            env: texts
                .env
                .into_iter()
                .map(|(name, value)| (name, shown(value)))
                .collect(),
            env_files: texts.env_files,
            port,
            url: texts.url.map(shown),
            ready: texts.ready.map(|asked| match asked.kind {
                "exec" => format!("exec {}", asked.target),
                _ => asked.label,
            }),
        }
    }

    /// Its fields, one a line.
    fn lines(&self) -> Vec<(&'static str, String)> {
        let mut lines = vec![("cmd", shell::command_line(&self.argv))];
        let stop = self.stop_argv.as_deref().map(shell::command_line);
        lines.extend(stop.map(|stop| ("stopCmd", stop)));
        lines.push(("cwd", self.cwd.display().to_string()));
        for file in &self.env_files {
            let note = if file.required {
                ""
            } else {
                " (may be missing)"
            };
            lines.push(("envFile", format!("{}{note}", file.path.display())));
        }
        for (name, value) in &self.env {
            lines.push(("env", format!("{name}={value}")));
        }
        lines.extend(self.port.map(|port| ("port", port.to_string())));
        lines.extend(self.url.clone().map(|url| ("url", url)));
        lines.extend(self.ready.clone().map(|ready| ("ready", ready)));
        lines
    }
}

/// The services in the order in which they start.
pub(super) fn text(config: &Config, plan: &Plan, services: &[Resolved]) -> String {
    let mut text = String::new();
    for &index in plan.waves.iter().flatten() {
        let name = diagnostics::readable(&config.services[index].name);
        // Writing into a string cannot fail.
        let _ = writeln!(text, "\n{name}");
        for (field, value) in services[index].lines() {
            let _ = writeln!(text, "  {field:<8} {}", diagnostics::readable(&value));
        }
    }
    text
}

/// The services by name.
pub(super) fn json(config: &Config, services: &[Resolved]) -> serde_json::Value {
    let names = config
        .services
        .iter()
        .map(|service| service.name.to_string());
    let by_name: BTreeMap<String, &Resolved> = names.zip(services).collect();
    serde_json::to_value(by_name).unwrap_or_default()
}
