//! What stops the grammar.

use std::ops::Range;

use crate::config::code::Code;

/// Why a text could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct Failure {
    pub(in crate::config) code: Code,
    pub(in crate::config) span: Range<usize>,
    pub(in crate::config) message: String,
    pub(in crate::config) help: Option<String>,
    /// Another place that has to do with it, and what.
    pub(in crate::config) related: Option<(Range<usize>, &'static str)>,
}

impl Failure {
    /// Whether a person may have made this mistake in a config, rather than handed over something
    /// that is none.
    pub(in crate::config) fn is_slip(&self) -> bool {
        self.code == Code::Syntax
    }

    pub(super) fn with_help(mut self, help: &str) -> Self {
        self.help = Some(help.to_owned());
        self
    }
}
