//! Runtimes for asynchronous work.

use std::io;
use std::sync::mpsc;
use std::thread;

use tokio::runtime::{Builder, Runtime};

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
