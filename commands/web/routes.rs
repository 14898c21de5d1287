//! What the bridge answers: the files, the exchange of the code, and the socket.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use warp::Filter;
use warp::http::header::{CONTENT_TYPE, SET_COOKIE};
use warp::http::{HeaderMap, HeaderValue, Method, StatusCode};
use warp::hyper::body::Bytes;
use warp::path::FullPath;
use warp::reply::{Reply, Response};
use warp::ws::Ws;

use super::sessions::Wanted;
use super::{Bridge, page, tab};

/// Far longer than a code.
const CODE_BYTES: u64 = 256;

/// As much as a session takes.
const MESSAGE_BYTES: usize = 1 << 20;

/// What the address of a socket asks for.
#[derive(Debug, Default, Deserialize)]
struct Query {
    session: Option<String>,
    /// The configuration of that session, if the tab knows it.
    config: Option<String>,
}

/// All of them. What one filter rejects comes to the last, which judges alike: the source first, so
/// that another site learns nothing, not even which paths exist.
pub(super) fn routes(
    bridge: Arc<Bridge>,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone {
    let bridge = warp::any().map(move || Arc::clone(&bridge));
    let headers = warp::header::headers_cloned();
    let query = warp::query::<Query>();
    let query = query.or(warp::any().map(Query::default)).unify();
    let socket = warp::path!("ws")
        .and(bridge.clone())
        .and(headers)
        .and(query)
        .and(warp::ws())
        .map(|bridge, headers: HeaderMap, query: Query, ws| {
            open(bridge, &headers, query, ws).unwrap_or_else(refusal)
        });
    let exchange = warp::path!("exchange")
        .and(warp::post())
        .and(bridge.clone())
        .and(headers)
        .and(warp::body::content_length_limit(CODE_BYTES))
        .and(warp::body::bytes())
        .map(|bridge: Arc<Bridge>, headers: HeaderMap, code: Bytes| {
            exchange(&bridge, &headers, &code).unwrap_or_else(refusal)
        });
    let rest = warp::path::full()
        .and(warp::method())
        .and(bridge)
        .and(headers)
        .map(
            |path: FullPath, method: Method, bridge: Arc<Bridge>, headers: HeaderMap| {
                other(&bridge, path.as_str(), &method, &headers).unwrap_or_else(refusal)
            },
        );
    let all = socket.or(exchange).unify().or(rest).unify();
    all.map(page::guarded)
}

/// A browser shows the text to a user who came by another name of this machine.
fn refusal(status: StatusCode) -> Response {
    let text = match status {
        StatusCode::FORBIDDEN => "Open the address that flowlayer web prints.",
        other => other.canonical_reason().unwrap_or_default(),
    };
    warp::reply::with_status(text, status).into_response()
}

/// Opens the socket of a tab.
fn open(
    bridge: Arc<Bridge>,
    headers: &HeaderMap,
    query: Query,
    ws: Ws,
) -> Result<Response, StatusCode> {
    bridge.access.check_source(headers)?;
    bridge.access.check_cookie(headers)?;
    let Ok(permit) = Arc::clone(&bridge.tabs).try_acquire_owned() else {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    };
    let config = query.config.filter(|config| !config.is_empty());
    let wanted = query.session.map(|id| Wanted {
        id,
        config: config.map(PathBuf::from),
    });
    let ws = ws
        .max_message_size(MESSAGE_BYTES)
        .max_frame_size(MESSAGE_BYTES);
    let serving = ws.on_upgrade(move |socket| async move {
        tab::serve(socket, &bridge, wanted).await;
        drop(permit);
    });
    Ok(serving.into_response())
}

/// Gives cookie and key for the code.
fn exchange(bridge: &Bridge, headers: &HeaderMap, code: &[u8]) -> Result<Response, StatusCode> {
    bridge.access.check_source(headers)?;
    let (cookie, key) = bridge.access.exchange(code).ok_or(StatusCode::FORBIDDEN)?;
    let mut reply = Response::new(key.to_owned().into());
    reply.headers_mut().insert(SET_COOKIE, cookie);
    let kind = HeaderValue::from_static("text/plain");
    reply.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(reply)
}

/// Everything that is no handshake and no code.
fn other(
    bridge: &Bridge,
    path: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, StatusCode> {
    bridge.access.check_source(headers)?;
    match (path, method) {
        ("/ws", &Method::GET) => {
            bridge.access.check_cookie(headers)?;
            Err(StatusCode::UPGRADE_REQUIRED)
        }
        ("/exchange", &Method::POST) => Err(StatusCode::BAD_REQUEST),
        ("/ws" | "/exchange", _) => Err(StatusCode::METHOD_NOT_ALLOWED),
        (_, &Method::GET) => page::file(path).ok_or(StatusCode::NOT_FOUND),
        _ => Err(StatusCode::METHOD_NOT_ALLOWED),
    }
}
