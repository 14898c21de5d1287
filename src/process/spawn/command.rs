//! A command prepared for `execve`: its program looked up, its strings laid out; and why it failed.
//!
//! The lookup is ours, in the service's own `PATH`, so that the error can say where was searched.

use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{AccessFlags, access};

use super::child::{CStringArray, Failure, Step};
use crate::process::message::{Role, SpawnError, SpawnRequest};
use crate::process::ownership::mark::Mark;

/// Tells a `stopCmd` the leader of what it is to stop, while that runs.
const LEADER_PID: &str = "FLOWLAYER_PID";

/// What systems search when there is no `PATH`.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Program, arguments, environment and directory, as the system takes them.
pub(crate) struct Command {
    pub(crate) program: CString,
    pub(crate) argv: CStringArray,
    pub(crate) env: CStringArray,
    pub(crate) cwd: CString,
    /// The program as written, for messages.
    name: String,
    /// The file that was found, for messages.
    file: PathBuf,
    /// The working directory, for messages.
    directory: PathBuf,
}

impl Command {
    /// Looks the program up and lays out the memory for `execve`. `leader` is that of the service,
    /// while it runs.
    pub(crate) fn new(
        request: &SpawnRequest,
        mark: &Mark,
        leader: Option<u32>,
    ) -> Result<Self, SpawnError> {
        let SpawnRequest { argv, env, cwd, .. } = request;
        let name = argv.first().ok_or(SpawnError::Empty)?;
        let program = find_program(name, env, cwd)?;
        let nul = |place| SpawnError::Nul { place };
        let mut entries = vec![mark.entry(request.service, request.life)];
        let stops = request.role == Role::StopCommand;
        if let Some(leader) = leader.filter(|_| stops) {
            entries.push(format!("{LEADER_PID}={leader}").into_bytes());
        }
        for (key, value) in env {
            if stops && key == LEADER_PID {
                continue;
            }
            let mut entry = Vec::with_capacity(key.len() + value.len() + 1);
            entry.extend_from_slice(key.as_bytes());
            entry.push(b'=');
            if !mark.is_entry(&entry) {
                entry.extend_from_slice(value.as_bytes());
                entries.push(entry);
            }
        }
        Ok(Self {
            program: CString::new(program.as_os_str().as_bytes())
                .map_err(|_| nul("the command"))?,
            argv: CStringArray::new(argv.iter().map(String::as_bytes))
                .ok_or_else(|| nul("the command"))?,
            env: CStringArray::new(entries.iter().map(Vec::as_slice))
                .ok_or_else(|| nul("the environment"))?,
            cwd: CString::new(cwd.as_os_str().as_bytes())
                .map_err(|_| nul("the working directory"))?,
            name: name.clone(),
            file: program,
            directory: cwd.clone(),
        })
    }

    /// The error that explains a failed start.
    pub(crate) fn explain(self, failure: Failure) -> SpawnError {
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

/// The file to execute. A name with a slash is relative to `cwd`; whether it can be executed is left to
/// the system. Otherwise it is the first match in the `PATH` of `env`, whose relative
/// entries are relative to `cwd` too.
fn find_program(
    name: &str,
    env: &[(OsString, OsString)],
    cwd: &Path,
) -> Result<PathBuf, SpawnError> {
    if name.is_empty() {
        return Err(SpawnError::Empty);
    }
    if name.contains('/') {
        return Ok(PathBuf::from(name));
    }
    // Of several, the last is the one the program sees.
    let path = env.iter().rev().find(|(key, _)| key == "PATH");
    let path = path.map_or(OsStr::new(DEFAULT_PATH), |(_, value)| value);
    let mut forbidden = None;
    for directory in path.as_bytes().split(|&byte| byte == b':') {
        let candidate = cwd.join(OsStr::from_bytes(directory)).join(name);
        if !candidate.is_file() {
            continue;
        }
        if access(&candidate, AccessFlags::X_OK).is_ok() {
            return Ok(candidate);
        }
        forbidden.get_or_insert(candidate);
    }
    Err(match forbidden {
        Some(program) => SpawnError::NotExecutable { program },
        None => SpawnError::NotFound {
            program: name.to_owned(),
            path: path.to_string_lossy().into_owned(),
        },
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn env(path: &str) -> Vec<(OsString, OsString)> {
        vec![
            ("PATH".into(), "/nowhere".into()),
            ("PATH".into(), path.into()),
        ]
    }

    fn file(path: &Path, mode: u32) {
        fs::write(path, "").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn the_first_executable_in_the_path_wins() {
        let dir = tempfile::tempdir().unwrap();
        for sub in ["a", "b", "c"] {
            fs::create_dir(dir.path().join(sub)).unwrap();
        }
        fs::create_dir(dir.path().join("a/tool")).unwrap();
        file(&dir.path().join("b/tool"), 0o644);
        assert_eq!(
            find_program("tool", &env("a:b:c"), dir.path()),
            Err(SpawnError::NotExecutable {
                program: dir.path().join("b/tool")
            })
        );
        file(&dir.path().join("c/tool"), 0o755);
        assert_eq!(
            find_program("tool", &env("a:b:c"), dir.path()),
            Ok(dir.path().join("c/tool"))
        );
    }

    #[test]
    fn an_empty_entry_is_the_working_directory() {
        let dir = tempfile::tempdir().unwrap();
        file(&dir.path().join("tool"), 0o755);
        assert_eq!(
            find_program("tool", &env("/nowhere:"), dir.path()),
            Ok(dir.path().join("tool"))
        );
    }

    #[test]
    fn what_is_not_found_says_where_it_was_sought() {
        let error =
            find_program("tool", &env("/nowhere/a:/nowhere/b"), Path::new("/")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "command `tool` was not found: install it or correct the command"
        );
        assert!(
            matches!(error, SpawnError::NotFound { path, .. } if path == "/nowhere/a:/nowhere/b")
        );
        assert_eq!(
            find_program("", &[], Path::new("/")),
            Err(SpawnError::Empty)
        );
        assert_eq!(
            find_program("./x", &[], Path::new("/")),
            Ok(PathBuf::from("./x"))
        );
    }
}
