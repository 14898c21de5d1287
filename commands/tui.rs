//! `flowlayer tui`: the cockpit (SPEC 6).

mod ansi;
mod keys;
mod log;
mod message;
mod model;
mod prompt;
#[cfg(test)]
mod sample;
mod service;
mod theme;
mod update;
mod view;
mod words;
