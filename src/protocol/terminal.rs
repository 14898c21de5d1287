//! Terminals of services: what is drawn of them, as base64 because it need not be UTF-8.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What an attached client has to draw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalOutput {
    /// The service's name.
    pub service: String,
    /// The size of its terminal.
    pub rows: u16,
    /// The size of its terminal.
    pub cols: u16,
    /// Bytes for a terminal that is at least as large.
    #[serde(serialize_with = "write", deserialize_with = "read")]
    pub data: Vec<u8>,
}

/// The `data` of the result of an `attach_terminal`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalScreen {
    /// The size of the terminal.
    pub rows: u16,
    /// The size of the terminal.
    pub cols: u16,
    /// Bytes that draw all of it, whatever the client's terminal shows.
    #[serde(serialize_with = "write", deserialize_with = "read")]
    pub screen: Vec<u8>,
}

/// As base64.
pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// From base64; `None` if it is none.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

fn write<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&encode(bytes))
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
    decode(&text).ok_or_else(|| D::Error::custom("it is not base64"))
}
