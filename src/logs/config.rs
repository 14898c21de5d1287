//! The configuration of the log.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How to open the log.
#[derive(Debug, Clone)]
pub struct LogsConfig {
    /// Names of the services, sorted; their index is their identity.
    pub services: Vec<Arc<str>>,
    /// Entries kept in memory for each service (`logs.bufferSize`).
    pub buffer_size: usize,
    /// Where the JSONL files go (`logs.dir`), absolute. `None`: memory only.
    pub dir: Option<PathBuf>,
    /// A file that has reached this many bytes becomes `<name>.1.jsonl` (`logs.maxBytes`).
    pub max_file_bytes: u64,
    /// Bounds of memory and time.
    pub limits: Limits,
}

impl LogsConfig {
    /// Memory only, everything else at its default (docs/config.md, Top level).
    pub fn new(services: Vec<Arc<str>>) -> Self {
        Self {
            services,
            buffer_size: 5000,
            dir: None,
            max_file_bytes: 1 << 30,
            limits: Limits::default(),
        }
    }
}

/// The limits of `get_logs` without a `limit` (docs/protocol.md, `get_logs`), resolved from the
/// config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogDefaults {
    /// For all services together.
    pub all: u64,
    /// For one service, by its index.
    pub services: Vec<u64>,
}

impl LogDefaults {
    /// What applies where the config says nothing.
    pub const BUILT_IN: u64 = 500;

    /// Resolves `logView.maxEntries`, `logView.all.maxEntries` and each service's own.
    pub fn resolve(
        view: Option<u64>,
        all: Option<u64>,
        services: impl IntoIterator<Item = Option<u64>>,
    ) -> Self {
        let general = view.unwrap_or(Self::BUILT_IN);
        Self {
            all: all.unwrap_or(general),
            services: services
                .into_iter()
                .map(|own| own.unwrap_or(general))
                .collect(),
        }
    }
}

impl Default for LogDefaults {
    fn default() -> Self {
        Self::resolve(None, None, [])
    }
}

/// Bounds of memory and time (docs/logs.md, Memory).
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of memory for the entries of one service.
    pub service_bytes: usize,
    /// Bytes of memory for the entries of all services; the oldest go first.
    pub total_bytes: usize,
    /// Bytes of memory for the batches that followers can still read, their JSON form included.
    pub recent_bytes: usize,
    /// Bytes that may be read from the pipes and not written to the files yet.
    pub unwritten_bytes: usize,
    /// A disk that takes nothing for this long no longer holds anyone up.
    pub stall: Duration,
    /// How long an entry may wait for company before it is written.
    pub gather: Duration,
    /// Bytes of JSON in one answer.
    pub page_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1 << 20;
        Self {
            service_bytes: 32 * MIB,
            total_bytes: 256 * MIB,
            recent_bytes: 12 * MIB,
            unwritten_bytes: 64 * MIB,
            stall: Duration::from_secs(2),
            gather: Duration::from_millis(40),
            // The envelope around the entries needs room too.
            page_bytes: 15 * MIB - 64 * 1024,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_setting_applies() {
        let resolve = |view, all, own| LogDefaults::resolve(view, all, [own, None]);
        let expect = |all, first, second| LogDefaults {
            all,
            services: vec![first, second],
        };
        assert_eq!(resolve(None, None, None), expect(500, 500, 500));
        assert_eq!(resolve(Some(9), None, None), expect(9, 9, 9));
        assert_eq!(resolve(Some(9), Some(7), Some(3)), expect(7, 3, 9));
        assert_eq!(resolve(None, Some(7), Some(3)), expect(7, 3, 500));
    }
}
