//! `none`: nothing to wait for. The service is up when it has been spawned
//! (docs/lifecycle.md, Up and wanted).

use std::time::Duration;

use crate::registry::Kind;

pub(crate) const KIND: Kind = Kind {
    name: "none",
    about: "No probe: up as soon as it has been spawned.",
    attempt_timeout: Duration::ZERO,
    parameters: &[],
    build: None,
};
