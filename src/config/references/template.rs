//! A text together with its references.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::scan::{self, Reference, ReferenceError};

/// A text of the config in which references may stand.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    /// As written.
    text: Box<str>,
    /// In the order of the text.
    references: Vec<Placed>,
}

/// A reference in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Where it stands in the text, in bytes.
    at: Range<usize>,
    /// What it refers to.
    pub to: Reference,
    /// Where it stands in the config.
    pub spot: Spot,
}

/// A place in a config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The field: `services.api.cmd[1]`.
    pub path: Arc<str>,
    /// In bytes of the source text.
    pub span: Range<usize>,
}

impl Spot {
    /// The file as a whole.
    pub(super) fn nowhere() -> Self {
        Self {
            path: "".into(),
            span: 0..0,
        }
    }
}

impl Template {
    /// A text in which nothing is a reference.
    pub fn literal(text: impl Into<Box<str>>) -> Self {
        Self {
            text: text.into(),
            references: Vec::new(),
        }
    }

    /// The port of a service between two texts.
    pub(in crate::config) fn port_of(name: &str, before: &str, after: &str, spot: Spot) -> Self {
        let reference = format!("${{services.{name}.port}}");
        Self {
            text: format!("{before}{reference}{after}").into(),
            references: vec![Placed {
                at: before.len()..before.len() + reference.len(),
                to: Reference::Port(name.into()),
                spot,
            }],
        }
    }

    /// Reads a text, whose references stand where `spot` says. What is no reference although it begins
    /// like one goes to `wrong`.
    pub fn parse(
        text: impl Into<Box<str>>,
        mut spot: impl FnMut(Range<usize>) -> Spot,
        mut wrong: impl FnMut(Spot, ReferenceError),
    ) -> Self {
        let text = text.into();
        let mut references = Vec::new();
        for found in scan::find(&text) {
            let spot = spot(found.at.clone());
            match found.what {
                Ok(to) => references.push(Placed {
                    at: found.at,
                    to,
                    spot,
                }),
                Err(error) => wrong(spot, error),
            }
        }
        Self { text, references }
    }

    /// The text as written.
    pub fn written(&self) -> &str {
        &self.text
    }

    /// What it refers to, in its order.
    pub fn references(&self) -> &[Placed] {
        &self.references
    }

    /// Whether it means what is written.
    pub fn is_literal(&self) -> bool {
        self.references.is_empty()
    }

    /// Refuses another scheme than HTTP before the first reference: nothing that is referred to can mend it.
    pub(in crate::config) fn check_scheme(&self) -> Result<(), String> {
        let end = self.references.first().map_or(0, |placed| placed.at.start);
        let Some((scheme, _)) = self.text[..end].split_once("://") else {
            return Ok(());
        };
        if ["http", "https"]
            .iter()
            .any(|it| it.eq_ignore_ascii_case(scheme))
        {
            return Ok(());
        }
        Err("does not start with http:// or https://".to_owned())
    }

    /// The text with each reference replaced; the first error ends it.
    pub(in crate::config) fn fill<E>(
        &self,
        mut value: impl FnMut(&Placed) -> Result<String, E>,
    ) -> Result<String, E> {
        let mut filled = String::with_capacity(self.text.len());
        let mut from = 0;
        for placed in &self.references {
            filled.push_str(&self.text[from..placed.at.start]);
            match placed.to {
                Reference::Escape => {
                    filled.push_str(&self.text[placed.at.start + 1..placed.at.end]);
                }
                _ => filled.push_str(&value(placed)?),
            }
            from = placed.at.end;
        }
        filled.push_str(&self.text[from..]);
        Ok(filled)
    }

    /// How a reference is written.
    pub(super) fn written_as(&self, placed: &Placed) -> &str {
        &self.text[placed.at.clone()]
    }
}

/// The text: where it stands is nothing that matters of it.
impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}
