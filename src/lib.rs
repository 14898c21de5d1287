//! FlowLayer core: config → plan → runtime → session, and the client of that session.
//!
//! It knows nothing of argument parsers or screens, prints nothing and never exits the process.
#![deny(unsafe_code)]

pub mod client;
pub mod config;
pub mod facts;
pub mod history;
pub mod import;
pub mod logs;
pub mod plan;
pub mod ports;
#[allow(unsafe_code)]
pub mod process;
pub mod protocol;
pub mod runtime;
pub mod sanitize;
pub mod screen;
pub mod session;
pub mod shell;
pub mod why;
