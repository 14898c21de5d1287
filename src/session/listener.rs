//! Taking connections and speaking HTTP on them (docs/protocol.md, HTTP).
//!
//! The routes are a warp filter; the loop around it is ours. warp's own server has no limit on
//! connections, no limit of time on request headers, and forgets a connection once it is upgraded.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use warp::Filter;
use warp::http::{HeaderMap, Method, Version};
use warp::hyper::Request;
use warp::hyper::body::Incoming;
use warp::hyper::server::conn::http1;
use warp::hyper::service::{Service, service_fn};
use warp::hyper::upgrade::OnUpgrade;
use warp::path::FullPath;
use warp::reply::Response;

use super::admission::{Admission, Visitor};
use super::connection;
use super::http::{self, Refusal, Verdict};
use super::meter::Metered;
use super::shared::Shared;

/// What travels with a request to the routes beside the request itself.
#[derive(Clone)]
struct Arrival {
    visitor: Arc<Visitor>,
    version: Version,
}

pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let limits = &shared.config.limits;
    let admission = Admission::new(limits.connections, limits.without_credentials);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shared.stop.cancelled() => return,
        };
        let socket = match accepted {
            Ok((socket, _)) => socket,
            Err(error) => {
                after_failed_accept(&error).await;
                continue;
            }
        };
        // Replies and events are small and wanted at once.
        let _ = socket.set_nodelay(true);
        let serving = serve(socket, admission.enter(), Arc::clone(&shared));
        shared.requests.spawn(serving);
    }
}

/// A connection that broke before it was taken is nobody's trouble. Anything else (no file
/// descriptors left) will still be there at once, so it is given time.
async fn after_failed_accept(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        tracing::warn!(target: "flowlayer::session", "cannot accept a connection to the session API: {error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub(super) const HEADER_BYTES: usize = 32 * 1024;

/// Speaks HTTP on one connection, until it ends, is upgraded, or the API stops.
async fn serve(socket: TcpStream, visitor: Arc<Visitor>, shared: Arc<Shared>) {
    let displaced = Arc::clone(&visitor);
    let socket = Metered::new(socket);
    let spoken = socket.spoken();
    let routes = TowerToHyperService::new(warp::service(routes(Arc::clone(&shared))));
    let service = service_fn(move |mut request: Request<Incoming>| {
        let visitor = Arc::clone(&visitor);
        let version = request.version();
        request
            .extensions_mut()
            .insert(Arrival { visitor, version });
        routes.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.config.limits.headers)
        .max_header_size(HEADER_BYTES)
        .max_buf_size(2 * HEADER_BYTES)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = displaced.dropped() => return,
        () = shared.stop.cancelled() => {}
    }
    if !spoken.load(Ordering::Relaxed) {
        // No request is under way where none was begun.
        return;
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        _ = connection => {}
        () = shared.cut.cancelled() => {}
    }
}

/// Everything a request is judged by goes into one function: a chain of filters would answer the
/// path before the credentials, or the method before the path, depending on what rejects first.
fn routes(
    shared: Arc<Shared>,
) -> impl Filter<Extract = (Response,), Error = warp::Rejection> + Clone {
    warp::method()
        .and(warp::path::full())
        .and(warp::header::headers_cloned())
        .and(warp::ext::get::<Arrival>())
        .and(warp::ext::optional::<OnUpgrade>())
        .map(
            move |method: Method,
                  path: FullPath,
                  headers: HeaderMap,
                  arrival: Arrival,
                  upgrade: Option<OnUpgrade>| {
                let Arrival { visitor, version } = arrival;
                let token = &shared.config.token;
                let mut verdict = http::judge(token, &method, path.as_str(), version, &headers);
                let has_credentials = !matches!(
                    verdict,
                    Err(Refusal::NoCredentials | Refusal::WrongCredentials)
                );
                if has_credentials && !visitor.admit() {
                    verdict = Err(Refusal::Full);
                }
                match (verdict, upgrade) {
                    (Ok(Verdict::Health), _) => http::healthy(),
                    (Err(refusal), _) => refusal.reply(),
                    (Ok(Verdict::Upgrade { key }), Some(upgrade)) => {
                        let shared = Arc::clone(&shared);
                        let (sockets, client) = (shared.sockets.clone(), http::client(&headers));
                        sockets.spawn(connection::open(upgrade, visitor, client, shared));
                        http::switching(&key)
                    }
                    (Ok(Verdict::Upgrade { .. }), None) => Refusal::NoUpgrade.reply(),
                }
            },
        )
}
