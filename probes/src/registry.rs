//! The kinds of probes, as data, and how a `ready` object becomes a probe.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::fault::{Fault, Part};
use crate::fields::Fields;
use crate::value::{FromValue, Millis, quote};
use crate::{Probe, exec, http, log, none, tcp};

/// Every kind there is, in the order they are documented.
pub const KINDS: &[Kind] = &[http::KIND, tcp::KIND, none::KIND, log::KIND, exec::KIND];

/// One kind of probe: everything that reading, checking, schema and documentation need.
pub struct Kind {
    /// What stands in `ready.type`.
    pub name: &'static str,
    /// When it passes, in one sentence.
    pub about: &'static str,
    /// Limit of one attempt unless `ready.attemptTimeoutMs` says otherwise.
    pub attempt_timeout: Duration,
    /// The fields of its own, beside those every kind has.
    pub fields: &'static [Field],
    /// Fields of other kinds that mean nothing here but are left alone without a warning.
    pub tolerates: &'static [&'static str],
    /// Makes the probe. `None` when there is nothing to probe, or after reporting an error.
    /// Missing required fields are reported by the registry, not here.
    pub build: fn(&mut Fields<'_>) -> Option<Arc<dyn Probe>>,
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kind").field(&self.name).finish()
    }
}

/// A field of a kind.
#[derive(Debug)]
pub struct Field {
    /// Its name in the `ready` object.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub about: &'static str,
    /// Whether the kind cannot do without it.
    pub required: bool,
    schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Field {
    /// A field that the kind cannot do without, of type `T`.
    pub const fn required<T: FromValue>(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            required: true,
            schema: SchemaGenerator::subschema_for::<T>,
        }
    }

    /// A field that may be left out, of type `T`.
    pub const fn optional<T: FromValue>(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            required: false,
            schema: SchemaGenerator::subschema_for::<T>,
        }
    }
}

/// Fields that every kind has.
const COMMON: &[Field] = &[
    Field::optional::<Millis>(
        "timeoutMs",
        "Time in ms within which the probe must have passed; otherwise the service is stopped and has failed. Absent: no limit.",
    ),
    Field::optional::<Millis>(
        "attemptTimeoutMs",
        "Time limit of one attempt in ms. Default: 200 (tcp), 2000 (http), 5000 (exec).",
    ),
];

/// What a `ready` object means.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The probe; `None` when there is nothing to wait for.
    pub probe: Option<Arc<dyn Probe>>,
    /// Limit of one attempt.
    pub attempt_timeout: Duration,
    /// Limit of the whole wait; `None`: for ever.
    pub timeout: Option<Duration>,
}

/// Reads a `ready` object (docs/config.md, Readiness). `service_port` is the `port` of its service,
/// if it has one.
///
/// All that is wrong is in the list of faults. The first member is `None` exactly when one of them
/// is an error.
pub fn build(raw: &Map<String, Value>, service_port: Option<u16>) -> (Option<Ready>, Vec<Fault>) {
    let mut fields = Fields::new(raw, service_port);
    let timeout = fields.read::<Millis>("timeoutMs");
    let attempt_timeout = fields.read::<Millis>("attemptTimeoutMs");
    let kind = kind_of(&mut fields);
    check_names(&mut fields, kind);
    let probe = kind.and_then(|kind| {
        check_required(&mut fields, kind);
        (kind.build)(&mut fields)
    });
    let ready = kind.map(|kind| Ready {
        probe,
        attempt_timeout: attempt_timeout.map_or(kind.attempt_timeout, |limit| limit.0),
        timeout: timeout.map(|limit| limit.0),
    });
    let faults = fields.into_faults();
    let sound = faults
        .iter()
        .all(|fault| fault.severity == crate::Severity::Warning);
    (ready.filter(|_| sound), faults)
}

fn kind_of(fields: &mut Fields<'_>) -> Option<&'static Kind> {
    if !fields.has("type") {
        let names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
        fields.report(
            Fault::error("missing_field", "`type` is required in `ready`")
                .with_help(format!("known types: {}", names.join(", "))),
        );
        return None;
    }
    let name = fields.read::<String>("type")?;
    let kind = KINDS.iter().find(|kind| kind.name == name);
    if kind.is_none() {
        let known = KINDS.iter().map(|kind| kind.name);
        fields.report(
            Fault::error(
                "unknown_value",
                format!("unknown probe type {}", quote(&name)),
            )
            .with_known(&name, known)
            .in_field("type"),
        );
    }
    kind
}

/// Reports names that no kind has, and those that the chosen kind does nothing with.
fn check_names(fields: &mut Fields<'_>, kind: Option<&'static Kind>) {
    for name in fields.names() {
        let common = name == "type" || COMMON.iter().any(|field| field.name == name);
        let of = |kind: &Kind| kind.fields.iter().any(|field| field.name == name);
        if !common && !KINDS.iter().any(of) {
            fields.report(
                Fault::error(
                    "unknown_field",
                    format!("unknown field {} in `ready`", quote(name)),
                )
                .with_known(name, field_names(kind))
                .with_part(Part::Key)
                .in_field(name),
            );
            continue;
        }
        let Some(kind) = kind else { continue };
        let used = of(kind) || (common && (name == "type" || kind.name != none::KIND.name));
        if !used && !kind.tolerates.contains(&name) {
            fields.report(
                Fault::warning(
                    "unused_field",
                    format!("`{name}` has no effect with type \"{}\"", kind.name),
                )
                .with_part(Part::Key)
                .in_field(name),
            );
        }
    }
}

/// What could be written in a `ready` object of this kind, or of any.
fn field_names(kind: Option<&'static Kind>) -> Vec<&'static str> {
    let of_kinds = KINDS
        .iter()
        .filter(|other| kind.is_none_or(|kind| kind.name == other.name))
        .flat_map(|kind| kind.fields);
    let mut names = vec!["type"];
    for field in of_kinds.chain(COMMON) {
        if !names.contains(&field.name) {
            names.push(field.name);
        }
    }
    names
}

fn check_required(fields: &mut Fields<'_>, kind: &Kind) {
    for field in kind.fields {
        if field.required && !fields.has(field.name) {
            fields.report(Fault::error(
                "missing_field",
                format!(
                    "`{}` is required in `ready` with type \"{}\"",
                    field.name, kind.name
                ),
            ));
        }
    }
}

/// The JSON Schema of a `ready` object, from the same data that reads it.
pub fn schema(generator: &mut SchemaGenerator) -> Schema {
    let types: Vec<_> = KINDS
        .iter()
        .map(|kind| json!({ "const": kind.name, "description": kind.about }))
        .collect();
    let mut properties = Map::new();
    properties.insert(
        "type".to_owned(),
        json!({ "description": "What is waited for.", "oneOf": types }),
    );
    for field in KINDS.iter().flat_map(|kind| kind.fields).chain(COMMON) {
        if !properties.contains_key(field.name) {
            let mut schema = (field.schema)(generator);
            schema.insert("description".to_owned(), field.about.into());
            properties.insert(field.name.to_owned(), schema.to_value());
        }
    }
    let required: Vec<_> = KINDS
        .iter()
        .filter_map(|kind| {
            let needs: Vec<_> = kind.fields.iter().filter(|f| f.required).map(|f| f.name).collect();
            (!needs.is_empty()).then(|| {
                json!({
                    "if": { "properties": { "type": { "const": kind.name } }, "required": ["type"] },
                    "then": { "required": needs },
                })
            })
        })
        .collect();
    json_schema!({
        "type": "object",
        "properties": properties,
        "required": ["type"],
        "additionalProperties": false,
        "allOf": required,
    })
}

/// Stands for a `ready` object in types that derive their schema.
#[derive(Debug)]
pub struct ReadySchema;

impl JsonSchema for ReadySchema {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Ready".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        schema(generator)
    }
}

#[cfg(test)]
pub(crate) mod tests;
