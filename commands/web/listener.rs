//! Takes the connections of browsers. warp's own server limits neither their number nor the time that the
//! headers of a request may take.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use flowlayer_core::session::admission::{Admission, Visitor};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use warp::Filter;
use warp::hyper::server::conn::http1;
use warp::reply::Response;

/// Connections that are no open tab (those have a limit of their own). A browser has six at a time; the oldest
/// makes room for a new one.
const CONNECTIONS: usize = 64;

/// Until the headers of a request must be complete.
const HEADERS: Duration = Duration::from_secs(10);

const HEADER_BYTES: usize = 32 * 1024;

/// Serves the routes to everybody who connects.
pub(super) async fn accept<F>(listener: TcpListener, routes: F)
where
    F: Filter<Extract = (Response,), Error = Infallible> + Clone + Send + Sync + 'static,
{
    let admission = Admission::new(0, CONNECTIONS);
    loop {
        if let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(serve(socket, admission.enter(), routes.clone()));
        } else {
            // Without descriptors the next attempt fails too, and at once.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn serve<F>(socket: TcpStream, visitor: Arc<Visitor>, routes: F)
where
    F: Filter<Extract = (Response,), Error = Infallible> + Clone + Send + Sync + 'static,
{
    let _ = socket.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_header_size(HEADER_BYTES)
        .max_buf_size(2 * HEADER_BYTES)
        .serve_connection(
            TokioIo::new(socket),
            TowerToHyperService::new(warp::service(routes)),
        )
        .with_upgrades();
    tokio::select! {
        _ = connection => {}
        () = visitor.dropped() => {}
    }
}
