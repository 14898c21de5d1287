//! What a session in the background reports to the process that started it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flowlayer_core::runtime::Handle;
use flowlayer_core::runtime::handle::Urgency;
use serde::{Deserialize, Serialize};

/// A launcher that takes nothing for this long gets no more reports.
const PATIENCE: Duration = Duration::from_secs(1);

/// One report: a line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Report {
    Open {
        /// Where clients dial.
        address: String,
        token: String,
        /// The ports chosen for services, by name.
        ports: BTreeMap<Arc<str>, u16>,
    },
    Line {
        text: String,
        /// It says that something failed or is blocked.
        is_bad: bool,
    },
    Waits {
        text: String,
    },
    Resolved {
        is_complete: bool,
    },
    Fault {
        service: String,
        why: String,
    },
    /// The session could not be started, or ends with this.
    Failed {
        message: String,
    },
}

/// The way to the process in front. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Launcher {
    stream: Arc<UnixStream>,
    is_gone: Arc<AtomicBool>,
    /// Whether the session lives only as long as it.
    pub(super) is_owner: bool,
}

impl Launcher {
    /// `is_owner`: the session is to end when the launcher does.
    pub(crate) fn new(stream: UnixStream, is_owner: bool) -> Self {
        // Without a limit a launcher that is stopped could hold up what the server says of itself, and
        // nothing else.
        let _ = stream.set_write_timeout(Some(PATIENCE));
        Self {
            stream: Arc::new(stream),
            is_gone: Arc::default(),
            is_owner,
        }
    }

    /// Sends a report, if the launcher is still there.
    pub(crate) fn send(&self, report: &Report) {
        if self.is_gone.load(Ordering::Relaxed) {
            return;
        }
        // Plain text and numbers always serialise.
        let mut line = serde_json::to_vec(report).unwrap_or_default();
        line.push(b'\n');
        if (&*self.stream).write_all(&line).is_err() {
            self.is_gone.store(true, Ordering::Relaxed);
        }
    }

    /// Ends the session when the launcher is gone, if it lives only as long.
    pub(super) fn bind(&self, session: Handle) {
        if !self.is_owner {
            return;
        }
        let stream = Arc::clone(&self.stream);
        tokio::task::spawn_blocking(move || {
            // It never says anything; the end of the stream is the end of its process.
            while let Ok(1..) = (&*stream).read(&mut [0; 64]) {}
            session.shutdown(Urgency::Graceful);
        });
    }

    /// Closes the connection: no more reports are sent.
    pub(super) fn close(&self) {
        self.is_gone.store(true, Ordering::Relaxed);
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}
