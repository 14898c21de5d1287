//! A client of the session API, as plain as can be: JSON in, JSON out.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::Instant;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket, client};

use super::{DEADLINE, until};

/// A connected client that has seen the hello and the snapshot.
#[derive(Debug)]
pub(crate) struct Client {
    socket: WebSocket<TcpStream>,
    /// The first message's payload.
    pub(crate) hello: Value,
    /// The services of the second message, sorted by name.
    pub(crate) snapshot: Vec<Value>,
    /// What came while something else was waited for.
    pending: VecDeque<Value>,
    next_id: u64,
}

/// The answers to one command.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The payload of the ack.
    pub(crate) ack: Value,
    /// The payload of the result; `None` when the command was not accepted.
    pub(crate) result: Option<Value>,
    /// The events between the two.
    pub(crate) between: Vec<Value>,
}

impl Reply {
    /// Whether the command was accepted and did what it says.
    pub(crate) fn is_ok(&self) -> bool {
        self.result
            .as_ref()
            .is_some_and(|result| result["ok"] == true)
    }
}

impl Client {
    /// Connects, again and again until the server listens or is no more.
    #[track_caller]
    pub(crate) fn connect(address: &str, token: &str, is_running: impl Fn() -> bool) -> Self {
        let stream = dial(address, is_running);
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
        let bearer = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        let (socket, _) = client(request, stream).unwrap();
        let mut client = Self {
            socket,
            hello: Value::Null,
            snapshot: Vec::new(),
            pending: VecDeque::new(),
            next_id: 1,
        };
        let hello = client.receive().unwrap();
        assert_eq!(hello["name"], "hello", "{hello}");
        client.hello = hello["payload"].clone();
        let snapshot = client.receive().unwrap();
        assert_eq!(snapshot["name"], "snapshot", "{snapshot}");
        snapshot["payload"]["services"]
            .as_array()
            .unwrap()
            .clone_into(&mut client.snapshot);
        client
    }

    /// The next message, in the order they came; `None` when the server has closed.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Option<Value> {
        self.pending.pop_front().or_else(|| self.receive())
    }

    /// Sends a text as it is.
    #[track_caller]
    pub(crate) fn send(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).unwrap();
    }

    /// Sends a command without waiting for anything; returns its id.
    #[track_caller]
    pub(crate) fn send_command(&mut self, name: &str, payload: &Value) -> String {
        let id = format!("t-{}", self.next_id);
        self.next_id += 1;
        let mut command = json!({ "type": "command", "id": id, "name": name });
        if !payload.is_null() {
            command["payload"] = payload.clone();
        }
        self.send(command.to_string());
        id
    }

    /// Sends a command and waits for its ack and, when it is accepted, its result.
    #[track_caller]
    pub(crate) fn command(&mut self, name: &str, payload: &Value) -> Reply {
        let id = self.send_command(name, payload);
        self.reply(&id)
    }

    /// The services as they are now, sorted by name.
    #[track_caller]
    pub(crate) fn services(&mut self) -> Vec<Value> {
        let snapshot = self.command("get_snapshot", &Value::Null);
        let snapshot = snapshot.result.expect("a snapshot is never refused");
        snapshot["data"]["services"].as_array().unwrap().clone()
    }

    /// Waits for the ack and the result of a command that was sent.
    #[track_caller]
    pub(crate) fn reply(&mut self, id: &str) -> Reply {
        let ack = self.wait_for(&format!("the ack of {id}"), |message| {
            message["type"] == "ack" && message["id"] == *id
        });
        let mut reply = Reply {
            ack: ack["payload"].clone(),
            result: None,
            between: Vec::new(),
        };
        if reply.ack["accepted"] != true {
            return reply;
        }
        loop {
            let Some(message) = self.next() else {
                panic!("closed before the result of {id}")
            };
            if message["type"] == "result" && message["id"] == *id {
                reply.result = Some(message["payload"].clone());
                return reply;
            }
            reply.between.push(message);
        }
    }

    /// Waits for the event that says that a service has this status, unless the snapshot said so;
    /// returns its payload.
    #[track_caller]
    pub(crate) fn wait_status(&mut self, service: &str, status: &str) -> Value {
        let in_snapshot = self
            .snapshot
            .iter()
            .find(|member| member["name"] == service);
        if let Some(member) = in_snapshot.filter(|member| member["status"] == status) {
            return member.clone();
        }
        let event = self.wait_for(&format!("{service} → {status}"), |message| {
            message["name"] == "service_status"
                && message["payload"]["service"] == service
                && message["payload"]["status"] == status
        });
        event["payload"].clone()
    }

    /// Takes messages until one that is wanted; the ones before it are dropped.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + DEADLINE;
        let mut seen = Vec::new();
        loop {
            match self.next() {
                Some(message) if is_it(&message) => return message,
                Some(message) => seen.push(message),
                None => panic!("closed before {what}; seen: {seen:#?}"),
            }
            assert!(
                Instant::now() < deadline,
                "waited in vain for {what}; seen: {seen:#?}"
            );
        }
    }

    /// Reads until the server closes; the close code, when it gave one.
    #[track_caller]
    pub(crate) fn wait_for_close(&mut self) -> Option<u16> {
        loop {
            match self.socket.read() {
                Ok(Message::Close(frame)) => return frame.map(|frame| frame.code.into()),
                Ok(_) => {}
                Err(Error::ConnectionClosed | Error::AlreadyClosed) => return None,
                Err(error) => panic!("waiting for the server to close: {error}"),
            }
        }
    }

    #[track_caller]
    fn receive(&mut self) -> Option<Value> {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(Message::Close(_)) | Err(Error::ConnectionClosed | Error::AlreadyClosed) => {
                    return None;
                }
                Ok(_) => {}
                Err(error) => panic!("reading from the session API: {error}"),
            }
        }
    }
}

#[track_caller]
fn dial(address: &str, is_running: impl Fn() -> bool) -> TcpStream {
    until("somebody who listens", || {
        TcpStream::connect(address).inspect_err(|error| {
            let is_early = error.kind() == ErrorKind::ConnectionRefused && is_running();
            assert!(is_early, "cannot connect to {address}: {error}");
        })
    })
}
