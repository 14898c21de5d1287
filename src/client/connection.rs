//! One connection to a server, from its hello to its end.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Sink, Stream};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::Message;
use tokio_tungstenite::tungstenite::{Bytes, Utf8Bytes};

use super::calls::{Aside, Calls};
use super::client_state::ClientState;
use super::dial::Socket;
use super::queue::{Event, SessionInfo};
use super::replay::Step;
use super::request::{Request, Requests, refuse};
use super::state::{ConnectionState, Failure};
use crate::protocol::{self, Command, Hello, Incoming, PROTOCOL_VERSION, SERVER_NAME, Unreadable};

#[derive(Debug)]
pub(super) enum Ended {
    /// Every handle is gone.
    Unwanted,
    Failed(Failure),
}

enum Received {
    Text(Utf8Bytes),
    SignOfLife,
    Flushed,
    Failed(Failure),
}

/// Waits for the hello, then serves the connection until it ends.
pub(super) async fn serve(
    mut socket: Socket,
    address: &str,
    state: &mut ClientState,
    requests: &mut Requests,
) -> Ended {
    let hello = tokio::select! {
        hello = timeout(state.timings.handshake, introduction(&mut socket, address)) => hello,
        () = refuse(requests) => return Ended::Unwanted,
    };
    let hello = match hello {
        Ok(Ok(hello)) => hello,
        Ok(Err(failure)) => return Ended::Failed(failure),
        Err(_) => return Ended::Failed(not_flowlayer(address, "it says nothing")),
    };
    let mut connection = Connection {
        socket,
        address,
        calls: Calls::new(state.timings.clone()),
        state,
        flushing: false,
        heard: Instant::now(),
        pinged: false,
        room: true,
    };
    connection.begin(hello);
    let ended = connection.run(requests).await;
    let Connection {
        mut socket, calls, ..
    } = connection;
    calls.disconnected();
    // Do not wait long: the server notices the end of the socket too.
    let _ = timeout(Duration::from_millis(200), socket.close(None)).await;
    ended
}

fn not_flowlayer(address: &str, why: impl Into<String>) -> Failure {
    Failure::NotFlowLayer {
        address: address.to_owned(),
        why: why.into(),
    }
}

/// The first message must be the hello of a server that speaks our version of the protocol.
async fn introduction(socket: &mut Socket, address: &str) -> Result<Hello, Failure> {
    let text = loop {
        match poll_fn(|cx| poll_socket(socket, cx, false)).await {
            Received::Text(text) => break text,
            Received::SignOfLife | Received::Flushed => {}
            Received::Failed(failure) => return Err(failure),
        }
    };
    match Incoming::parse(&text) {
        Ok(Incoming::Event(protocol::Event::Hello(hello))) if hello.server == SERVER_NAME => {
            match hello.protocol_version {
                PROTOCOL_VERSION => Ok(hello),
                version => Err(Failure::WrongVersion {
                    address: address.to_owned(),
                    version,
                }),
            }
        }
        _ => Err(not_flowlayer(address, "its first message is not a hello")),
    }
}

/// Messages read before other tasks get a turn. A server that always has more would otherwise keep the
/// thread from timers and requests.
const TEXTS_AT_ONCE: usize = 128;

struct Connection<'a> {
    socket: Socket,
    address: &'a str,
    calls: Calls,
    state: &'a mut ClientState,
    /// Something written to the socket is not flushed yet.
    flushing: bool,
    heard: Instant,
    /// Our ping is unanswered.
    pinged: bool,
    /// Whether the consumer took entries when we last looked.
    room: bool,
}

impl Connection<'_> {
    fn begin(&mut self, hello: Hello) {
        let restarted = self.state.introduced(&hello, self.heard);
        self.state
            .put(Event::Connection(ConnectionState::Connected));
        self.state.put(Event::Session(SessionInfo {
            hello,
            address: self.address.to_owned(),
            restarted,
        }));
        self.room = self.state.queue.has_room();
        if let Some(replay) = &mut self.state.replay {
            // Before `connected` this requests nothing.
            let _ = replay.room(self.room);
            let steps = replay.connected(restarted);
            self.perform(steps);
        }
    }

    async fn run(&mut self, requests: &mut Requests) -> Ended {
        let mut texts = 0_usize;
        loop {
            let flushing = self.flushing;
            let wake = self.wake_at();
            let full = !self.room;
            tokio::select! {
                received = poll_fn(|cx| poll_socket(&mut self.socket, cx, flushing)) => match received {
                    Received::Text(text) => {
                        self.heard_something();
                        texts += 1;
                        if let Err(failure) = self.received(&text) {
                            return Ended::Failed(failure);
                        }
                    }
                    Received::SignOfLife => {
                        self.heard_something();
                        // The socket may have a pong to send.
                        self.flushing = true;
                    }
                    Received::Flushed => self.flushing = false,
                    Received::Failed(failure) => return Ended::Failed(failure),
                },
                request = requests.recv() => match request {
                    Some(Request::Order(order)) => {
                        if let Some(text) = self.calls.order(order, Instant::now()) {
                            self.send(Message::text(text));
                        }
                    }
                    Some(Request::RetryNow) => {}
                    None => return Ended::Unwanted,
                },
                () = self.state.queue.taken(), if full => {}
                () = sleep_until(wake) => {
                    if let Some(failure) = self.timer(Instant::now()) {
                        return Ended::Failed(failure);
                    }
                }
            }
            self.check_room();
            if texts >= TEXTS_AT_ONCE {
                texts = 0;
                tokio::task::yield_now().await;
            }
        }
    }

    fn heard_something(&mut self) {
        self.heard = Instant::now();
        self.pinged = false;
    }

    fn received(&mut self, text: &str) -> Result<(), Failure> {
        let incoming = match Incoming::parse(text) {
            Ok(incoming) => incoming,
            // Without it nothing is known of any service.
            Err(error @ Unreadable::Snapshot(_)) => {
                return Err(not_flowlayer(self.address, error.to_string()));
            }
            // A later server may send what we do not understand.
            Err(error) => {
                tracing::debug!(target: "flowlayer::client", "a message of the server is ignored: {error}");
                return Ok(());
            }
        };
        match incoming {
            Incoming::Event(protocol::Event::Log(entry)) => {
                if let Some(replay) = &mut self.state.replay {
                    let steps = replay.live(self.state.names.entry(entry));
                    self.perform(steps);
                }
            }
            Incoming::Event(event) => self.state.event(event),
            reply => {
                let names = &mut self.state.names;
                let meant = self
                    .calls
                    .answered(reply, text.len(), names, Instant::now());
                self.replay(meant);
            }
        }
        Ok(())
    }

    fn replay(&mut self, meant: impl IntoIterator<Item = Aside>) {
        for meant in meant {
            if let Aside::Screen(screen) = meant {
                self.state.put(Event::Terminal(screen));
                continue;
            }
            if let Some(replay) = &mut self.state.replay {
                let steps = match meant {
                    Aside::Page(piece) => replay.page(piece),
                    Aside::Failed | Aside::Screen(_) => replay.failed(),
                };
                self.perform(steps);
            }
        }
    }

    fn perform(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Deliver(entries) => self.state.put(Event::Logs(entries)),
                Step::Gap(gap) => self.state.put(Event::Gap(gap)),
                Step::Ask(query) => {
                    let text = self.calls.ask(&Command::GetLogs(query), Instant::now());
                    self.send(Message::text(text));
                }
            }
        }
    }

    fn check_room(&mut self) {
        let room = self.state.queue.has_room();
        if room != self.room {
            self.room = room;
            if let Some(replay) = &mut self.state.replay {
                let steps = replay.room(room);
                self.perform(steps);
            }
        }
    }

    fn send(&mut self, message: Message) {
        // A socket that has failed says so when it is read or flushed.
        let _ = Pin::new(&mut self.socket).start_send(message);
        self.flushing = true;
    }

    fn wake_at(&self) -> Instant {
        let timings = &self.state.timings;
        let patience = if self.pinged {
            timings.silence
        } else {
            timings.ping
        };
        let next = self.heard + patience;
        match self.calls.next_deadline() {
            Some(deadline) => next.min(deadline),
            None => next,
        }
    }

    fn timer(&mut self, now: Instant) -> Option<Failure> {
        let late = self.calls.expire(now);
        self.replay(late);
        let quiet = now - self.heard;
        if quiet >= self.state.timings.silence {
            return Some(Failure::Silent(quiet));
        }
        if quiet >= self.state.timings.ping && !self.pinged {
            self.pinged = true;
            self.send(Message::Ping(Bytes::new()));
        }
        None
    }
}

/// Writes and reads at the same time, so that a server that does not read is still heard.
fn poll_socket(socket: &mut Socket, cx: &mut Context<'_>, flushing: bool) -> Poll<Received> {
    if flushing {
        match Pin::new(&mut *socket).poll_flush(cx) {
            Poll::Ready(Ok(())) => return Poll::Ready(Received::Flushed),
            Poll::Ready(Err(error)) => return Poll::Ready(Received::Failed(lost(&error))),
            Poll::Pending => {}
        }
    }
    Pin::new(socket).poll_next(cx).map(|message| match message {
        Some(Ok(Message::Text(text))) => Received::Text(text),
        Some(Ok(Message::Binary(bytes))) => match Utf8Bytes::try_from(bytes) {
            Ok(text) => Received::Text(text),
            Err(_) => Received::SignOfLife,
        },
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Received::SignOfLife,
        Some(Ok(Message::Close(frame))) => Received::Failed(match frame {
            Some(frame) => Failure::Closed {
                code: frame.code.into(),
                reason: frame.reason.to_string(),
            },
            None => Failure::Closed {
                code: 1005,
                reason: "no reason given".to_owned(),
            },
        }),
        Some(Err(error)) => Received::Failed(lost(&error)),
        None => Received::Failed(Failure::Lost("the server hung up".to_owned())),
    })
}

fn lost(error: &tokio_tungstenite::tungstenite::Error) -> Failure {
    Failure::Lost(match error {
        tokio_tungstenite::tungstenite::Error::Io(error) => super::dial::os_error_text(error),
        other => other.to_string(),
    })
}
