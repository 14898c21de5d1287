//! How a process ended.

use std::fmt;
use std::str::FromStr;

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

/// How a process ended. On the wire `exit_code` or `signal`; displays as `exit code 1` or
/// `killed by SIGKILL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "Fields", try_from = "Fields")]
pub enum End {
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl End {
    /// The exit code, when it exited.
    pub const fn code(self) -> Option<i32> {
        match self {
            Self::Code(code) => Some(code),
            Self::Signal(_) => None,
        }
    }

    /// The name of the signal that ended it: `SIGKILL`, or the number of one without a name.
    pub fn signal(self) -> Option<String> {
        match self {
            Self::Code(_) => None,
            Self::Signal(number) => {
                Some(signal_name(number).map_or_else(|| number.to_string(), str::to_owned))
            }
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(number) => match signal_name(number) {
                Some(name) => write!(f, "killed by {name}"),
                None => write!(f, "killed by signal {number}"),
            },
        }
    }
}

/// `SIGKILL`; real-time signals have no name.
pub fn signal_name(number: i32) -> Option<&'static str> {
    Signal::try_from(number).ok().map(Signal::as_str)
}

#[derive(Serialize, Deserialize)]
struct Fields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signal: Option<String>,
}

impl From<End> for Fields {
    fn from(end: End) -> Self {
        Self {
            exit_code: end.code(),
            signal: end.signal(),
        }
    }
}

impl TryFrom<Fields> for End {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        match (fields.exit_code, fields.signal) {
            (Some(code), _) => Ok(Self::Code(code)),
            (None, Some(name)) => Signal::from_str(&name)
                .map(|signal| signal as i32)
                .or_else(|_| name.parse())
                .map(Self::Signal)
                .map_err(|_| "unknown signal"),
            (None, None) => Err("neither exit_code nor signal"),
        }
    }
}
