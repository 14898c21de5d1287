//! The kinds of probes, as data.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use crate::{Probe, exec, http, log, none, tcp};

/// Every kind there is, in the order they are documented.
pub const KINDS: &[Kind] = &[http::KIND, tcp::KIND, none::KIND, log::KIND, exec::KIND];

/// One kind of probe: everything that reading, checking, schema and documentation need.
pub struct Kind {
    /// What it is called.
    pub name: &'static str,
    /// When it passes, in one sentence.
    pub about: &'static str,
    /// Limit of one attempt, unless another is asked for.
    pub attempt_timeout: Duration,
    /// What it needs to make a probe.
    pub parameters: &'static [Parameter],
    /// Makes the probe; `None`: there is nothing to wait for.
    pub build: Option<Build>,
}

/// Makes a probe of its arguments.
pub type Build = fn(&Arguments) -> Result<Arc<dyn Probe>, Refusal>;

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kind").field(&self.name).finish()
    }
}

/// Something that a kind needs to make a probe. Kinds may share a parameter of the same name and type.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub about: &'static str,
    /// What values it takes.
    pub takes: Type,
    /// What happens without it.
    pub absent: Absent,
    /// What it means to leave it out, where a value says that, as JSON.
    pub default: Option<&'static str>,
    /// What could be written, as JSON.
    pub example: &'static str,
}

/// What values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Text that is to be a URL.
    Url,
    /// Text that is to be a regular expression.
    Pattern,
    /// A port, 1–65535.
    Port,
    /// A command: its argv, which is not empty.
    Command,
    /// HTTP header fields: an object of strings.
    Headers,
    /// HTTP statuses: one, a range, or a list of these.
    Statuses,
}

/// What happens when a parameter is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// There is no probe without it.
    Refused,
    /// The port of the service is taken; without one there is no probe.
    ServicePort,
    /// The kind knows what to do.
    Accepted,
    /// A path on the port of the service may stand for it; without either there is no probe.
    PathOnServicePort,
}

/// What a parameter is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// For [`Type::Url`] and [`Type::Pattern`].
    Text(String),
    /// For [`Type::Port`].
    Port(u16),
    /// For [`Type::Command`].
    Command(Vec<String>),
    /// For [`Type::Headers`].
    Headers(Headers),
    /// For [`Type::Statuses`].
    Statuses(Vec<RangeInclusive<u16>>),
}

/// Names and values of HTTP header fields. Values may be credentials: debug output leaves them out.
#[derive(Clone, PartialEq, Eq)]
pub struct Headers(pub Vec<(String, String)>);

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}

/// The arguments of one probe, by parameter.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Arguments(pub BTreeMap<&'static str, Argument>);

impl Arguments {
    /// A text.
    pub fn text(&self, parameter: &'static str) -> Result<&str, Refusal> {
        match self.0.get(parameter) {
            Some(Argument::Text(text)) => Ok(text),
            _ => Err(Refusal::missing(parameter)),
        }
    }

    /// A port.
    pub fn port(&self, parameter: &'static str) -> Result<u16, Refusal> {
        match self.0.get(parameter) {
            Some(Argument::Port(port)) => Ok(*port),
            _ => Err(Refusal::missing(parameter)),
        }
    }

    /// Header fields; none when they are not given.
    pub fn headers(&self, parameter: &'static str) -> &[(String, String)] {
        match self.0.get(parameter) {
            Some(Argument::Headers(Headers(headers))) => headers,
            _ => &[],
        }
    }

    /// Statuses, where they are given.
    pub fn statuses(&self, parameter: &'static str) -> Option<&[RangeInclusive<u16>]> {
        match self.0.get(parameter) {
            Some(Argument::Statuses(statuses)) => Some(statuses),
            _ => None,
        }
    }

    /// A command.
    pub fn command(&self, parameter: &'static str) -> Result<&[String], Refusal> {
        match self.0.get(parameter) {
            Some(Argument::Command(argv)) => Ok(argv),
            _ => Err(Refusal::missing(parameter)),
        }
    }
}

/// Why a kind cannot make a probe of its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The parameter it is about.
    pub parameter: &'static str,
    /// What is wrong with its argument.
    pub why: String,
    /// What to give instead.
    pub help: Option<&'static str>,
}

impl Refusal {
    fn missing(parameter: &'static str) -> Self {
        Self {
            parameter,
            why: "is missing".to_owned(),
            help: None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
