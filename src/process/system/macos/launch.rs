//! Starts a process by fork; the child says through a pipe why it could not become the program.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

use crate::process::image::{Failure, Image, Step, become_program};

/// Starts processes.
pub(in crate::process) struct Launcher;

impl Launcher {
    pub(in crate::process) fn new() -> Self {
        Self
    }

    /// Starts a process in a session of its own. When this returns a pid, its exec has succeeded; when it
    /// returns a failure, there is no process.
    pub(in crate::process) fn launch(&mut self, image: &mut Image) -> Result<u32, Failure> {
        let refused = |errno| Failure {
            step: Step::Fork,
            errno,
        };
        let (read, write) = super::pipe()
            .map_err(|error| refused(Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO))))?;
        let mut mask = SigSet::empty();
        let all = SigSet::all();
        pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&all), Some(&mut mask)).map_err(refused)?;
        // SAFETY: the child does only what may be done between fork and exec.
        let forked = unsafe { fork() };
        if let Ok(ForkResult::Child) = forked {
            // SAFETY: as above; the buffer is ours.
            unsafe {
                let failure = become_program(image);
                let word = [failure.step as i32, failure.errno as i32];
                libc::write(write.as_raw_fd(), word.as_ptr().cast(), size_of_val(&word));
                libc::_exit(127)
            }
        }
        let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&mask), None);
        drop(write);
        let Ok(ForkResult::Parent { child }) = forked else {
            return Err(refused(forked.err().unwrap_or(Errno::EAGAIN)));
        };
        let mut word = [0; 8];
        if File::from(read).read_exact(&mut word).is_err() {
            // The exec has closed the pipe.
            return Ok(child.as_raw().cast_unsigned());
        }
        let _ = waitpid(child, None);
        let [step, errno] = [&word[..4], &word[4..]]
            .map(|half| i32::from_ne_bytes([half[0], half[1], half[2], half[3]]));
        Err(Failure {
            step: match step {
                step if step == Step::Directory as i32 => Step::Directory,
                step if step == Step::Exec as i32 => Step::Exec,
                _ => Step::Stdio,
            },
            errno: Errno::from_raw(errno),
        })
    }
}
