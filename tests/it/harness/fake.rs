//! A server that does what a script says, and nothing that a server should.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, WebSocket, accept};

use super::DEADLINE;

/// Listens until the test ends, and runs the script on a thread for every connection.
#[derive(Debug)]
pub(crate) struct Fake {
    /// Where it listens.
    pub(crate) address: String,
    connections: Arc<AtomicUsize>,
}

/// A connection that has become a WebSocket.
#[derive(Debug)]
pub(crate) struct Peer(WebSocket<TcpStream>);

impl Fake {
    /// Hands every connection, with its number from 0, to the script as it is.
    pub(crate) fn raw(script: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let connections = Arc::new(AtomicUsize::new(0));
        let (counted, script) = (Arc::clone(&connections), Arc::new(script));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let number = counted.fetch_add(1, Ordering::SeqCst);
                let script = Arc::clone(&script);
                stream.set_read_timeout(Some(DEADLINE)).unwrap();
                std::thread::spawn(move || script(number, stream));
            }
        });
        Self {
            address,
            connections,
        }
    }

    /// Hands every WebSocket to the script.
    pub(crate) fn websocket(script: impl Fn(usize, Peer) + Send + Sync + 'static) -> Self {
        Self::raw(move |number, stream| {
            if let Ok(socket) = accept(stream) {
                script(number, Peer(socket));
            }
        })
    }

    /// Answers every request with this status line and nothing more.
    pub(crate) fn answering(status: &'static str) -> Self {
        Self::raw(move |_, mut stream| {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes());
        })
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Peer {
    /// Sends a text; a client that has gone is not told.
    pub(crate) fn send(&mut self, text: impl Into<String>) {
        let _ = self.0.send(Message::text(text.into()));
    }

    /// Sends an event.
    pub(crate) fn event(&mut self, name: &str, payload: &Value) {
        self.send(json!({ "type": "event", "name": name, "payload": payload }).to_string());
    }

    /// Says hello as version 1, with this session, and that there are these services, all ready.
    pub(crate) fn introduce(&mut self, session: &str, services: &[&str]) {
        self.event("hello", &json!({
            "protocol_version": 1, "server": "flowlayer", "capabilities": [], "session_id": session,
        }));
        let services: Vec<Value> = services
            .iter()
            .map(|name| json!({ "name": name, "status": "ready", "up": true, "wave": 0 }))
            .collect();
        self.event("snapshot", &json!({ "services": services }));
    }

    /// Sends a log event.
    pub(crate) fn log(&mut self, seq: u64, service: &str, message: &str) {
        self.event("log", &entry(seq, service, message));
    }

    /// The next command: its id, its name, its payload; `None` when the client has gone.
    pub(crate) fn command(&mut self) -> Option<(String, String, Value)> {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    let text = |field: &str| message[field].as_str().unwrap_or_default().to_owned();
                    return Some((text("id"), text("name"), message["payload"].clone()));
                }
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    /// Accepts a command and answers it with this data.
    pub(crate) fn answer(&mut self, id: &str, data: &Value) {
        self.send(json!({ "type": "ack", "id": id, "payload": { "accepted": true } }).to_string());
        self.send(
            json!({ "type": "result", "id": id, "payload": { "ok": true, "data": data } })
                .to_string(),
        );
    }

    /// Answers every question until the client goes: the log is these entries, of all services.
    pub(crate) fn serve_log(&mut self, entries: &[Value]) {
        while let Some((id, name, payload)) = self.command() {
            if name == "get_logs" {
                self.page(&id, &payload, entries);
            } else {
                self.answer(&id, &Value::Null);
            }
        }
    }

    /// Answers a `get_logs`.
    pub(crate) fn page(&mut self, id: &str, payload: &Value, entries: &[Value]) {
        let limit = usize::try_from(payload["limit"].as_u64().unwrap_or(500)).unwrap();
        let before = payload["before_seq"].as_u64().unwrap_or(u64::MAX);
        let after = payload["after_seq"].as_u64().unwrap_or(0);
        let wanted: Vec<&Value> = entries
            .iter()
            .filter(|entry| (after + 1..before).contains(&entry["seq"].as_u64().unwrap()))
            .filter(|entry| payload["service"].is_null() || payload["service"] == entry["service"])
            .collect();
        let page = &wanted[wanted.len().saturating_sub(limit)..];
        let is_truncated = page.len() < wanted.len();
        self.answer(
            id,
            &json!({ "entries": page, "truncated": is_truncated, "effective_limit": limit }),
        );
    }

    /// Reads and ignores whatever comes until the client goes.
    pub(crate) fn listen(&mut self) {
        while self.command().is_some() {}
    }
}

/// A log entry.
pub(crate) fn entry(seq: u64, service: &str, message: &str) -> Value {
    json!({
        "seq": seq, "service": service, "phase": "ready", "stream": "stdout", "message": message,
        "timestamp": "2026-04-18T09:21:14.000Z",
    })
}
