//! A config as written: values with the places they stand at.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;

use serde_json::{Map, Number};

/// Which node of a tree. Ids ascend in the order of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NodeId(pub(super) u32);

/// All values of one text, in the order they begin. It may end early, when the grammar did.
#[derive(Debug, Default)]
pub(super) struct Tree<'a> {
    /// The text that has been read.
    pub(super) text: &'a str,
    pub(super) nodes: Vec<Node<'a>>,
}

#[derive(Debug)]
pub(super) struct Node<'a> {
    /// The array or object it is in.
    pub(super) parent: Option<NodeId>,
    /// What leads to it from there.
    pub(super) step: Step<'a>,
    /// Where it stands, in bytes.
    pub(super) span: Range<u32>,
    pub(super) value: Value<'a>,
}

/// What leads from an array or object to a value in it.
#[derive(Debug)]
pub(super) enum Step<'a> {
    /// Nothing: it is the whole file.
    Root,
    /// A key of an object.
    Key {
        text: Cow<'a, str>,
        span: Range<u32>,
    },
    /// A place in an array, from 0.
    Index(usize),
}

#[derive(Debug)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'a, str>),
    Array(Items),
    Object(Items),
    /// `Infinity`, `NaN`, or a number beyond all bounds.
    NotFinite,
}

#[derive(Debug, Default)]
pub(super) struct Items {
    pub(super) nodes: Vec<NodeId>,
    /// Whether its end has been seen. Otherwise more may have been meant to be in it.
    pub(super) complete: bool,
}

impl<'a> Tree<'a> {
    pub(super) fn root(&self) -> Option<NodeId> {
        (!self.nodes.is_empty()).then_some(NodeId(0))
    }

    pub(super) fn node(&self, id: NodeId) -> &Node<'a> {
        &self.nodes[id.0 as usize]
    }

    pub(super) fn value(&self, id: NodeId) -> &Value<'a> {
        &self.node(id).value
    }

    pub(super) fn span(&self, id: NodeId) -> Range<usize> {
        wide(&self.node(id).span)
    }

    /// The key a value stands under.
    pub(super) fn key(&self, id: NodeId) -> Option<&str> {
        match &self.node(id).step {
            Step::Key { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Where that key stands; the value itself when there is none.
    pub(super) fn key_span(&self, id: NodeId) -> Range<usize> {
        match &self.node(id).step {
            Step::Key { span, .. } => wide(span),
            _ => self.span(id),
        }
    }

    /// The members of an object by key; of a duplicate key the first. Nothing for anything else.
    pub(super) fn members(&self, object: NodeId) -> HashMap<&str, NodeId> {
        let mut members = HashMap::new();
        if let Value::Object(items) = self.value(object) {
            for &member in &items.nodes {
                members
                    .entry(self.key(member).unwrap_or_default())
                    .or_insert(member);
            }
        }
        members
    }

    /// One item of an array.
    pub(super) fn item(&self, array: NodeId, index: usize) -> Option<NodeId> {
        match self.value(array) {
            Value::Array(items) => items.nodes.get(index).copied(),
            _ => None,
        }
    }

    /// The path of a value: `services.api.dependsOn[1]`, `services["my app"].cmd`.
    pub(super) fn path(&self, id: NodeId) -> String {
        let mut steps = Vec::new();
        let mut at = Some(id);
        while let Some(id) = at {
            steps.push(&self.node(id).step);
            at = self.node(id).parent;
        }
        let mut path = String::new();
        for step in steps.into_iter().rev() {
            // Writing into a string cannot fail.
            let _ = match step {
                Step::Root => Ok(()),
                Step::Index(index) => write!(path, "[{index}]"),
                Step::Key { text, .. } if !is_plain(text) => {
                    write!(path, "[{}]", serde_json::Value::from(&**text))
                }
                Step::Key { text, .. } if path.is_empty() => write!(path, "{text}"),
                Step::Key { text, .. } => write!(path, ".{text}"),
            };
        }
        path
    }

    /// A value without its places. Of a duplicate key the first counts.
    pub(super) fn to_json(&self, id: NodeId) -> serde_json::Value {
        match self.value(id) {
            Value::Null | Value::NotFinite => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(number) => serde_json::Value::Number(number.clone()),
            Value::String(text) => text.as_ref().into(),
            Value::Array(items) => items.nodes.iter().map(|&item| self.to_json(item)).collect(),
            Value::Object(members) => self.to_map(members).into(),
        }
    }

    pub(super) fn to_map(&self, members: &Items) -> Map<String, serde_json::Value> {
        let mut map = Map::new();
        for &member in &members.nodes {
            let key = self.key(member).unwrap_or_default();
            if !map.contains_key(key) {
                map.insert(key.to_owned(), self.to_json(member));
            }
        }
        map
    }
}

/// Whether a key can stand in a path without quotes.
fn is_plain(key: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$');
    !key.is_empty() && key.bytes().all(plain)
}

fn wide(span: &Range<u32>) -> Range<usize> {
    span.start as usize..span.end as usize
}
