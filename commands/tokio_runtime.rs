//! Runtimes for asynchronous work: one thread for a command that waits, several for a server.

use std::io;
use std::sync::mpsc;
use std::thread;

use tokio::runtime::{Builder, Runtime};

use crate::exit::Exit;
use crate::failure::Failure;

/// Runs the work of a command that does nothing but wait for others.
pub(crate) fn block_on(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("cannot wait for the network: {error}")))?;
    let outcome = runtime.block_on(work);
    // A host name lookup cannot be interrupted; its result is no longer needed.
    runtime.shutdown_background();
    outcome
}

/// Runs the work of a command that may have to wait for whoever reads its output: the connection
/// lives on meanwhile.
pub(crate) fn block_on_beside<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime =
        build(1).map_err(|error| Failure::Failed(format!("cannot start threads: {error}")))?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(outcome)
}

/// Builds a runtime with so many workers. tokio panics where the system refuses a thread (`ulimit -u`), so
/// whether it would is tried before: that is an error like any other here.
pub(crate) fn build(workers: usize) -> io::Result<Runtime> {
    let tried: Vec<_> = (0..workers)
        .map(|_| wait_beside())
        .collect::<io::Result<_>>()?;
    for (until, thread) in tried {
        drop(until);
        // It does nothing that could fail.
        let _ = thread.join();
    }
    Builder::new_multi_thread()
        .worker_threads(workers)
        .max_blocking_threads(16)
        .enable_all()
        .build()
}

/// A thread that waits until the first of the two is dropped.
fn wait_beside() -> io::Result<(mpsc::Sender<()>, thread::JoinHandle<()>)> {
    let (until, wait) = mpsc::channel();
    let thread = thread::Builder::new().spawn(move || {
        let _ = wait.recv();
    })?;
    Ok((until, thread))
}
