//! One WebSocket: the task that owns it.

mod commands;
mod conversation;
mod keepalive;
mod log_feed;
mod outbox;
mod render;
mod terminals;
#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::stream::FuturesUnordered;
use futures_util::{Sink, Stream, StreamExt};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};
use warp::hyper::upgrade::OnUpgrade;

use super::admission::Visitor;
use super::config::Limits;
use super::meter::{Metered, discard};
use super::shared::Shared;
use commands::{Asked, CommandEffect};
use conversation::{Conversation, End, Event, Farewell, Line};
use terminals::Terminals;

type Socket = WebSocketStream<Metered>;

/// Waits for the HTTP side to hand the socket over, then speaks on it until it is over.
/// `client`: what it calls itself.
pub(super) async fn open(
    upgrade: OnUpgrade,
    visitor: Arc<Visitor>,
    client: Arc<str>,
    shared: Arc<Shared>,
) {
    // Held for as long as the socket is.
    let _visitor = visitor;
    let Ok(upgraded) = upgrade.await else {
        return;
    };
    let Ok(parts) = upgraded.downcast::<TokioIo<Metered>>() else {
        tracing::error!(target: "flowlayer::session", "a WebSocket came over a connection that is not ours");
        return;
    };
    let socket = Socket::from_partially_read(
        parts.io.into_inner(),
        parts.read_buf.to_vec(),
        Role::Server,
        Some(websocket_config(&shared.config.limits)),
    )
    .await;
    tokio::select! {
        () = speak(socket, client, &shared) => {}
        () = shared.kill.cancelled() => {}
    }
}

fn websocket_config(limits: &Limits) -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(limits.message_bytes))
        .max_frame_size(Some(limits.message_bytes))
        // Commands are short, and a thousand connections are allowed.
        .read_buffer_size(8 * 1024)
        // Nothing is written before the flush that follows everything that is handed over.
        .write_buffer_size(4 * outbox::PIECE)
}

async fn speak(mut socket: Socket, client: Arc<str>, shared: &Shared) {
    let config = Arc::new(shared.config.clone());
    let close = config.limits.close;
    // The cursor comes first, so that no entry is missed between it and what the client asks for.
    let mut cursor = shared.logs.cursor();
    let mut subscription = shared.runtime.subscribe(client);
    let subscriber = subscription.id.0;
    tracing::debug!(target: "flowlayer::session", subscriber, "connection opens");
    let mut pages = FuturesUnordered::new();
    let mut terminals = Terminals::new(shared.runtime.consoles().clone());
    let mut conversation = Conversation::new(config, shared.logs.clone(), Instant::now());
    let mut frames = Vec::new();
    let mut effects = Vec::new();
    let mut ending = false;
    let end = loop {
        conversation.fill(Instant::now(), &mut frames);
        for frame in frames.drain(..) {
            if Pin::new(&mut socket).start_send(frame).is_err() {
                tracing::debug!(target: "flowlayer::session", subscriber, "connection is lost");
                return;
            }
        }
        let (reads, flushes) = (conversation.reads(), conversation.flushes());
        let mut quiet = false;
        let event = if conversation.wants_last_logs() {
            match cursor.try_next() {
                Some(taken) => Event::Logs(taken),
                None => Event::NoMoreLogs,
            }
        } else {
            tokio::select! {
                // The socket comes after what others say, so that a peer cannot drown them out,
                // and before time, so that it is judged by all that it has sent.
                biased;
                () = shared.ending.cancelled(), if !ending => {
                    // What the runtime has said so far still counts; nothing follows it.
                    ending = true;
                    subscription.updates.close();
                    continue;
                }
                update = subscription.updates.recv(), if conversation.listens() => match update {
                    Some(update) => Event::Update(update),
                    None => Event::RuntimeEnded,
                },
                Some((request, page)) = pages.next() => Event::Page(request, page),
                event = poll_fn(|cx| poll_socket(&mut socket, cx, reads, flushes, &mut quiet)) => event,
                text = terminals.next(), if conversation.wants_screens() => Event::Screen(text),
                taken = cursor.next(), if conversation.wants_logs() => Event::Logs(taken),
                () = sleep_until(conversation.wake_at()) => Event::Time,
            }
        };
        let line = Line {
            last_write: socket.get_ref().last_write,
            quiet,
        };
        conversation.handle(Instant::now(), line, event, &mut effects);
        // One by one: the answer to one may lead to others.
        while !effects.is_empty() {
            match effects.remove(0) {
                CommandEffect::Act(request, action) => {
                    shared.runtime.act(subscription.id, request, action);
                }
                CommandEffect::Reload(request, options) => {
                    shared.runtime.reload(subscription.id, request, options);
                }
                CommandEffect::Snapshot(request) => {
                    shared.runtime.snapshot(subscription.id, request);
                }
                CommandEffect::Query(request, query) => {
                    let logs = shared.logs.clone();
                    pages.push(async move {
                        let page = match query {
                            Asked::Entries(query) => logs.query(query).await,
                            Asked::Records(query) => logs.records(query).await,
                        };
                        (request, page)
                    });
                }
                CommandEffect::Terminal(request, service, name, order) => {
                    let answer = terminals.perform(service, &name, order);
                    let answer = Event::Terminal(request, answer);
                    conversation.handle(Instant::now(), line, answer, &mut effects);
                }
            }
        }
        if let Some(end) = conversation.end() {
            break end;
        }
        if !conversation.listens() {
            // What nobody will read must not pile up.
            subscription.updates.close();
        }
    };
    tracing::debug!(target: "flowlayer::session", subscriber, ?end, "connection closes");
    if end == End::Linger {
        let mut socket = socket.into_inner();
        if socket.shutdown().await.is_ok() {
            let _ = timeout(close, discard(&mut socket)).await;
        }
    }
}

/// Writes and reads at the same time: a peer that is slow to take is still heard.
fn poll_socket(
    socket: &mut Socket,
    cx: &mut Context<'_>,
    reads: bool,
    flushes: bool,
    quiet: &mut bool,
) -> Poll<Event> {
    if flushes {
        match Pin::new(&mut *socket).poll_flush(cx) {
            Poll::Ready(Ok(())) => return Poll::Ready(Event::Flushed),
            Poll::Ready(Err(_)) => return Poll::Ready(Event::Gone),
            Poll::Pending => {}
        }
    }
    let next = if reads {
        Pin::new(socket).poll_next(cx)
    } else {
        Poll::Pending
    };
    *quiet = next.is_pending();
    next.map(|message| match message {
        Some(Ok(Message::Text(text))) => Event::Message(text.into()),
        Some(Ok(Message::Binary(bytes))) => Event::Message(bytes),
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Event::SignOfLife,
        Some(Ok(Message::Close(_))) => Event::PeerCloses,
        Some(Err(error)) => broken(&error),
        None => Event::Gone,
    })
}

fn broken(error: &Error) -> Event {
    match error {
        Error::Capacity(_) => Event::Broken(Farewell::TooBig),
        Error::Utf8(_) => Event::Broken(Farewell::NotText),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Event::Gone,
        Error::Protocol(_) => Event::Broken(Farewell::BrokenFrame),
        _ => Event::Gone,
    }
}
