//! A command as asked for, made ready to be run; and what the system says about it, in our words.

use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::image::{Failure, Step, Strings};
use super::mark::Mark;
use super::{LifeId, SpawnError, lookup};

/// Program, arguments, environment and directory, in the form the system takes.
pub(super) struct Command {
    pub(super) program: CString,
    pub(super) argv: Strings,
    pub(super) env: Strings,
    pub(super) cwd: CString,
    /// The program as written, for messages.
    name: String,
    /// The file that was found, for messages.
    file: PathBuf,
    /// The working directory, for messages.
    directory: PathBuf,
}

/// What a command is started for, and the marks that say so.
#[derive(Clone, Copy)]
pub(super) struct Marked<'a> {
    pub(super) mark: &'a Mark,
    pub(super) service: usize,
    pub(super) life: LifeId,
}

impl Command {
    /// Looks the program up and lays everything out.
    pub(super) fn new(
        argv: &[String],
        env: &[(OsString, OsString)],
        cwd: &Path,
        marked: Marked<'_>,
    ) -> Result<Self, SpawnError> {
        let name = argv.first().ok_or(SpawnError::Empty)?;
        let program = lookup::program(name, env, cwd)?;
        let nul = |place| SpawnError::Nul { place };
        let mut entries = vec![marked.mark.entry(marked.service, marked.life)];
        for (key, value) in env {
            let mut entry = Vec::with_capacity(key.len() + value.len() + 1);
            entry.extend_from_slice(key.as_bytes());
            entry.push(b'=');
            if !marked.mark.is_entry(&entry) {
                entry.extend_from_slice(value.as_bytes());
                entries.push(entry);
            }
        }
        Ok(Self {
            program: CString::new(program.as_os_str().as_bytes())
                .map_err(|_| nul("the command"))?,
            argv: Strings::new(argv.iter().map(String::as_bytes))
                .ok_or_else(|| nul("the command"))?,
            env: Strings::new(entries.iter().map(Vec::as_slice))
                .ok_or_else(|| nul("the environment"))?,
            cwd: CString::new(cwd.as_os_str().as_bytes())
                .map_err(|_| nul("the working directory"))?,
            name: name.clone(),
            file: program,
            directory: cwd.to_owned(),
        })
    }

    /// A failure in our words.
    pub(super) fn explain(self, failure: Failure) -> SpawnError {
        let (name, program, cwd) = (self.name, self.file, self.directory);
        let exists = cwd.join(&program).exists();
        match (failure.step, failure.errno) {
            (_, Errno::EMFILE | Errno::ENFILE) => SpawnError::NoDescriptors,
            (_, Errno::ENOMEM) => SpawnError::NoMemory,
            (_, Errno::EAGAIN) => SpawnError::NoProcesses,
            (Step::Directory, errno) => SpawnError::Cwd { cwd, errno },
            (Step::Exec, Errno::ENOENT) if exists => SpawnError::NoInterpreter { program },
            (Step::Exec, Errno::ENOENT | Errno::ENOTDIR) => {
                SpawnError::NoSuchFile { program: name, cwd }
            }
            (Step::Exec, Errno::EACCES) => SpawnError::NotExecutable { program },
            (Step::Exec, Errno::ENOEXEC) => SpawnError::NotAProgram { program },
            (Step::Exec, Errno::ETXTBSY) => SpawnError::Busy { program },
            (Step::Exec, Errno::E2BIG) => SpawnError::TooLarge,
            (_, errno) => SpawnError::Other {
                program: name,
                errno,
            },
        }
    }
}
