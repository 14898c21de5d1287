//! The terminals that one client is attached to.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::sleep_until;

use crate::protocol::{Code, ErrorBody, TerminalOutput, TerminalScreen, message};
use crate::screen::{Attachment, Consoles, Drawing, Size};

/// What a client wants of a terminal, or of the input of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Order {
    Attach(Size),
    Detach,
    Resize(Size),
    Send(Vec<u8>),
}

/// The answer: the screen, after an [`Order::Attach`].
pub(super) type Answer = Result<Option<TerminalScreen>, ErrorBody>;

#[derive(Debug)]
struct Attached {
    name: Arc<str>,
    view: Attachment,
}

#[derive(Debug)]
pub(super) struct Terminals {
    consoles: Consoles,
    attached: BTreeMap<usize, Attached>,
    /// A screen has changed.
    changed: Arc<Notify>,
}

impl Terminals {
    pub(super) fn new(consoles: Consoles) -> Self {
        Self {
            consoles,
            attached: BTreeMap::new(),
            changed: Arc::default(),
        }
    }

    /// Does what a client wants with a service.
    pub(super) fn perform(&mut self, service: usize, name: &Arc<str>, order: Order) -> Answer {
        let refused = |code, why: &dyn std::fmt::Display| {
            ErrorBody::new(code, format!("service \"{name}\": {why}"))
        };
        let console = self.consoles.of(service);
        match order {
            Order::Attach(size) => {
                // One that is attached already gets the whole screen again.
                self.attached.remove(&service);
                let view = console.attach(size, Arc::clone(&self.changed));
                let mut view = view.map_err(|error| refused(Code::NoTerminal, &error))?;
                let Some(Drawing { size, bytes }) = view.draw() else {
                    return Ok(None);
                };
                let name = Arc::clone(name);
                self.attached.insert(service, Attached { name, view });
                Ok(Some(TerminalScreen {
                    rows: size.rows,
                    cols: size.cols,
                    screen: bytes,
                }))
            }
            Order::Detach => {
                self.attached.remove(&service);
                Ok(None)
            }
            Order::Resize(size) => match self.attached.get(&service) {
                Some(attached) => {
                    attached.view.resize(size);
                    Ok(None)
                }
                None => Err(refused(Code::NoTerminal, &"attach to its terminal first")),
            },
            Order::Send(bytes) => match console.send(&bytes) {
                Ok(()) => Ok(None),
                Err(error) => Err(refused(Code::InputRefused, &error)),
            },
        }
    }

    /// Waits until a screen has changed; the event about it. Cancel-safe.
    pub(super) async fn next(&mut self) -> String {
        loop {
            let due = self.attached.iter_mut();
            let due = due.filter_map(|(_, attached)| Some((attached.view.due()?, attached)));
            let Some((at, attached)) = due.min_by_key(|(at, _)| *at) else {
                self.changed.notified().await;
                continue;
            };
            // What changes meanwhile is drawn with it.
            sleep_until(at).await;
            if let Some(Drawing { size, bytes }) = attached.view.draw() {
                return message::terminal_output(&TerminalOutput {
                    service: attached.name.to_string(),
                    rows: size.rows,
                    cols: size.cols,
                    data: bytes,
                });
            }
        }
    }
}
