//! What a client can read without a tool: the configuration, its plan, and the schema.

use flowlayer_core::config;
use flowlayer_core::process::captured::IfDropped;
use serde_json::{Value, json};

use super::commands::Commands;
use crate::terminal::diagnostics::readable;

/// Which text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource {
    Configuration,
    Plan,
    Schema,
}

const ALL: [Resource; 3] = [Resource::Configuration, Resource::Plan, Resource::Schema];

impl Resource {
    pub(super) fn find(uri: &str) -> Option<Self> {
        ALL.into_iter().find(|resource| resource.uri() == uri)
    }

    fn uri(self) -> &'static str {
        match self {
            Self::Configuration => "flowlayer://configuration",
            Self::Plan => "flowlayer://plan",
            Self::Schema => "flowlayer://schema",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Configuration => "The configuration of the session as it is written (JSONC)",
            Self::Plan => "The waves in which its services start, and their dependencies",
            Self::Schema => "The JSON Schema of configurations",
        }
    }

    fn mime_type(self) -> &'static str {
        match self {
            Self::Configuration => "text/plain",
            Self::Plan => "application/json",
            Self::Schema => "application/schema+json",
        }
    }

    /// The answer to `resources/read`.
    pub(super) async fn read(self, commands: &Commands) -> Result<Value, String> {
        let text = match self {
            Self::Configuration => {
                let bytes = config::read_file(&commands.config);
                let bytes = bytes.map_err(|error| readable(&error.to_string()))?;
                String::from_utf8_lossy(&bytes).into_owned()
            }
            Self::Plan => {
                let line = commands.line_on_file("plan", &["--format=json"]);
                let ran = commands.run(line, IfDropped::Kill).await?;
                Value::from(ran.document.ok_or(ran.message)?).to_string()
            }
            Self::Schema => format!("{:#}", config::json_schema()),
        };
        Ok(json!({
            "contents": [{ "uri": self.uri(), "mimeType": self.mime_type(), "text": text }],
        }))
    }
}

/// The answer to `resources/list`.
pub(super) fn list() -> Value {
    let resources: Vec<Value> = ALL
        .iter()
        .map(|resource| {
            json!({
                "uri": resource.uri(),
                "name": resource.uri().trim_start_matches("flowlayer://"),
                "description": resource.description(),
                "mimeType": resource.mime_type(),
            })
        })
        .collect();
    json!({ "resources": resources })
}
