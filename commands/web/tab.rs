//! One tab: its messages go to a session, and those of the session to it. When the session ends, the
//! tab waits for the next one of the same configuration.
//!
//! Beside the messages of the session, a tab gets events of the bridge, with `bridge` as their type:
//! `sessions`, the list when it has changed, and `link`, whether there is a session.

use std::time::Duration;

use flowlayer_core::client::{self, Recipient, Target, Timings};
use flowlayer_core::session::registry::{self, Access, LiveSession};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{FutureExt, SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::time::{interval, sleep, timeout};
use tokio_tungstenite::tungstenite;
use warp::ws::{Message, WebSocket};

use super::Bridge;
use super::sessions::{self, Wanted};

/// Until a tab must have presented its key.
const KEY_LIMIT: Duration = Duration::from_secs(5);

/// Between two looks at the list of sessions.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the page calls itself to sessions.
const AGENT: &str = concat!("flowlayer/", env!("CARGO_PKG_VERSION"), " web");

/// Keeps the connection from looking dead; browsers answer by themselves.
const PING_EVERY: Duration = Duration::from_secs(20);

/// The close code for a tab without the key.
const NO_KEY: u16 = 4401;

/// The tab is gone.
struct Gone;

/// What a tab is sent, and what it was sent last.
struct Sender {
    sink: SplitSink<WebSocket, Message>,
    listing: Value,
    link: Value,
}

/// Serves a tab until it is closed.
pub(super) async fn serve(socket: WebSocket, bridge: &Bridge, wanted: Option<Wanted>) {
    let (mut sink, mut from_tab) = socket.split();
    if !has_key(&mut from_tab, bridge).await {
        let _ = sink
            .send(Message::close_with(NO_KEY, "the key is missing or wrong"))
            .await;
        return;
    }
    let sender = Sender {
        sink,
        listing: Value::Null,
        link: Value::Null,
    };
    let _ = attend(sender, from_tab, bridge, wanted).await;
}

/// Whether the first message has the key.
async fn has_key(from_tab: &mut SplitStream<WebSocket>, bridge: &Bridge) -> bool {
    let Ok(Some(Ok(first))) = timeout(KEY_LIMIT, from_tab.next()).await else {
        return false;
    };
    serde_json::from_slice::<Value>(first.as_bytes()).is_ok_and(|first| {
        bridge
            .access
            .has_key(first["key"].as_str().unwrap_or_default())
    })
}

async fn attend(
    mut sender: Sender,
    mut from_tab: SplitStream<WebSocket>,
    bridge: &Bridge,
    mut wanted: Option<Wanted>,
) -> Result<(), Gone> {
    loop {
        let live = reachable();
        sender.listing(&live).await?;
        let chosen = bridge.sessions.choose(wanted.as_ref(), &live);
        let state = match chosen.and_then(|session| Some((session.api.clone()?, session))) {
            None if wanted.is_none() => "none",
            None => "ended",
            Some((api, session)) => {
                wanted = Some(Wanted {
                    id: session.session_id.clone(),
                    config: Some(session.config.clone()),
                });
                match client::dial(&target(api), AGENT, &Timings::default()).await {
                    Ok(server) => {
                        sender.link("open", Some(&session), "").await?;
                        relay(&mut sender, &mut from_tab, server).await?;
                        "ended"
                    }
                    Err(why) => {
                        sender
                            .link("failed", Some(&session), &why.to_string())
                            .await?;
                        pause(&mut from_tab).await?;
                        continue;
                    }
                }
            }
        };
        sender.link(state, None, "").await?;
        pause(&mut from_tab).await?;
    }
}

/// Waits before the next attempt. Commands that come meanwhile reach nobody.
async fn pause(from_tab: &mut SplitStream<WebSocket>) -> Result<(), Gone> {
    let over = sleep(LOOK_EVERY);
    tokio::pin!(over);
    loop {
        tokio::select! {
            () = &mut over => return Ok(()),
            message = from_tab.next() => {
                command_in(message)?;
            }
        }
    }
}

/// The sessions that offer an API.
fn reachable() -> Vec<LiveSession> {
    let mut live = registry::list();
    live.retain(|session| session.api.is_some());
    live
}

/// The server of a registered session may have its token.
fn target(api: Access) -> Target {
    Target {
        address: api.address,
        token: Some(api.token),
        recipient: Recipient::Anybody,
    }
}

/// Passes messages both ways until the session ends the connection. Each way waits for its own
/// receiver alone: a tab that does not read holds up nothing but itself.
async fn relay(
    sender: &mut Sender,
    from_tab: &mut SplitStream<WebSocket>,
    server: client::Socket,
) -> Result<(), Gone> {
    let (mut to_server, mut from_server) = server.split();
    let commands = async {
        loop {
            let Some(command) = command_in(from_tab.next().await)? else {
                continue;
            };
            let command = tungstenite::Message::Text(command.into());
            if to_server.send(command).await.is_err() {
                // The other way sees the end, after what is still to be read.
                std::future::pending::<()>().await;
            }
        }
    };
    let events = async {
        let mut look = interval(LOOK_EVERY);
        let mut ping = interval(PING_EVERY);
        loop {
            tokio::select! {
                message = from_server.next() => {
                    let mut next = message;
                    loop {
                        match next {
                            Some(Ok(tungstenite::Message::Text(text))) => {
                                sender.feed(Message::text(text.as_str())).await?;
                            }
                            Some(Ok(tungstenite::Message::Close(_)) | Err(_)) | None => return sender.flush().await,
                            Some(Ok(_)) => {}
                        }
                        match from_server.next().now_or_never() {
                            Some(message) => next = message,
                            None => break,
                        }
                    }
                    sender.flush().await?;
                }
                _ = look.tick() => sender.listing(&reachable()).await?,
                _ = ping.tick() => sender.message(Message::ping(&b""[..])).await?,
            }
        }
    };
    tokio::select! {
        gone = commands => gone,
        ended = events => ended,
    }
}

/// The command in a message of the tab; `None` for a ping.
fn command_in(message: Option<Result<Message, warp::Error>>) -> Result<Option<String>, Gone> {
    let message = message.ok_or(Gone)?.map_err(|_| Gone)?;
    if message.is_close() {
        return Err(Gone);
    }
    Ok(message.to_str().ok().map(str::to_owned))
}

impl Sender {
    async fn feed(&mut self, message: Message) -> Result<(), Gone> {
        self.sink.feed(message).await.map_err(|_| Gone)
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        self.sink.flush().await.map_err(|_| Gone)
    }

    async fn message(&mut self, message: Message) -> Result<(), Gone> {
        self.sink.send(message).await.map_err(|_| Gone)
    }

    async fn event(&mut self, name: &str, payload: &Value) -> Result<(), Gone> {
        let event = json!({"type": "bridge", "name": name, "payload": payload});
        self.message(Message::text(event.to_string())).await
    }

    /// Sends the list of sessions, if it is another one than before.
    async fn listing(&mut self, live: &[LiveSession]) -> Result<(), Gone> {
        let listing = sessions::listing(live);
        if listing != self.listing {
            self.event("sessions", &json!({"sessions": listing}))
                .await?;
            self.listing = listing;
        }
        Ok(())
    }

    /// Says whether there is a session behind this tab, if that has changed.
    async fn link(
        &mut self,
        state: &str,
        session: Option<&LiveSession>,
        why: &str,
    ) -> Result<(), Gone> {
        let link = json!({
            "state": state,
            "session_id": session.map(|session| &session.session_id),
            "config": session.map(|session| session.config.to_string_lossy()),
            "why": why,
        });
        if link != self.link {
            self.event("link", &link).await?;
            self.link = link;
        }
        Ok(())
    }
}
