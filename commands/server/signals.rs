//! Signals: the first one ends the session, a second one without grace
//! (docs/lifecycle.md, Shutdown); SIGQUIT (Ctrl-\\) does without grace from the start.

use std::io;
use std::os::fd::AsFd;

use flowlayer_core::process::{Ask, EndSignals};
use flowlayer_core::runtime::Handle;
use flowlayer_core::runtime::handle::Urgency;
use tokio::net::unix::pipe;

/// Catches the signals that end a session from the moment it is created, so that one during
/// the set-up is not lost; acts on them once it knows the session.
pub(super) struct Signals {
    signals: EndSignals,
    /// Readable when there are some.
    news: pipe::Receiver,
}

impl Signals {
    pub(super) fn install() -> io::Result<Self> {
        let signals = EndSignals::install()?;
        let news = pipe::Receiver::from_owned_fd(signals.as_fd().try_clone_to_owned()?)?;
        Ok(Self { signals, news })
    }

    /// Acts on what came and what will come.
    pub(super) fn direct(self, handle: Handle) {
        tokio::spawn(self.act(handle));
    }

    async fn act(mut self, handle: Handle) {
        let mut least = Urgency::Graceful;
        // It fails when the runtime ends, and with it the session.
        while self.news.readable().await.is_ok() {
            while matches!(self.news.try_read(&mut [0; 64]), Ok(1..)) {}
            for ask in self.signals.take() {
                let urgency = match ask {
                    Ask::ToEnd => Urgency::Graceful,
                    Ask::ToEndAtOnce => Urgency::Now,
                };
                handle.shutdown(urgency.max(least));
                least = Urgency::Now;
            }
        }
    }
}
