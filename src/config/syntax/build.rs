//! Builds the tree while the grammar reads the text.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use json5::Deserializer;
use serde::de::{Deserialize as _, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::cursor::Cursor;
use super::failure::Failure;
use super::grammar;
use super::spelling::Spellings;
use crate::config::code::Code;
use crate::config::tree::{Items, Node, NodeId, Step, Tree, Value};

/// Objects and arrays within each other. The grammar recurses, so this bounds its stack; no field
/// of a config is deeper than 6.
const MAX_DEPTH: usize = 32;

/// Values in one file: bounds the memory that a file of at most 8 MiB can ask for.
const MAX_VALUES: usize = 1_000_000;

/// A text as far as it could be read.
#[derive(Debug)]
pub(in crate::config) struct Parsed<'a> {
    pub(in crate::config) tree: Tree<'a>,
    pub(in crate::config) failure: Option<Failure>,
    pub(in crate::config) spellings: Spellings,
}

pub(in crate::config) fn parse(text: &str) -> Parsed<'_> {
    let mut builder = Builder {
        cursor: Cursor::new(text),
        tree: Tree {
            text,
            // About what a config has; untouched memory costs nothing.
            nodes: Vec::with_capacity(text.len() / 24),
        },
        open: Vec::new(),
        refused: None,
    };
    let mut grammar = Deserializer::from_str(text);
    let seed = ValueSeed {
        builder: &mut builder,
        parent: None,
        step: Step::Root,
    };
    let outcome = seed
        .deserialize(&mut grammar)
        .and_then(|()| builder.expect_end(&mut grammar));
    let failure = outcome.err().map(|error| {
        let refused = builder.refused.take();
        refused.unwrap_or_else(|| grammar::failure(&error, &mut builder.cursor, &builder.open))
    });
    Parsed {
        tree: builder.tree,
        failure,
        spellings: builder.cursor.spellings,
    }
}

/// The tree so far, and how far that is.
pub(super) struct Builder<'a> {
    cursor: Cursor<'a>,
    tree: Tree<'a>,
    /// Where the brackets stand that are open.
    open: Vec<usize>,
    /// Why we, not the grammar, stopped.
    refused: Option<Failure>,
}

impl<'a> Builder<'a> {
    fn push(&mut self, parent: Option<NodeId>, step: Step<'a>, start: usize) -> NodeId {
        let id = NodeId(narrow(self.tree.nodes.len()));
        self.tree.nodes.push(Node {
            parent,
            step,
            span: narrow(start)..narrow(start),
            value: Value::Null,
        });
        if let Some(parent) = parent
            && let Value::Array(items) | Value::Object(items) = &mut self.node(parent).value
        {
            items.nodes.push(id);
        }
        id
    }

    fn node(&mut self, id: NodeId) -> &mut Node<'a> {
        &mut self.tree.nodes[id.0 as usize]
    }

    /// Sets a value that ends where the cursor is.
    fn set(&mut self, id: NodeId, value: Value<'a>) {
        let end = narrow(self.cursor.at);
        let node = self.node(id);
        node.value = value;
        node.span.end = end;
    }

    fn open(&mut self, id: NodeId, empty: Value<'a>, bracket: u8) {
        self.open.push(self.cursor.at);
        self.cursor.skip_bracket(bracket);
        self.set(id, empty);
    }

    fn close(&mut self, id: NodeId, bracket: u8) {
        self.cursor.skip_around(b',');
        self.cursor.skip_bracket(bracket);
        self.open.pop();
        let end = narrow(self.cursor.at);
        let node = self.node(id);
        node.span.end = end;
        if let Value::Array(items) | Value::Object(items) = &mut node.value {
            items.complete = true;
        }
    }

    /// Stops the grammar before it recurses too deeply or the tree grows too large.
    fn check_limits(&mut self) -> Result<(), Failure> {
        let span = self.cursor.at..self.cursor.at + self.cursor.peek().map_or(0, char::len_utf8);
        let refused = |code, message: String| Failure {
            code,
            span: span.clone(),
            message,
            help: None,
            related: None,
        };
        if self.open.len() >= MAX_DEPTH && matches!(self.cursor.peek(), Some('{' | '[')) {
            let message = format!("objects and arrays are nested over {MAX_DEPTH} levels deep");
            return Err(refused(Code::TooDeep, message));
        }
        if self.tree.nodes.len() >= MAX_VALUES {
            return Err(refused(
                Code::TooManyValues,
                "there are over 1,000,000 values in it".to_owned(),
            ));
        }
        Ok(())
    }

    /// Nothing but trivia may follow the outermost value.
    fn expect_end(&mut self, grammar: &mut Deserializer<'a>) -> Result<(), json5::Error> {
        self.cursor.skip_trivia();
        // The grammar has no way to ask whether it is at the end, so ask for one more value: at the
        // end there is none to begin with. What stands there otherwise may even be one.
        let one_more = <()>::deserialize(grammar);
        if self.cursor.rest().is_empty() {
            return Ok(());
        }
        match one_more {
            // Malformed trivia is worse than what follows it.
            Err(error) if is_about_comment(&error) => Err(error),
            _ => Err(json5::Error::new(json5::ErrorCode::TrailingCharacters)),
        }
    }
}

fn is_about_comment(error: &json5::Error) -> bool {
    use json5::ErrorCode::{EofParsingComment, ExpectedComment};
    matches!(error.code(), Some(EofParsingComment | ExpectedComment))
}

/// Offsets fit: a file has at most 8 MiB.
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// Reads one value into the tree.
struct ValueSeed<'b, 'a> {
    builder: &'b mut Builder<'a>,
    parent: Option<NodeId>,
    step: Step<'a>,
}

impl<'a> DeserializeSeed<'a> for ValueSeed<'_, 'a> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'a>>(self, grammar: D) -> Result<(), D::Error> {
        let builder = self.builder;
        let separator = match self.step {
            Step::Key { .. } => b':',
            // At the outermost value there is no separator; none stands there either.
            Step::Root | Step::Index(_) => b',',
        };
        builder.cursor.skip_around(separator);
        if let Err(refused) = builder.check_limits() {
            let message = refused.message.clone();
            builder.refused = Some(refused);
            return Err(D::Error::custom(message));
        }
        let start = builder.cursor.at;
        let Some(first) = builder.cursor.peek() else {
            return grammar.deserialize_any(serde::de::IgnoredAny).map(|_| ());
        };
        let id = builder.push(self.parent, self.step, start);
        let outcome = grammar.deserialize_any(ValueVisitor { builder, id });
        if outcome.is_err() && !matches!(first, '{' | '[') {
            // What the grammar refused is no value.
            builder.forget(id);
        }
        outcome
    }
}

impl Builder<'_> {
    /// Takes back the value that was begun last.
    fn forget(&mut self, id: NodeId) {
        debug_assert_eq!(id.0 as usize + 1, self.tree.nodes.len());
        let forgotten = self.tree.nodes.pop();
        if let Some(parent) = forgotten.and_then(|node| node.parent)
            && let Value::Array(items) | Value::Object(items) = &mut self.node(parent).value
        {
            items.nodes.pop();
        }
    }
}

struct ValueVisitor<'b, 'a> {
    builder: &'b mut Builder<'a>,
    id: NodeId,
}

impl ValueVisitor<'_, '_> {
    fn number(self, number: Option<Number>) {
        self.builder.cursor.skip_number();
        self.builder
            .set(self.id, number.map_or(Value::NotFinite, Value::Number));
    }
}

impl<'a> Visitor<'a> for ValueVisitor<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.builder.cursor.skip_word("null");
        self.builder.set(self.id, Value::Null);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        let word = if value { "true" } else { "false" };
        self.builder.cursor.skip_word(word);
        self.builder.set(self.id, Value::Bool(value));
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.number(Some(number.into()));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.number(Some(number.into()));
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.number(Number::from_f64(number));
        Ok(())
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<(), E> {
        self.builder.cursor.skip_plain_string(text);
        let value = Value::String(Cow::Borrowed(text));
        self.builder.set(self.id, value);
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.builder.cursor.skip_string();
        let value = Value::String(Cow::Owned(text.to_owned()));
        self.builder.set(self.id, value);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<(), A::Error> {
        let Self { builder, id } = self;
        builder.open(id, Value::Array(Items::default()), b'[');
        for index in 0.. {
            let item = items.next_element_seed(ValueSeed {
                builder,
                parent: Some(id),
                step: Step::Index(index),
            })?;
            if item.is_none() {
                break;
            }
        }
        builder.close(id, b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { builder, id } = self;
        builder.open(id, Value::Object(Items::default()), b'{');
        while let Some((text, span)) = members.next_key_seed(KeySeed(&mut builder.cursor))? {
            members.next_value_seed(ValueSeed {
                builder,
                parent: Some(id),
                step: Step::Key { text, span },
            })?;
        }
        builder.close(id, b'}');
        Ok(())
    }
}

struct KeySeed<'b, 'a>(&'b mut Cursor<'a>);

impl<'a> DeserializeSeed<'a> for KeySeed<'_, 'a> {
    type Value = (Cow<'a, str>, Range<u32>);

    fn deserialize<D: serde::Deserializer<'a>>(self, grammar: D) -> Result<Self::Value, D::Error> {
        self.0.skip_around(b',');
        let start = self.0.at;
        let text = grammar.deserialize_str(KeyVisitor)?;
        match &text {
            // A name without quotes is found in one piece too; what is around it tells.
            Cow::Borrowed(text) if self.0.peek() == Some('"') => self.0.skip_plain_string(text),
            _ => self.0.skip_key(),
        }
        Ok((text, narrow(start)..narrow(self.0.at)))
    }
}

struct KeyVisitor;

impl<'a> Visitor<'a> for KeyVisitor {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text))
    }
}
