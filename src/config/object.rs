//! How objects of the config are read: field by field, with every problem kept.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::code::Code;
use super::problems::{Place, Problems};
use super::quote::{describe, quote};
use super::suggest::is_same;
use super::tree::{self, Items, NodeId};
use super::values::FromValue;

/// Names that other tools have for something, and what to write here.
pub(super) type Hint = (&'static [&'static str], &'static str);

/// A type that can stand somewhere in a config as written.
pub(super) trait Read: JsonSchema + Sized {
    /// Reads it; `None` after reporting why that cannot be done.
    fn read(node: NodeId, problems: &mut Problems<'_, '_>) -> Option<Self>;
}

impl<T: FromValue> Read for T {
    fn read(node: NodeId, problems: &mut Problems<'_, '_>) -> Option<Self> {
        if matches!(problems.tree.value(node), tree::Value::NotFinite) {
            // Reported wherever it stands.
            return None;
        }
        match T::from_value(&problems.tree.to_json(node)) {
            Ok(value) => Some(value),
            Err(fault) => {
                problems.fault(node, fault);
                None
            }
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Field<T> {
    /// Where its value stands; `None` when the field is absent.
    pub(super) node: Option<NodeId>,
    /// The value; `None` when it is absent or wrong.
    pub(super) value: Option<T>,
}

impl<T> Default for Field<T> {
    fn default() -> Self {
        Self {
            node: None,
            value: None,
        }
    }
}

impl<T> Field<T> {
    /// Where it stands, and the value, when it is there and right.
    pub(super) fn placed(&self) -> Option<(NodeId, &T)> {
        Some((self.node?, self.value.as_ref()?))
    }
}

pub(super) struct Object<'o, 't, 'a> {
    node: NodeId,
    members: &'t Items,
    problems: &'o mut Problems<'t, 'a>,
}

impl<'o, 't, 'a> Object<'o, 't, 'a> {
    /// Begins to read an object; `None` after reporting that it is none.
    pub(super) fn open(node: NodeId, problems: &'o mut Problems<'t, 'a>) -> Option<Self> {
        let members = members(node, problems)?;
        Some(Self {
            node,
            members,
            problems,
        })
    }

    /// Reports every member that is none of the known fields.
    pub(super) fn check_names(&mut self, known: &'static [&'static str], hints: &[Hint]) {
        for &member in &self.members.nodes {
            let key = self.problems.tree.key(member).unwrap_or_default();
            if !known.contains(&key) {
                let message = format!("unknown field {}", quote(key));
                let is_meant = |(names, _): &&Hint| names.iter().any(|name| is_same(name, key));
                if let Some((_, help)) = hints.iter().find(is_meant) {
                    let (place, help) = (Place::Key(member), Some((*help).to_owned()));
                    self.problems
                        .error_with_help(Code::UnknownField, place, message, help);
                    continue;
                }
                let words = ("fields", known.iter().copied(), known.len());
                self.problems
                    .unknown(Code::UnknownField, Place::Key(member), message, key, words);
            }
        }
    }

    /// Reads a field. Of a duplicate the first counts.
    pub(super) fn field<T: Read>(&mut self, name: &str) -> Field<T> {
        let tree = self.problems.tree;
        let mut members = self.members.nodes.iter().copied();
        let node = members.find(|&member| tree.key(member) == Some(name));
        Field {
            node,
            value: node.and_then(|node| T::read(node, self.problems)),
        }
    }

    /// Reports a field as missing, unless the file ends before the object does.
    pub(super) fn require<T>(&mut self, name: &str, field: &Field<T>) {
        if field.node.is_none() && self.members.complete {
            let message = format!("`{name}` is required here");
            self.problems
                .error(Code::MissingField, Place::Key(self.node), message);
        }
    }
}

/// The members of an object; `None` after reporting that it is none.
pub(super) fn members<'t>(node: NodeId, problems: &mut Problems<'t, '_>) -> Option<&'t Items> {
    members_or(node, problems, |_| None)
}

/// The same, with the object that another value stands for as help.
pub(super) fn members_or<'t>(
    node: NodeId,
    problems: &mut Problems<'t, '_>,
    meant: impl FnOnce(&Value) -> Option<String>,
) -> Option<&'t Items> {
    let tree = problems.tree;
    match tree.value(node) {
        tree::Value::Object(members) => Some(members),
        tree::Value::NotFinite => None,
        _ => {
            let found = tree.to_json(node);
            let message = format!("expected an object, found {}", describe(&found));
            let help = meant(&found).map(|object| format!("write {object}"));
            problems.error_with_help(Code::WrongType, Place::Value(node), message, help);
            None
        }
    }
}

/// What the JSON Schema of an object says about one of its fields.
pub(super) struct FieldSchema {
    pub(super) name: &'static str,
    pub(super) doc: &'static str,
    pub(super) schema: Schema,
    /// Further keywords: its default, examples.
    pub(super) more: Value,
    pub(super) is_required: bool,
}

/// The JSON Schema of an object with these fields.
pub(super) fn object_schema(about: &str, fields: impl IntoIterator<Item = FieldSchema>) -> Schema {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for mut field in fields {
        field
            .schema
            .insert("description".to_owned(), one_line(field.doc).into());
        if let Value::Object(more) = field.more {
            for (keyword, value) in more {
                field.schema.insert(keyword, value);
            }
        }
        properties.insert(field.name.to_owned(), field.schema.to_value());
        if field.is_required {
            required.push(field.name);
        }
    }
    let mut schema = schemars::json_schema!({
        "description": one_line(about),
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema
}

/// A doc comment without the line ends that only our margin asks for.
fn one_line(doc: &str) -> String {
    let lines: Vec<&str> = doc.lines().map(str::trim).collect();
    lines.join(" ")
}

/// The schema of a field's type.
pub(super) fn field_schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Declares an object of the config once, for reading it and for its JSON Schema.
///
/// A line is `"name" [required] => field: Type { "default": …, "examples": […] },` under its
/// documentation, which is also what the schema says. `hinted by NAME` gives the help for names that
/// other tools use.
macro_rules! object {
    (
        $(#[doc = $about:literal])+
        struct $name:ident $(hinted by $hints:ident)? {
            $(
                $(#[doc = $doc:literal])+
                $key:literal $([$required:ident])? => $field:ident: $type:ty { $($more:tt)* },
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Default)]
        #[allow(dead_code, reason = "a field that is only checked is read by nobody")]
        pub(super) struct $name {
            $(
                $(#[doc = $doc])+
                pub(super) $field: $crate::config::object::Field<$type>,
            )+
        }

        impl $crate::config::object::Read for $name {
            fn read(
                node: $crate::config::tree::NodeId,
                problems: &mut $crate::config::problems::Problems<'_, '_>,
            ) -> Option<Self> {
                let mut object = $crate::config::object::Object::open(node, problems)?;
                let hints: &[$crate::config::object::Hint] = &[];
                $( let hints = [hints, &$hints].concat(); )?
                object.check_names(&[$($key),+], &hints);
                $(
                    let $field = object.field($key);
                    $( object!(@$required object, $key, $field); )?
                )+
                Some(Self { $($field),+ })
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let fields = [$($crate::config::object::FieldSchema {
                    name: $key,
                    doc: concat!($($doc, "\n"),+),
                    schema: $crate::config::object::field_schema::<$type>(generator),
                    more: serde_json::json!({ $($more)* }),
                    is_required: !["", $(stringify!($required))?].concat().is_empty(),
                }),+];
                $crate::config::object::object_schema(concat!($($about, "\n"),+), fields)
            }
        }
    };
    (@required $object:ident, $key:literal, $field:ident) => {
        $object.require($key, &$field);
    };
}

pub(super) use object;
