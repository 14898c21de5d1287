//! The API as clients meet it: a real listener, real sockets, a runtime that does as it is told.

mod commands;
mod ending;
mod http;
mod limits;
mod stream;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::*;
use crate::facts::{Reason, StartProblem, Status};
use crate::logs::{LogDefaults, Logs, LogsConfig};
use crate::protocol::Token;
use crate::runtime::handle::Message as Request;
use crate::runtime::{
    Action, Decision, Handle, Outcome, RequestId, StatusView, SubscriberId, Update,
};

const SERVICES: [&str; 3] = ["api", "db", "web"];
const SESSION: &str = "6c1b7f3e-0d34-4a53-9a0c-6f6a3b6f8a11";

/// Nothing here waits for long; a test that hangs fails.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("in time")
}

/// An open API whose runtime is the test.
struct Api {
    server: Option<Server>,
    address: SocketAddr,
    logs: Logs,
    inbox: mpsc::UnboundedReceiver<Request>,
    subscribers: HashMap<SubscriberId, mpsc::UnboundedSender<Update>>,
}

impl Api {
    async fn open() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(adjust: impl FnOnce(&mut SessionConfig)) -> Self {
        let services: Vec<Arc<str>> = SERVICES.map(Arc::from).to_vec();
        let mut log = LogsConfig::new(services);
        // Little, so that one who is slow is soon seen to be.
        log.limits.recent_bytes = 1 << 20;
        let logs = Logs::open(log).unwrap();
        logs.set_defaults(LogDefaults {
            all: 500,
            services: vec![500, 2, 500],
        });
        let mut config = SessionConfig {
            token: Token::new("secret").unwrap(),
            session_id: SESSION.parse().unwrap(),
            first_seq: 1,
            limits: Limits::default(),
        };
        adjust(&mut config);
        let (handle, inbox) = Handle::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = serve(listener, config, handle, logs.clone());
        Self {
            server: Some(server),
            address,
            logs,
            inbox,
            subscribers: HashMap::new(),
        }
    }

    /// The next thing the runtime is asked; subscribers get their snapshot by the way.
    async fn asked(&mut self) -> Request {
        loop {
            match soon(self.inbox.recv()).await.expect("a handle is left") {
                Request::Subscribe { id, updates, .. } => self.subscribe(id, updates),
                other => return other,
            }
        }
    }

    /// The next action asked for.
    async fn action(&mut self) -> (SubscriberId, RequestId, Action) {
        match self.asked().await {
            Request::Act(subscriber, request, action) => (subscriber, request, action),
            other => panic!("{other:?}"),
        }
    }

    /// Serves subscriptions until a client has been introduced.
    async fn client(&mut self) -> Client {
        let mut client = soon(Client::connect(self.address)).await;
        self.introduce(&mut client).await;
        client
    }

    async fn introduce(&mut self, client: &mut Client) {
        let (id, updates) = loop {
            match soon(self.inbox.recv()).await.unwrap() {
                Request::Subscribe { id, updates, .. } => break (id, updates),
                Request::Unsubscribe(_) => {}
                other => panic!("{other:?}"),
            }
        };
        self.subscribe(id, updates);
        client.id = Some(id);
        assert_eq!(client.next().await["name"], "hello");
        assert_eq!(client.next().await["name"], "snapshot");
    }

    fn subscribe(&mut self, id: SubscriberId, updates: mpsc::UnboundedSender<Update>) {
        let first = Update::Snapshot {
            request: None,
            services: snapshot(),
            config: Arc::default(),
        };
        updates.send(first).unwrap();
        self.subscribers.insert(id, updates);
    }

    fn send(&self, client: &Client, update: Update) {
        let id = client.id.expect("introduced");
        self.subscribers[&id].send(update).unwrap();
    }

    fn send_status(&self, client: &Client, service: usize, status: Status) {
        let mut view = view(service);
        view.status = status;
        let at = SystemTime::now();
        let view = Arc::new(view);
        self.send(client, Update::Status { view, at, after: 0 });
    }

    fn accept(&self, client: &Client, request: RequestId) {
        let decision = Decision::Accepted;
        self.send(client, Update::Ack { request, decision });
    }

    fn done(&self, client: &Client, request: RequestId) {
        let outcome = Outcome::Done;
        let report = None;
        let result = Update::Result {
            request,
            outcome,
            report,
        };
        self.send(client, result);
    }

    async fn http(&self, request: &str) -> String {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        soon(socket.read_to_string(&mut response)).await.unwrap();
        response
    }
}

fn view(service: usize) -> StatusView {
    StatusView {
        pid: Some(4242),
        ..StatusView::sample(service, SERVICES[service])
    }
}

/// A reason that takes this many bytes twice: as data and as `detail`.
fn long_reason(bytes: usize) -> Reason {
    Reason::CannotStart(StartProblem::System {
        error: "x".repeat(bytes),
    })
}

fn snapshot() -> Arc<[Arc<StatusView>]> {
    (0..SERVICES.len())
        .map(|service| Arc::new(view(service)))
        .collect()
}

/// A WebSocket client that knows nothing of our own.
struct Client {
    socket: WebSocketStream<TcpStream>,
    id: Option<SubscriberId>,
}

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap(), address).await
    }

    async fn over(stream: TcpStream, address: SocketAddr) -> Self {
        let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
        request
            .headers_mut()
            .insert("authorization", "Bearer secret".parse().unwrap());
        let (socket, response) = tokio_tungstenite::client_async(request, stream)
            .await
            .unwrap();
        for header in ["sec-websocket-protocol", "sec-websocket-extensions"] {
            assert!(!response.headers().contains_key(header));
        }
        Self { socket, id: None }
    }

    async fn say(&mut self, message: Value) {
        self.send(Message::text(message.to_string())).await;
    }

    async fn send(&mut self, message: Message) {
        soon(self.socket.send(message)).await.unwrap();
    }

    async fn command(&mut self, id: &str, name: &str, payload: Value) {
        self.say(json!({"type": "command", "id": id, "name": name, "payload": payload}))
            .await;
    }

    /// The next message that is not a ping.
    async fn next(&mut self) -> Value {
        match self.frame().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    async fn frame(&mut self) -> Message {
        loop {
            let frame = soon(self.socket.next()).await.expect("still open").unwrap();
            if !matches!(frame, Message::Ping(_) | Message::Pong(_)) {
                return frame;
            }
        }
    }

    /// Ends the closing handshake.
    async fn finish(&mut self) {
        while let Some(Ok(_)) = soon(self.socket.next()).await {}
    }

    /// The code the server closes with, whatever comes before it.
    async fn close_code(&mut self) -> CloseCode {
        loop {
            if let Message::Close(frame) = self.frame().await {
                self.finish().await;
                return frame.expect("a reason").code;
            }
        }
    }
}
