//! Where a session's configuration comes from, so that it can be read again.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::setup::Setup;
use crate::facts::ConfigProblem;

/// A configuration that was read again, or all that is wrong with it.
pub(super) type Reread = Result<Box<Setup>, Vec<ConfigProblem>>;

/// Where a session's configuration comes from. Cheap to clone.
#[derive(Clone)]
pub struct Source {
    /// Its file, absolute.
    pub path: PathBuf,
    read: Arc<ReadSetup>,
}

/// The ports that were chosen for services and stay, by name.
pub type KeptPorts = BTreeMap<Arc<str>, u16>;

type ReadSetup = dyn Fn(&KeptPorts) -> Result<Setup, Vec<ConfigProblem>> + Send + Sync;

impl Source {
    /// `read` reads the file anew: slow, and called on a thread for that.
    pub fn new(
        path: PathBuf,
        read: impl Fn(&KeptPorts) -> Result<Setup, Vec<ConfigProblem>> + Send + Sync + 'static,
    ) -> Self {
        let read = Arc::new(read);
        Self { path, read }
    }

    pub(super) fn read(&self, kept: &KeptPorts) -> Result<Setup, Vec<ConfigProblem>> {
        (self.read)(kept)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.path).finish()
    }
}
