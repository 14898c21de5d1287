//! `flowlayer.jsonc(5)`: every field of a configuration, from the JSON Schema.

use clap_mangen::roff::{Roff, bold, italic, roman};
use flowlayer_core::config::{FILE_NAMES, json_schema};
use serde_json::Value;

const ABOUT: &str = "A stack of local services: their commands, what they depend on, and when they are ready. \
The file is JSON with comments and trailing commas. An unknown field is an error. \
flowlayer validate reports every problem of a file.";

/// The text of the page.
pub(super) fn page() -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let title =
        format!(".TH flowlayer.jsonc 5 \"\" \"flowlayer {version}\" \"FlowLayer Manual\"\n");
    let mut roff = Roff::new();
    roff.control("SH", ["NAME"]);
    roff.text([roman(
        "flowlayer.jsonc - configuration of a FlowLayer stack",
    )]);
    roff.control("SH", ["DESCRIPTION"]);
    roff.text([roman(ABOUT)]);
    roff.control("SH", ["FIELDS"]);
    let schema = json_schema();
    fields(&schema, "", &schema, &mut roff);
    roff.control("SH", ["FILES"]);
    let names = FILE_NAMES.join(", ");
    roff.text([roman(format!(
        "The first of these in the current directory, unless one is named: {names}."
    ))]);
    roff.control("SH", ["SEE ALSO"]);
    roff.control("BR", ["flowlayer", "(1),"]);
    roff.control("BR", ["flowlayer-validate", "(1)"]);
    let mut text = title.into_bytes();
    roff.to_writer(&mut text)
        .expect("writing into memory cannot fail");
    text
}

/// The fields of an object, and of the objects in it.
fn fields(object: &Value, path: &str, root: &Value, roff: &mut Roff) {
    let none = serde_json::Map::new();
    for (name, field) in object["properties"].as_object().unwrap_or(&none) {
        let path = format!("{path}{name}");
        let meant = resolved(field, root);
        let about = field["description"].as_str().unwrap_or_default();
        roff.control("TP", []);
        roff.text([bold(&path), roman(" "), italic(kind(field, root))]);
        roff.text([roman(about)]);
        fields(meant, &format!("{path}."), root, roff);
        // Of the maps only that of the services has objects in it.
        let each = resolved(&meant["additionalProperties"], root);
        fields(each, &format!("{path}.NAME."), root, roff);
    }
}

fn resolved<'v>(schema: &'v Value, root: &'v Value) -> &'v Value {
    let name = schema["$ref"].as_str();
    let name = name.and_then(|name| name.strip_prefix("#/$defs/"));
    name.map_or(schema, |name| &root["$defs"][name])
}

/// The permitted values: a type, or a list.
fn kind(schema: &Value, root: &Value) -> String {
    let schema = resolved(schema, root);
    let any = ["enum", "oneOf"].map(|key| schema[key].as_array());
    if let [Some(words), _] = any {
        let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
        return words.join(" | ");
    }
    if let [_, Some(forms)] = any {
        let forms: Vec<_> = forms.iter().map(|form| kind(form, root)).collect();
        return forms.join(" | ");
    }
    let word = schema["const"].as_str().or(schema["type"].as_str());
    word.unwrap_or_default().to_owned()
}
