//! A `ready` object as a kind sees it: its own fields, read one by one, with every fault kept.

use serde_json::{Map, Value};

use crate::fault::{Fault, Severity};
use crate::value::FromValue;

/// The raw fields of one `ready` object, and what was found wrong with them so far.
#[derive(Debug)]
pub struct Fields<'a> {
    raw: &'a Map<String, Value>,
    service_port: Option<u16>,
    faults: Vec<Fault>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(raw: &'a Map<String, Value>, service_port: Option<u16>) -> Self {
        Self {
            raw,
            service_port,
            faults: Vec::new(),
        }
    }

    /// Reads a field. `None` when it is absent, or when it is wrong, which is then noted.
    pub fn read<T: FromValue>(&mut self, name: &str) -> Option<T> {
        match T::from_value(self.raw.get(name)?) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.report(fault.in_field(name));
                None
            }
        }
    }

    /// Whether a field is written at all.
    pub fn has(&self, name: &str) -> bool {
        self.raw.contains_key(name)
    }

    /// The names of all fields, in the order they are written.
    pub fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.raw.keys().map(String::as_str)
    }

    /// The port of the service this object belongs to, unless it has none.
    pub fn service_port(&self) -> Option<u16> {
        self.service_port
    }

    /// Notes a fault. From an object with over ten thousand of them the rest is left out, so that
    /// no input can make the list large.
    pub fn report(&mut self, fault: Fault) {
        if self.faults.len() < 10_000 || fault.severity == Severity::Error && !self.has_error() {
            self.faults.push(fault);
        }
    }

    fn has_error(&self) -> bool {
        self.faults
            .iter()
            .any(|fault| fault.severity == Severity::Error)
    }

    pub(crate) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }
}
