//! Header fields of an `http` probe.

use flowlayer_probes::Headers as Fields;

use super::code::Code;
use super::object::{Read, members};
use super::problems::{Place, Problems};
use super::quote::quote;
use super::tree::NodeId;
use super::values::schema;

/// Header fields, as an object of strings.
#[derive(Debug)]
pub(super) struct Headers(pub(super) Fields);

impl Read for Headers {
    fn read(node: NodeId, problems: &mut Problems<'_, '_>) -> Option<Self> {
        let tree = problems.tree;
        let mut fields = Vec::new();
        let mut is_sound = true;
        for &member in &members(node, problems)?.nodes {
            let name = tree.key(member).unwrap_or_default();
            let value = String::read(member, problems);
            if !is_name(name) {
                let message = format!("{} is no name of a header field", quote(name));
                problems.error(Code::InvalidHeader, Place::Key(member), message);
                is_sound = false;
            }
            match value {
                // The value is not shown: it may be secret.
                Some(value) if value.contains(|c: char| c.is_ascii_control() && c != '\t') => {
                    let message = "a header field cannot contain control characters";
                    problems.error(Code::InvalidHeader, Place::Value(member), message);
                    is_sound = false;
                }
                Some(value) => fields.push((name.to_owned(), value)),
                None => is_sound = false,
            }
        }
        is_sound.then_some(Self(Fields(fields)))
    }
}

/// A token of HTTP.
fn is_name(name: &str) -> bool {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !name.is_empty() && name.chars().all(is_token)
}

schema!(Headers, { "type": "object", "additionalProperties": { "type": "string" } });
