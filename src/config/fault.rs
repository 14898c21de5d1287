//! What is wrong with a value, before it is known where the value stands.

use super::code::Code;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Help {
    None,
    Text(String),
    /// One of these was probably meant.
    Among {
        found: String,
        /// All that could be written there.
        known: &'static [&'static str],
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The item of the value that it is about, from 0; `None`: the value as a whole.
    pub(super) item: Option<usize>,
    pub(super) code: Code,
    /// What is wrong, lower-case, without the path.
    pub(super) message: String,
    pub(super) help: Help,
}

impl Fault {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            item: None,
            code,
            message: message.into(),
            help: Help::None,
        }
    }

    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Help::Text(help.into());
        self
    }

    /// The same, with what could have been meant.
    pub(super) fn with_known(mut self, found: &str, known: &'static [&'static str]) -> Self {
        let found = found.to_owned();
        self.help = Help::Among { found, known };
        self
    }

    /// The same, about one item of the value.
    pub(super) fn in_item(mut self, index: usize) -> Self {
        self.item = Some(index);
        self
    }
}
