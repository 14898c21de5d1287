//! The token, and what else is nobody's business: not in the process list, not in the environment of services,
//! not in a file that others can read.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::ends_well;
use crate::harness::{Stack, TOKEN};

/// All files and directories below this one.
fn below(directory: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(below(&path));
        }
        all.push(path);
    }
    all
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_token_is_where_only_its_owner_can_see_it() {
    let other = "a-token-of-the-environment";
    let server = Stack::new()
        .field("logs", json!({ "dir": "logs" }))
        .shell(
            "api",
            "env; cat /proc/$PPID/cmdline | tr '\\0' ' '; echo; echo told; exec sleep 1000000",
            json!({
                "ready": { "type": "log", "pattern": "^told$" },
            }),
        )
        .variable("FLOWLAYER_TOKEN", other)
        .variable("FLOWLAYER_ADDR", "127.0.0.1:1")
        .start()
        .booted();
    let _ = server.connect();
    let of_server = server.servers();
    assert_eq!(of_server.len(), 2);
    for process in &of_server {
        assert!(process.command.contains("-token **********"), "{process:?}");
        assert!(!process.command.contains(TOKEN), "{process:?}");
    }
    let mut found = 0;
    for path in below(server.path()) {
        let mode = mode(&path);
        let name = path
            .strip_prefix(server.path())
            .unwrap()
            .display()
            .to_string();
        let is_log = name.starts_with("logs");
        if path.is_dir() {
            assert_eq!(mode, 0o700, "{name}");
            continue;
        }
        let holds = |secret: &str| {
            let bytes = fs::read(&path).unwrap();
            bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes())
        };
        if is_log || holds(TOKEN) {
            assert_eq!(mode, 0o600, "{name}");
        }
        assert!(!holds(other), "{name}");
        assert!(!(is_log && holds(TOKEN)), "{name}");
        found += usize::from(holds(TOKEN));
    }
    assert_eq!(found, 1, "the session file, and nothing else");
    let lines = server.lines().join("\n");
    assert!(
        lines.contains("FLOWLAYER_OWNER_"),
        "the environment of the service was printed"
    );
    for hidden in [TOKEN, other, "FLOWLAYER_TOKEN", "FLOWLAYER_ADDR"] {
        assert!(
            !lines.replace("(from -token)", "").contains(hidden),
            "{hidden}: {lines}"
        );
    }
    ends_well(&server);
}

/// A link where the session file would be put does not lead it elsewhere.
#[test]
fn a_runtime_directory_of_others_is_not_used() {
    let elsewhere = tempfile::tempdir().unwrap();
    let stack = Stack::new().daemon("api", json!({}));
    let runtime = stack.path().join("flowlayer");
    std::os::unix::fs::symlink(elsewhere.path(), &runtime).unwrap();
    let temporary = stack.path().to_owned();
    let server = stack.variable("TMPDIR", &temporary).start().booted();
    let _ = server.connect();
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    let instead = temporary.join(format!("flowlayer-{}", nix::unistd::geteuid()));
    assert_eq!(mode(&instead), 0o700);
    let files: Vec<u32> = below(&instead).iter().map(|path| mode(path)).collect();
    // The session file, and the lock under which it was written.
    assert_eq!(files, [0o600, 0o600]);
    assert_eq!(server.stop().code, Some(0));
}
