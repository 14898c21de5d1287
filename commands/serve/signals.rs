//! Signals: the first one ends the session, a second one without grace (SPEC 4.5); SIGQUIT
//! (Ctrl-\) does without grace from the start.

use std::io;

use flowlayer::process;
use flowlayer::runtime::Handle;
use flowlayer::runtime::handle::Urgency;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

/// Takes the signals that end a session from the moment it is made, so that one that comes during
/// the set-up is not lost; acts on them once it knows the session.
pub(super) struct Signals {
    session: Option<oneshot::Sender<Handle>>,
}

impl Signals {
    /// Takes over INT, TERM, QUIT and HUP; HUP stays ignored if it was (`nohup`).
    pub(super) fn install() -> io::Result<Self> {
        let mut kinds = vec![
            (SignalKind::interrupt(), Urgency::Graceful),
            (SignalKind::terminate(), Urgency::Graceful),
            (SignalKind::quit(), Urgency::Now),
        ];
        if !process::hangup_ignored() {
            kinds.push((SignalKind::hangup(), Urgency::Graceful));
        }
        let (arrived, arrivals) = mpsc::unbounded_channel();
        for (kind, urgency) in kinds {
            tokio::spawn(forward(signal(kind)?, urgency, arrived.clone()));
        }
        let (session, known) = oneshot::channel();
        tokio::spawn(act(arrivals, known));
        Ok(Self {
            session: Some(session),
        })
    }

    /// Acts on what came and what will come.
    pub(super) fn direct(&mut self, handle: Handle) {
        if let Some(session) = self.session.take() {
            // The task that waits for it lives as long as the runtime.
            let _ = session.send(handle);
        }
    }
}

async fn forward(mut stream: Signal, urgency: Urgency, arrived: mpsc::UnboundedSender<Urgency>) {
    while stream.recv().await.is_some() && arrived.send(urgency).is_ok() {}
}

async fn act(mut arrivals: mpsc::UnboundedReceiver<Urgency>, known: oneshot::Receiver<Handle>) {
    let Ok(handle) = known.await else { return };
    let mut least = Urgency::Graceful;
    while let Some(urgency) = arrivals.recv().await {
        handle.shutdown(urgency.max(least));
        least = Urgency::Now;
    }
}
