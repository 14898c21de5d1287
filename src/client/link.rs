//! One connection to a server, from its hello to its end.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Sink, Stream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::Message;
use tokio_tungstenite::tungstenite::{Bytes, Utf8Bytes};

use super::calls::{Calls, ForReplay};
use super::dial::Socket;
use super::engine::{Ask, Known};
use super::mailbox::{Event, Session};
use super::replay::Step;
use super::state::{ConnectionState, Failure};
use crate::protocol::{self, Command, Hello, Incoming, PROTOCOL_VERSION, SERVER_NAME, Unreadable};

/// How a connection ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// Nobody wants it any more.
    Unwanted,
    /// It failed, for this reason.
    Failed(Failure),
}

/// What came over the socket.
enum Came {
    Text(Utf8Bytes),
    SignOfLife,
    Flushed,
    Failed(Failure),
}

/// Waits for the hello, then serves the connection until it ends.
pub(super) async fn serve(
    mut socket: Socket,
    address: &str,
    known: &mut Known,
    asks: &mut mpsc::UnboundedReceiver<Ask>,
) -> Ended {
    let hello = tokio::select! {
        hello = timeout(known.timings.handshake, introduction(&mut socket, address)) => hello,
        () = super::engine::refuse(asks) => return Ended::Unwanted,
    };
    let hello = match hello {
        Ok(Ok(hello)) => hello,
        Ok(Err(failure)) => return Ended::Failed(failure),
        Err(_) => return Ended::Failed(stranger(address, "it says nothing")),
    };
    let mut link = Link {
        socket,
        address: address.to_owned(),
        calls: Calls::new(known.timings.clone()),
        known,
        flushing: false,
        heard: Instant::now(),
        pinged: false,
        room: true,
    };
    link.begin(hello, address);
    let ended = link.run(asks).await;
    let Link {
        mut socket, calls, ..
    } = link;
    calls.disconnected();
    // Politeness has its limits: the server notices the end of the socket too.
    let _ = timeout(Duration::from_millis(200), socket.close(None)).await;
    ended
}

fn stranger(address: &str, why: impl Into<String>) -> Failure {
    Failure::NotFlowLayer {
        address: address.to_owned(),
        why: why.into(),
    }
}

/// The first message must be the hello of a server that speaks our language.
async fn introduction(socket: &mut Socket, address: &str) -> Result<Hello, Failure> {
    let text = loop {
        match poll_fn(|cx| poll_socket(socket, cx, false)).await {
            Came::Text(text) => break text,
            Came::SignOfLife | Came::Flushed => {}
            Came::Failed(failure) => return Err(failure),
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
        _ => Err(stranger(address, "its first message is not a hello")),
    }
}

/// Messages taken in before others have their turn. A server that always has more would otherwise keep the
/// thread, and with it the clocks and the orders that wait for it.
const TEXTS_AT_ONCE: usize = 128;

struct Link<'a> {
    socket: Socket,
    address: String,
    calls: Calls,
    /// What outlives the connection.
    known: &'a mut Known,
    /// Something has been handed to the socket and not been taken.
    flushing: bool,
    heard: Instant,
    /// A ping of ours is out.
    pinged: bool,
    /// Whether the consumer took entries when we last looked.
    room: bool,
}

impl Link<'_> {
    fn begin(&mut self, hello: Hello, address: &str) {
        let restarted = self.known.introduced(&hello, self.heard);
        self.known
            .put(Event::Connection(ConnectionState::Connected));
        self.known.put(Event::Session(Session {
            hello,
            address: address.to_owned(),
            restarted,
        }));
        self.room = self.known.mailbox.has_room();
        if let Some(replay) = &mut self.known.replay {
            // Without a connection this asks for nothing yet.
            let _ = replay.room(self.room);
            let steps = replay.connected(restarted);
            self.perform(steps);
        }
    }

    async fn run(&mut self, asks: &mut mpsc::UnboundedReceiver<Ask>) -> Ended {
        let mut texts = 0_usize;
        loop {
            let flushing = self.flushing;
            let wake = self.wake_at();
            let full = !self.room;
            tokio::select! {
                came = poll_fn(|cx| poll_socket(&mut self.socket, cx, flushing)) => match came {
                    Came::Text(text) => {
                        self.hear();
                        texts += 1;
                        if let Err(failure) = self.text(&text) {
                            return Ended::Failed(failure);
                        }
                    }
                    Came::SignOfLife => {
                        self.hear();
                        // The socket may have a pong to send.
                        self.flushing = true;
                    }
                    Came::Flushed => self.flushing = false,
                    Came::Failed(failure) => return Ended::Failed(failure),
                },
                ask = asks.recv() => match ask {
                    Some(Ask::Order(order)) => {
                        if let Some(text) = self.calls.order(order, Instant::now()) {
                            self.send(Message::text(text));
                        }
                    }
                    Some(Ask::RetryNow) => {}
                    None => return Ended::Unwanted,
                },
                () = self.known.mailbox.taken(), if full => {}
                () = sleep_until(wake) => {
                    if let Some(failure) = self.time(Instant::now()) {
                        return Ended::Failed(failure);
                    }
                }
            }
            self.look_for_room();
            if texts >= TEXTS_AT_ONCE {
                texts = 0;
                tokio::task::yield_now().await;
            }
        }
    }

    fn hear(&mut self) {
        self.heard = Instant::now();
        self.pinged = false;
    }

    fn text(&mut self, text: &str) -> Result<(), Failure> {
        let incoming = match Incoming::parse(text) {
            Ok(incoming) => incoming,
            // Without it nothing is known of any service, and nothing ever will be.
            Err(error @ Unreadable::Snapshot(_)) => {
                return Err(stranger(&self.address, error.to_string()));
            }
            // A server of a later day may say things we do not understand.
            Err(error) => {
                tracing::debug!("a message of the server is ignored: {error}");
                return Ok(());
            }
        };
        match incoming {
            Incoming::Event(protocol::Event::Log(entry)) => {
                if let Some(replay) = &mut self.known.replay {
                    let steps = replay.live(self.known.names.entry(entry));
                    self.perform(steps);
                }
            }
            Incoming::Event(event) => self.known.event(event),
            reply => {
                let names = &mut self.known.names;
                let meant = self
                    .calls
                    .answered(reply, text.len(), names, Instant::now());
                self.replay(meant);
            }
        }
        Ok(())
    }

    fn replay(&mut self, meant: impl IntoIterator<Item = ForReplay>) {
        for meant in meant {
            if let Some(replay) = &mut self.known.replay {
                let steps = match meant {
                    ForReplay::Page(piece) => replay.page(piece),
                    ForReplay::Failed => replay.failed(),
                };
                self.perform(steps);
            }
        }
    }

    fn perform(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Deliver(entries) => self.known.put(Event::Logs(entries)),
                Step::Gap(gap) => self.known.put(Event::Gap(gap)),
                Step::Ask(query) => {
                    let text = self.calls.ask(&Command::GetLogs(query), Instant::now());
                    self.send(Message::text(text));
                }
            }
        }
    }

    fn look_for_room(&mut self) {
        let room = self.known.mailbox.has_room();
        if room != self.room {
            self.room = room;
            if let Some(replay) = &mut self.known.replay {
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
        let timings = &self.known.timings;
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

    fn time(&mut self, now: Instant) -> Option<Failure> {
        let late = self.calls.expire(now);
        self.replay(late);
        let quiet = now - self.heard;
        if quiet >= self.known.timings.silence {
            return Some(Failure::Silent {
                seconds: quiet.as_secs(),
            });
        }
        if quiet >= self.known.timings.ping && !self.pinged {
            self.pinged = true;
            self.send(Message::Ping(Bytes::new()));
        }
        None
    }
}

/// Writes and reads at the same time: a server that does not read is still heard.
fn poll_socket(socket: &mut Socket, cx: &mut Context<'_>, flushing: bool) -> Poll<Came> {
    if flushing {
        match Pin::new(&mut *socket).poll_flush(cx) {
            Poll::Ready(Ok(())) => return Poll::Ready(Came::Flushed),
            Poll::Ready(Err(error)) => return Poll::Ready(Came::Failed(lost(&error))),
            Poll::Pending => {}
        }
    }
    Pin::new(socket).poll_next(cx).map(|message| match message {
        Some(Ok(Message::Text(text))) => Came::Text(text),
        Some(Ok(Message::Binary(bytes))) => match Utf8Bytes::try_from(bytes) {
            Ok(text) => Came::Text(text),
            Err(_) => Came::SignOfLife,
        },
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Came::SignOfLife,
        Some(Ok(Message::Close(frame))) => Came::Failed(match frame {
            Some(frame) => Failure::Closed {
                code: frame.code.into(),
                reason: frame.reason.to_string(),
            },
            None => Failure::Closed {
                code: 1005,
                reason: "no reason given".to_owned(),
            },
        }),
        Some(Err(error)) => Came::Failed(lost(&error)),
        None => Came::Failed(Failure::Lost {
            why: "the server hung up".to_owned(),
        }),
    })
}

fn lost(error: &tokio_tungstenite::tungstenite::Error) -> Failure {
    let why = match error {
        tokio_tungstenite::tungstenite::Error::Io(error) => super::dial::words(error),
        other => other.to_string(),
    };
    Failure::Lost { why }
}
