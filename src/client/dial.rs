//! One attempt to connect: from an address to a WebSocket, or why not.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, USER_AGENT};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::config::{Recipient, Target, Timings};
use super::state::Failure;
use crate::ports;

/// An open WebSocket to a server.
pub type Socket = WebSocketStream<TcpStream>;

/// Bytes of one message. Ours sends at most 15 MiB of entries; other servers have no such bound.
const MESSAGE_BYTES: usize = 64 << 20;

/// Connects once, without reading what the server says: for a program that passes messages on. The others
/// use [`super::start`] or [`super::connect`].
/// `agent`: what the program calls itself.
pub async fn dial(
    target: &Target,
    agent: &'static str,
    timings: &Timings,
) -> Result<Socket, Failure> {
    let address = &target.address;
    let unreachable = |why: String| Failure::Unreachable {
        address: address.clone(),
        why,
    };
    let request = request(target, agent).map_err(|why| unreachable(why.to_string()))?;
    let no_answer = || "no answer in time".to_owned();
    let deadline = Instant::now() + timings.handshake;
    let socket = match timeout_at(deadline, TcpStream::connect(address)).await {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => {
            return Err(Failure::Refused(address.clone()));
        }
        Ok(Err(error)) => return Err(unreachable(os_error_text(&error))),
        Err(_) => return Err(unreachable(no_answer())),
    };
    if target.token.is_some() && target.recipient == Recipient::OwnOrRoot {
        check_recipient(address, &socket)?;
    }
    match timeout_at(deadline, handshake(address, socket, request)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Failure::NoHandshake {
            address: address.clone(),
            why: no_answer(),
        }),
    }
}

/// Refuses servers of other users: anybody can listen at the address of a session that does not run. Checks
/// the connection that will carry the token, so that no other server can take its place in between.
fn check_recipient(address: &str, socket: &TcpStream) -> Result<(), Failure> {
    let stranger = |user| Failure::Stranger {
        address: address.to_owned(),
        user,
    };
    let ends = socket
        .peer_addr()
        .and_then(|it| Ok((it, socket.local_addr()?)));
    let Ok(ends) = ends else {
        return Err(stranger(None));
    };
    // `::ffff:127.0.0.1` is the loopback too, and the socket table has it as 127.0.0.1.
    let [server, client] =
        [ends.0, ends.1].map(|end| SocketAddr::new(end.ip().to_canonical(), end.port()));
    if !server.ip().is_loopback() && !server.ip().is_unspecified() {
        return Ok(());
    }
    let users = ports::users(server, client).unwrap_or_default();
    let own = nix::unistd::geteuid().as_raw();
    match users.iter().find(|&&user| user != own && user != 0) {
        None if !users.is_empty() => Ok(()),
        user => Err(stranger(user.copied())),
    }
}

fn request(target: &Target, agent: &'static str) -> Result<Request, Error> {
    let mut request = format!("ws://{}/ws", target.address).into_client_request()?;
    let headers = request.headers_mut();
    headers.insert(USER_AGENT, HeaderValue::from_static(agent));
    if let Some(token) = &target.token {
        let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose()))?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    Ok(request)
}

async fn handshake(address: &str, socket: TcpStream, request: Request) -> Result<Socket, Failure> {
    // Commands are small and wanted at once.
    let _ = socket.set_nodelay(true);
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_BYTES))
        .max_frame_size(Some(MESSAGE_BYTES));
    match tokio_tungstenite::client_async_with_config(request, socket, Some(config)).await {
        Ok((socket, _)) => Ok(socket),
        Err(error) => Err(refusal(address.to_owned(), &error)),
    }
}

/// The text of a system error without its number, e.g. `connection refused`.
pub(super) fn os_error_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => "unknown error".to_owned(),
    }
}

fn refusal(address: String, error: &Error) -> Failure {
    match error {
        Error::Http(response) => match response.status().as_u16() {
            401 => Failure::TokenRequired(address),
            403 => Failure::InvalidToken(address),
            503 => Failure::Full(address),
            _ => Failure::NotFlowLayer {
                address,
                why: format!("it answers {}", response.status()),
            },
        },
        Error::Io(error) => Failure::NoHandshake {
            address,
            why: os_error_text(error),
        },
        other => Failure::NotFlowLayer {
            address,
            why: other.to_string(),
        },
    }
}
