//! The client against servers that do as they are told.

mod commands;
mod connecting;
mod following;
mod real;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Message;

use super::*;
use crate::protocol::{Command, LogsQuery, Token};

/// Nothing here waits for long; a test that hangs fails.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("in time")
}

/// Whoever is dialled.
struct Fake {
    listener: TcpListener,
}

impl Fake {
    async fn new() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        }
    }

    fn address(&self) -> String {
        self.listener.local_addr().unwrap().to_string()
    }

    fn config(&self) -> ClientConfig {
        config(&self.address())
    }

    async fn accept(&self) -> TcpStream {
        soon(self.listener.accept()).await.unwrap().0
    }

    /// Answers one request with this and hangs up.
    async fn answer(&self, response: &str) -> String {
        let mut socket = self.accept().await;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            soon(socket.read_exact(&mut byte)).await.unwrap();
            request.extend(byte);
        }
        socket.write_all(response.as_bytes()).await.unwrap();
        String::from_utf8(request).unwrap()
    }

    /// Takes a WebSocket and says nothing yet.
    async fn upgrade(&self) -> Peer {
        let socket = self.accept().await;
        let socket = soon(tokio_tungstenite::accept_async(socket)).await.unwrap();
        Peer { socket }
    }

    /// Takes a WebSocket and introduces itself.
    async fn welcome(&self, session: &str) -> Peer {
        let mut peer = self.upgrade().await;
        peer.hello(session).await;
        peer.say(
            json!({"type": "event", "name": "snapshot", "payload": {"services": [
                {"name": "api", "status": "running"},
            ]}}),
        )
        .await;
        peer
    }
}

/// A port that is taken and on which nobody listens.
fn closed_port() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    (socket, address)
}

fn config(address: &str) -> ClientConfig {
    let mut config = ClientConfig::new(Target {
        address: address.to_owned(),
        token: Some(Token::new("secret").unwrap()),
        recipient: Recipient::OwnOrRoot,
    });
    config.timings.backoff = [10, 20].map(Duration::from_millis).to_vec();
    config
}

/// The server's end of a connection.
struct Peer {
    socket: WebSocketStream<TcpStream>,
}

impl Peer {
    async fn hello(&mut self, session: &str) {
        self.say(json!({"type": "event", "name": "hello", "payload": {
            "protocol_version": 1, "server": "flowlayer", "capabilities": [],
            "session_id": session,
        }}))
        .await;
    }

    async fn say(&mut self, message: Value) {
        let message = Message::text(message.to_string());
        soon(self.socket.send(message)).await.unwrap();
    }

    /// The next command.
    async fn hears(&mut self) -> Value {
        loop {
            match soon(self.socket.next())
                .await
                .expect("still there")
                .unwrap()
            {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next command, which must be this one; its id.
    async fn hears_command(&mut self, name: &str) -> Value {
        let mut message = self.hears().await;
        assert_eq!(message["type"], "command");
        assert_eq!(message["name"], name, "{message}");
        message["id"].take()
    }

    async fn accepts(&mut self, id: &Value) {
        self.say(json!({"type": "ack", "id": id, "payload": {"accepted": true}}))
            .await;
    }

    async fn results(&mut self, id: &Value, payload: Value) {
        self.say(json!({"type": "result", "id": id, "payload": payload}))
            .await;
    }

    /// Writes entries into the live stream.
    async fn logs(&mut self, seqs: impl IntoIterator<Item = u64>) {
        for seq in seqs {
            self.say(json!({"type": "event", "name": "log", "payload": entry(seq)}))
                .await;
        }
    }

    /// Expects a question about the log, answers it with these entries; its payload.
    async fn pages(&mut self, seqs: impl IntoIterator<Item = u64>) -> Value {
        let mut message = self.hears().await;
        assert_eq!(message["name"], "get_logs", "{message}");
        let id = message["id"].take();
        self.accepts(&id).await;
        let entries: Vec<Value> = seqs.into_iter().map(entry).collect();
        let data = json!({"entries": entries, "truncated": true, "effective_limit": 1});
        self.results(&id, json!({"ok": true, "data": data})).await;
        message["payload"].take()
    }
}

fn entry(seq: u64) -> Value {
    json!({"seq": seq, "service": "api", "phase": "running", "stream": "stdout",
        "message": format!("line {seq}"), "timestamp": "2026-04-18T10:30:00.000Z"})
}

impl Events {
    async fn expect(&mut self) -> Event {
        soon(self.next()).await.expect("more events")
    }

    /// The next state of the connection that has this label.
    async fn label(&mut self, label: &str) -> ConnectionState {
        loop {
            if let Event::Connection(state) = self.expect().await
                && state.label(std::time::Instant::now()).starts_with(label)
            {
                return state;
            }
        }
    }

    /// The next so many entries, and the gaps before and between them.
    async fn entries(&mut self, count: usize) -> (Vec<u64>, Vec<(u64, u64)>) {
        let (mut seqs, mut gaps) = (Vec::new(), Vec::new());
        while seqs.len() < count {
            match self.expect().await {
                Event::Logs(entries) => seqs.extend(entries.iter().map(|entry| entry.seq)),
                Event::Gap(gap) => gaps.push((gap.first, gap.last)),
                _ => {}
            }
        }
        (seqs, gaps)
    }
}
