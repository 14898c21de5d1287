//! Starts a process by fork; the child reports a failed exec through a pipe.

use std::mem::{MaybeUninit, size_of};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

/// Starts processes.
pub(crate) struct Launcher;

impl Launcher {
    pub(crate) fn new() -> Self {
        Self
    }

    /// Starts a process that calls `exec`, which returns only when its exec has failed. When this returns a
    /// pid, the exec has succeeded; when it returns an error, there is no process.
    ///
    /// # Safety
    /// `exec` runs in the child with all signals blocked: it may do only what is allowed between fork and exec.
    pub(crate) unsafe fn launch<E: Copy + From<Errno>>(
        &mut self,
        mut exec: impl FnMut() -> E,
    ) -> Result<u32, E> {
        let (read, write) = super::pipe()
            .map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))?;
        let mut mask = SigSet::empty();
        let all = SigSet::all();
        pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&all), Some(&mut mask))?;
        // SAFETY: the child does only what may be done between fork and exec.
        let forked = unsafe { fork() };
        if let Ok(ForkResult::Child) = forked {
            let failure = exec();
            // SAFETY: as above; the buffer is ours.
            unsafe {
                let bytes = (&raw const failure).cast();
                libc::write(write.as_raw_fd(), bytes, size_of::<E>());
                libc::_exit(127)
            }
        }
        let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&mask), None);
        drop(write);
        let Ok(ForkResult::Parent { child }) = forked else {
            return Err(forked.err().unwrap_or(Errno::EAGAIN).into());
        };
        let mut failure = MaybeUninit::<E>::uninit();
        let read = loop {
            // SAFETY: the buffer is as large as is said.
            let read = unsafe {
                libc::read(
                    read.as_raw_fd(),
                    failure.as_mut_ptr().cast(),
                    size_of::<E>(),
                )
            };
            if read != -1 || Errno::last() != Errno::EINTR {
                break read;
            }
        };
        if read.cast_unsigned() != size_of::<E>() {
            // The exec has closed the pipe.
            return Ok(child.as_raw().cast_unsigned());
        }
        let _ = waitpid(child, None);
        // SAFETY: it is the value that the child, a copy of this process, has written whole.
        Err(unsafe { failure.assume_init() })
    }
}
