//! Writes the log to a file, from its first line on, however long it is.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use flowlayer_core::client::Client;
use flowlayer_core::client::history::{Oldest, Span};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::connection::item;
use super::log::export::Export;
use super::model::Saving;

/// Between two reports of how far it is.
const REPORT: Duration = Duration::from_millis(200);
/// So much text is written at once.
const CHUNK: usize = 64 * 1024;

/// Writes a new file; how far it is goes to `report`. Its name and lines, or the error. What is written so far stays when
/// this is dropped.
pub(super) async fn write(
    client: &Client,
    export: &Export,
    path: &Path,
    report: impl Fn(Saving),
) -> Result<(), String> {
    let failed = |error: io::Error| format!("{}: {error}", path.display());
    let mut file = File::create_new(path).await.map_err(failed)?;
    let span = Span {
        first: 1,
        end: export.until.saturating_add(1),
    };
    let services = export.services();
    let mut entries = Oldest::new(client, &services, span);
    let mut saving = Saving {
        until: export.until,
        ..Saving::default()
    };
    let (mut text, mut reported) = (String::new(), Instant::now());
    while let Some(entry) = entries.next().await.map_err(|error| error.to_string())? {
        saving.seq = entry.seq;
        saving.lines += u64::from(export.append(&mut text, &item(entry)));
        if text.len() > CHUNK {
            file.write_all(text.as_bytes()).await.map_err(failed)?;
            text.clear();
        }
        if reported.elapsed() >= REPORT {
            reported = Instant::now();
            report(saving);
        }
    }
    file.write_all(text.as_bytes()).await.map_err(failed)?;
    file.flush().await.map_err(failed)?;
    report(saving);
    Ok(())
}
