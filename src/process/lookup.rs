//! Which file is the program? Looked up by ourselves, in the service's own `PATH`, so that the error can
//! say where was searched.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use super::SpawnError;

/// What systems search when there is no `PATH`.
const DEFAULT_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The file to execute. With a slash it is what was written, relative to `cwd`; whether it can be executed
/// is then left to the system. Otherwise it is the first match in the `PATH` of `env`, whose relative
/// entries are relative to `cwd` too.
pub(super) fn program(
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
    // Of several, the last is what the program would see as its own after `env` has been applied.
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
            program("tool", &env("a:b:c"), dir.path()),
            Err(SpawnError::NotExecutable {
                program: dir.path().join("b/tool")
            })
        );
        file(&dir.path().join("c/tool"), 0o755);
        assert_eq!(
            program("tool", &env("a:b:c"), dir.path()),
            Ok(dir.path().join("c/tool"))
        );
    }

    #[test]
    fn an_empty_entry_is_the_working_directory() {
        let dir = tempfile::tempdir().unwrap();
        file(&dir.path().join("tool"), 0o755);
        assert_eq!(
            program("tool", &env("/nowhere:"), dir.path()),
            Ok(dir.path().join("tool"))
        );
    }

    #[test]
    fn what_is_not_found_says_where_it_was_sought() {
        let error = program("tool", &env("/nowhere/a:/nowhere/b"), Path::new("/")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "command `tool` was not found: install it or correct the command (searched PATH: /nowhere/a:/nowhere/b)"
        );
        assert_eq!(program("", &[], Path::new("/")), Err(SpawnError::Empty));
        assert_eq!(
            program("./x", &[], Path::new("/")),
            Ok(PathBuf::from("./x"))
        );
    }
}
