//! What is wrong with a value or a field, as data: the config puts it into words and under a caret.

/// Whether a config with this fault can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, but it may not do what its writer thinks.
    Warning,
}

/// Which part of a field a fault is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its name.
    Key,
    /// Its value.
    Value,
    /// One item of its value, counted from 0.
    Item(usize),
}

/// What could be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Help {
    /// Nothing that could be told.
    None,
    /// These words.
    Text(String),
    /// One of these was probably meant.
    Among {
        /// What is written.
        found: Box<str>,
        /// All that could be written there.
        known: Box<[&'static str]>,
    },
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field it is about; `None`: the object (or, from a value, the value) as a whole.
    pub field: Option<Box<str>>,
    /// The part of that field.
    pub part: Part,
    /// How bad it is.
    pub severity: Severity,
    /// Stable code, for machines.
    pub code: &'static str,
    /// What is wrong, lower-case, without the path.
    pub message: Box<str>,
    /// What to do about it.
    pub help: Help,
}

impl Fault {
    /// An error about a value, to be placed by whoever knows where the value stands.
    pub fn error(code: &'static str, message: impl Into<Box<str>>) -> Self {
        Self {
            field: None,
            part: Part::Value,
            severity: Severity::Error,
            code,
            message: message.into(),
            help: Help::None,
        }
    }

    /// A warning about a value.
    pub fn warning(code: &'static str, message: impl Into<Box<str>>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// The same, with words of help.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Help::Text(help.into());
        self
    }

    /// The same, with what could have been meant.
    #[must_use]
    pub fn with_known(
        mut self,
        found: &str,
        known: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        self.help = Help::Among {
            found: found.into(),
            known: known.into_iter().collect(),
        };
        self
    }

    /// The same, about one part of the value.
    #[must_use]
    pub fn with_part(mut self, part: Part) -> Self {
        self.part = part;
        self
    }

    /// The same, about a field.
    #[must_use]
    pub fn in_field(mut self, field: &str) -> Self {
        self.field = Some(field.into());
        self
    }
}
