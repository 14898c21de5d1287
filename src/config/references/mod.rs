//! References in texts of the config: `${services.api.port}` (docs/config.md, References).
//!
//! [`scan`] finds and reads them, [`template`] keeps a text together with them, [`check`] settles whether
//! what they name exists, and [`resolve`] alone fills them in.

pub(super) mod check;
pub(super) mod read;
pub(super) mod resolve;
pub(super) mod scan;
pub(super) mod template;
