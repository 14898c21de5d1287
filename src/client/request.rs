//! What a handle wants from the task behind it.

use tokio::sync::mpsc;

use super::calls::{CommandError, Order};

#[derive(Debug)]
pub(super) enum Request {
    Order(Order),
    RetryNow,
}

pub(super) type Requests = mpsc::UnboundedReceiver<Request>;

/// Refuses orders while there is no connection; returns when every handle is gone.
pub(super) async fn refuse(requests: &mut Requests) {
    while let Some(request) = requests.recv().await {
        if let Request::Order(order) = request {
            order.fail(&CommandError::NotConnected);
        }
    }
}
