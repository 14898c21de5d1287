//! The JSON Schema of a config, for editors: from the same declarations that read it.

use schemars::generate::SchemaSettings;

use super::written::File;

/// The JSON Schema (draft 2020-12) of a config.
pub fn json_schema() -> serde_json::Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<File>();
    schema.insert("title".to_owned(), "flowlayer.jsonc".into());
    // Honoured by the editors that read JSON with comments.
    schema.insert("allowTrailingCommas".to_owned(), true.into());
    schema.to_value()
}
