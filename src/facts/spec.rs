//! What a session runs for a service: published with snapshots, so that no client reads the
//! configuration to show it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{OutputMode, Probe, Stdio, StopScope, StopSignal};

/// What a session runs for one service. Variables are named, never their values; credentials in URLs are
/// masked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSpec {
    /// Program and arguments of `cmd`.
    pub argv: Vec<String>,
    /// Program and arguments of `stopCmd`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_argv: Option<Vec<String>>,
    /// Working directory, absolute.
    pub cwd: PathBuf,
    /// Names of the variables in `env`, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// The files of `envFile`, in the order they apply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env_files: Vec<EnvFile>,
    /// Groups it is in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The port that is checked before a start and after a stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Where to open it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its readiness probe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<Probe>,
    /// The limits of that probe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_limits: Option<ProbeLimits>,
    /// Whether boot and `start_all` start it.
    pub auto_start: bool,
    /// From the stop signal to SIGKILL, in milliseconds.
    pub grace_ms: u64,
    /// The stop signal.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stop_signal: StopSignal,
    /// Who gets that signal first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stop_scope: StopScope,
    /// What it reads from and writes to.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stdio: Stdio,
    /// Whether its lines are shown among those of all services.
    #[serde(default, skip_serializing_if = "is_default")]
    pub output: OutputMode,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl ServiceSpec {
    /// Roughly how many bytes it takes in a message.
    pub fn size(&self) -> usize {
        let words = |words: &[String]| words.iter().map(|word| word.len() + 8).sum::<usize>();
        let files = self.env_files.iter();
        words(&self.argv)
            + words(&self.env)
            + words(&self.groups)
            + self.url.as_deref().map_or(0, str::len)
            + self.stop_argv.as_deref().map_or(0, words)
            + files
                .map(|file| file.path.as_os_str().len() + 32)
                .sum::<usize>()
            + 256
    }
}

/// A dotenv file that is read at each start (docs/config.md, Environment and `envFile`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvFile {
    /// Where it is, absolute.
    pub path: PathBuf,
    /// Whether the service fails when there is no such file.
    pub required: bool,
}

/// How long a probe is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeLimits {
    /// Limit of one attempt, in milliseconds; absent for a probe that waits for a line of output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt_ms: Option<u64>,
    /// Limit of the whole wait, in milliseconds; absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_ms: Option<u64>,
}

/// The text with the credentials of every URL in it replaced by `***`: `http://user:secret@host` becomes
/// `http://***@host`.
pub fn mask_credentials(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        masked.push_str(before);
        let authority = after
            .find(|c: char| matches!(c, '/' | '?' | '#' | '"' | '\'') || c.is_whitespace())
            .unwrap_or(after.len());
        rest = match after[..authority].rfind('@') {
            Some(sign) => {
                masked.push_str("***");
                &after[sign..]
            }
            None => after,
        };
    }
    masked.push_str(rest);
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_urls_are_masked_and_nothing_else() {
        for (text, masked) in [
            (
                "http://user:secret@host:80/x?y=a@b",
                "http://***@host:80/x?y=a@b",
            ),
            (
                "--db=postgres://u:p@ss@h/db --u http://a:b@c",
                "--db=postgres://***@h/db --u http://***@c",
            ),
            ("http://localhost:3000/a@b", "http://localhost:3000/a@b"),
            ("user@host", "user@host"),
            ("://@", "://***@"),
            ("ü://é@ü", "ü://***@ü"),
        ] {
            assert_eq!(mask_credentials(text), masked);
        }
    }
}
