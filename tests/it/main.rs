//! Integration tests: the real binary, real processes, real sockets, a real terminal.
//!
//! Each module tests one face of the product through what a person or a client can see of it. How
//! they start and watch it is in [`harness`].

mod action;
mod actions;
mod arrows;
mod auto_ports;
mod boot;
mod cli;
mod cockpit;
mod cockpit_tasks;
mod completing;
mod config;
mod config_references;
mod debugging;
mod detach;
mod ending;
mod examples;
mod faults;
mod fuzzed;
mod generated;
mod groups;
mod guide;
mod harness;
mod history;
mod init;
mod kills;
mod lifecycle;
mod log_command;
mod logs;
mod mcp;
mod open;
mod output;
mod packaging;
mod projects;
mod references;
mod refusal;
mod reload;
mod run;
mod scripts;
mod stopping;
mod strangers;
mod terminals;
mod tour;
mod tui;
mod unwatched;
mod up;
mod waiting;
mod web;
mod why;
