//! Where session files may be: in a directory that belongs to the user and to nobody else.

use std::ffi::OsString;
use std::fs::{DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::RegistryError;

/// What decides where session files are.
#[derive(Debug, Clone)]
pub struct Places {
    /// `$XDG_RUNTIME_DIR`; where that is not set, what systemd sets it to.
    pub runtime: Option<PathBuf>,
    /// `$TMPDIR`, or `/tmp`.
    pub temporary: PathBuf,
    /// The user.
    pub uid: u32,
}

/// Why a directory is not used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Distrust {
    /// A symbolic link or a file has its name.
    #[error("it is not a directory")]
    NotADirectory,
    /// It belongs to somebody else.
    #[error("it belongs to user {owner}")]
    Owner {
        /// User id of the owner.
        owner: u32,
    },
    /// Others may enter it.
    #[error("others have access to it (mode {mode:o}, must be 700)")]
    Mode {
        /// Its permission bits.
        mode: u32,
    },
}

/// Programs that are started with a small environment, by coding agents for example, find the sessions of the
/// user's shell, and the other way round.
fn runtime_directory(variable: Option<OsString>, uid: u32) -> Option<PathBuf> {
    let path = variable.map_or_else(|| format!("/run/user/{uid}").into(), PathBuf::from);
    path.is_absolute().then_some(path)
}

impl Places {
    /// What the environment says.
    pub fn of_user() -> Self {
        let uid = nix::unistd::geteuid().as_raw();
        Self {
            runtime: runtime_directory(std::env::var_os("XDG_RUNTIME_DIR"), uid),
            temporary: std::env::temp_dir(),
            uid,
        }
    }

    /// First choice first.
    fn candidates(&self) -> impl Iterator<Item = PathBuf> {
        let fallback = self.temporary.join(format!("flowlayer-{}", self.uid));
        let first = self.runtime.as_ref().map(|path| path.join("flowlayer"));
        first.into_iter().chain([fallback])
    }

    /// The first directory that can be had and trusted, created when missing.
    pub(super) fn prepare(&self) -> Result<PathBuf, RegistryError> {
        let mut outcome = None;
        for directory in self.candidates() {
            match self.prepare_one(&directory) {
                Ok(()) => return Ok(directory),
                Err(error) => outcome = Some(error),
            }
        }
        // There is always the second candidate, so there has been an outcome.
        Err(outcome.unwrap_or_else(|| RegistryError::Io {
            doing: "find a place in",
            path: self.temporary.clone(),
            source: io::ErrorKind::NotFound.into(),
        }))
    }

    fn prepare_one(&self, directory: &Path) -> Result<(), RegistryError> {
        let failed = |doing: &'static str| {
            move |source| RegistryError::Io {
                doing,
                path: directory.to_owned(),
                source,
            }
        };
        match DirBuilder::new().mode(0o700).create(directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(failed("create the directory")(error));
            }
            _ => {}
        }
        // Judged in any case: between the two calls it may have become something else.
        let found = directory
            .symlink_metadata()
            .map_err(failed("look at the directory"))?;
        self.judge(&found).map_err(|why| RegistryError::Distrusted {
            directory: directory.to_owned(),
            why,
        })
    }

    /// Every directory that is there and can be trusted: a server may have been started in an
    /// environment other than ours.
    pub(super) fn trusted(&self) -> Vec<PathBuf> {
        self.candidates()
            .filter(|directory| {
                directory
                    .symlink_metadata()
                    .is_ok_and(|found| self.judge(&found).is_ok())
            })
            .collect()
    }

    fn judge(&self, found: &Metadata) -> Result<(), Distrust> {
        if !found.is_dir() {
            return Err(Distrust::NotADirectory);
        }
        if found.uid() != self.uid {
            return Err(Distrust::Owner { owner: found.uid() });
        }
        if !private(found) {
            return Err(Distrust::Mode {
                mode: found.mode() & 0o777,
            });
        }
        Ok(())
    }
}

/// Whether nobody but the owner has access.
pub(super) fn private(found: &Metadata) -> bool {
    const OTHERS: u32 = 0o077;
    found.mode() & OTHERS == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_variable_it_is_what_systemd_sets_it_to() {
        let of = |variable: Option<&str>| runtime_directory(variable.map(OsString::from), 1000);
        assert_eq!(of(None), Some(PathBuf::from("/run/user/1000")));
        assert_eq!(of(Some("/run/mine")), Some(PathBuf::from("/run/mine")));
        assert_eq!(of(Some("relative")), None);
        assert_eq!(of(Some("")), None);
    }
}
