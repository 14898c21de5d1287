//! A command whose output this process reads. It is in a process group of its own: a signal to the
//! group of this process does not reach it.

use std::ffi::OsString;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::Command;

/// What happens to a command of which nobody waits for the end any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfDropped {
    /// It is killed.
    Kill,
    /// It continues to its end.
    Leave,
}

/// How a command ended.
#[derive(Debug)]
pub struct Captured {
    /// Its exit code; `None` when a signal has ended it.
    pub code: Option<i32>,
    /// The first [`MAX_STDERR`] bytes of its standard error.
    pub stderr: String,
}

/// How much of the standard error of a command is kept, in bytes.
pub const MAX_STDERR: u64 = 64 * 1024;

/// Runs a command with an empty standard input. Each line of its standard output goes to `take`,
/// without its end; a `Break` kills the command. Dropping the future does what `if_dropped` says.
///
/// # Errors
/// When the command cannot be started, or its output cannot be read.
pub async fn run(
    program: &Path,
    arguments: &[OsString],
    directory: &Path,
    if_dropped: IfDropped,
    mut take: impl FnMut(Vec<u8>) -> ControlFlow<()>,
) -> io::Result<Captured> {
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(if_dropped == IfDropped::Kill)
        .spawn()?;
    let stderr = read_stderr(child.stderr.take());
    let stdout = child.stdout.take();
    let lines = async {
        let Some(stdout) = stdout else {
            return Ok(ControlFlow::Continue(()));
        };
        let mut stdout = BufReader::with_capacity(64 * 1024, stdout);
        loop {
            let mut line = Vec::new();
            if stdout.read_until(b'\n', &mut line).await? == 0 {
                return Ok(ControlFlow::Continue(()));
            }
            line.pop_if(|last| *last == b'\n');
            if take(line).is_break() {
                return io::Result::Ok(ControlFlow::Break(()));
            }
        }
    };
    let mut stderr = std::pin::pin!(stderr);
    let mut lines = std::pin::pin!(lines);
    let mut early = None;
    // Both at once, so that neither pipe fills up while the other is read.
    let flow = loop {
        tokio::select! {
            flow = &mut lines => break flow?,
            text = &mut stderr, if early.is_none() => early = Some(text),
        }
    };
    if flow.is_break() {
        child.start_kill()?;
    }
    let stderr = match early {
        Some(text) => text,
        None => stderr.await,
    };
    Ok(Captured {
        code: child.wait().await?.code(),
        stderr,
    })
}

async fn read_stderr(stream: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else {
        return String::new();
    };
    let mut kept = Vec::new();
    // What cannot be read is missing in a message, and nothing else depends on it.
    let _ = (&mut stream).take(MAX_STDERR).read_to_end(&mut kept).await;
    let mut rest = [0; 4096];
    while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(work)
    }

    async fn sh(
        script: &str,
        take: impl FnMut(Vec<u8>) -> ControlFlow<()>,
    ) -> io::Result<Captured> {
        let arguments = ["-c".into(), script.into()];
        run(
            Path::new("/bin/sh"),
            &arguments,
            Path::new("/"),
            IfDropped::Kill,
            take,
        )
        .await
    }

    #[test]
    fn lines_and_errors_are_read_side_by_side() {
        // More than a pipe holds, on both.
        let script = "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); \
                      echo ooooooooooooooooooooooooooooooooooo; \
                      echo eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee >&2; done; exit 3";
        let mut lines = 0;
        let captured = block_on(sh(script, |_| {
            lines += 1;
            ControlFlow::Continue(())
        }));
        let captured = captured.unwrap();
        assert_eq!((captured.code, lines), (Some(3), 3000));
        assert_eq!(captured.stderr.len() as u64, MAX_STDERR);
    }

    #[test]
    fn a_reader_that_has_enough_ends_the_command() {
        let captured = block_on(sh("while :; do echo x; done", |_| ControlFlow::Break(())));
        assert_eq!(captured.unwrap().code, None);
    }

    #[test]
    fn what_cannot_be_started_is_an_error() {
        let arguments: [OsString; 0] = [];
        let run = run(
            Path::new("/nonexistent"),
            &arguments,
            Path::new("/"),
            IfDropped::Leave,
            |_| ControlFlow::Continue(()),
        );
        assert_eq!(block_on(run).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
