//! The last lines of services that are not up, asked of a session in the background.

use std::num::NonZeroU64;
use std::time::Duration;

use flowlayer_core::client::{ClientConfig, Connected, Persistence, Recipient, Target, connect};
use flowlayer_core::facts::Status;
use flowlayer_core::protocol::{LogsCursor, LogsQuery, ServiceState, Token};

use super::BackgroundSession;
use crate::session::watch::waiting_for;
use crate::terminal::{print, sanitize};

/// For connecting and printing. An aid, not a result: what is wrong has been printed already.
const LIMIT: Duration = Duration::from_secs(5);
const LINES: u64 = 10;
const SERVICES: usize = 5;

impl BackgroundSession {
    /// Prints on standard error what those of its services said last that have failed, or are still on
    /// their way. Shows nothing when it cannot be asked.
    pub(crate) async fn print_last_lines(&self) {
        let print = async {
            if let Some(connected) = self.connect().await {
                print_last_lines(connected).await;
            }
        };
        let _ = tokio::time::timeout(LIMIT, print).await;
    }

    /// What keeps the services on their way from arriving, in one line.
    pub(crate) async fn what_is_waited_for(&self) -> Option<String> {
        let connected = tokio::time::timeout(LIMIT, self.connect()).await;
        waiting_for(&connected.ok()??.services)
    }

    async fn connect(&self) -> Option<Connected> {
        let api = self.api.as_ref()?;
        let mut config = ClientConfig::new(Target {
            address: api.address.clone(),
            token: Token::new(api.token.as_str()).ok(),
            recipient: Recipient::Anybody,
        });
        config.persistence = Persistence::Once;
        connect(config).await.ok()
    }
}

/// Whether it has failed, or is still on its way.
fn is_late(service: &ServiceState) -> bool {
    match service.status {
        Status::Failed => true,
        Status::Starting | Status::Running => !service.is_up(),
        _ => false,
    }
}

async fn print_last_lines(connected: Connected) {
    let are_late = connected.services.iter().filter(|service| is_late(service));
    for service in are_late.take(SERVICES) {
        let query = LogsQuery {
            service: Some(service.name.clone()),
            limit: NonZeroU64::new(LINES),
            cursor: LogsCursor::End,
        };
        let Ok(page) = connected.client.logs(query).await else {
            return;
        };
        let name = sanitize::text(&service.name);
        let nothing = if page.entries.is_empty() {
            " it has printed nothing"
        } else {
            ""
        };
        let mut text = format!("[flowlayer] the last lines of {name}:{nothing}\n");
        for entry in &page.entries {
            text.push_str("    ");
            sanitize::append_safe(&mut text, &entry.message, false);
            text.push('\n');
        }
        print::stderr(&text);
    }
}
