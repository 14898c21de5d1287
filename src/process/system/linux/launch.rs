//! Starts a process without copying ours: the child borrows our memory until its exec, as with `vfork` and
//! `posix_spawn`. That takes the same time however much memory the server holds.

use std::ffi::c_void;

use nix::errno::Errno;
use nix::libc::{self, c_int};
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};

use crate::process::system::pid;

/// The child's stack until its exec.
const STACK_BYTES: usize = 64 * 1024;

/// Starts processes; keeps the stack on which they begin.
pub(crate) struct Launcher {
    stack: Box<[u8]>,
}

/// What parent and child share.
struct Start<F, E> {
    exec: F,
    failure: Option<E>,
}

impl Launcher {
    pub(crate) fn new() -> Self {
        Self {
            stack: vec![0; STACK_BYTES].into_boxed_slice(),
        }
    }

    /// Starts a process that calls `exec`, which returns only when its exec has failed. When this returns a
    /// pid, the exec has succeeded; when it returns an error, there is no process.
    ///
    /// # Safety
    /// `exec` runs in the child with all signals blocked: it may do only what is allowed between fork and exec.
    pub(crate) unsafe fn launch<E: Copy + From<Errno>>(
        &mut self,
        exec: impl FnMut() -> E,
    ) -> Result<u32, E> {
        /// The child's first and only function.
        fn entry<F: FnMut() -> E, E>(_: &Start<F, E>) -> extern "C" fn(*mut c_void) -> c_int {
            extern "C" fn child<F: FnMut() -> E, E>(start: *mut c_void) -> c_int {
                // SAFETY: `launch` passes a pointer to its `Start` and waits until we are done with it.
                unsafe {
                    let start = &mut *start.cast::<Start<F, E>>();
                    start.failure = Some((start.exec)());
                    libc::_exit(127)
                }
            }
            child::<F, E>
        }
        let mut start = Start {
            exec,
            failure: None,
        };
        // A handler must not run in the child: it would do so in our memory.
        let mut mask = SigSet::empty();
        let all = SigSet::all();
        pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&all), Some(&mut mask))?;
        let top = self.stack.as_mut_ptr_range().end as usize & !0xf;
        // SAFETY: the stack is large enough for `exec`, which needs little, and stays ours as long as the
        // child uses it, because CLONE_VFORK makes this call return only after the child's exec or end.
        // The same makes it sound that both use `start`.
        let cloned = unsafe {
            libc::clone(
                entry(&start),
                top as *mut c_void,
                libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD,
                (&raw mut start).cast::<c_void>(),
            )
        };
        let errno = Errno::last();
        let restored = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&mask), None);
        debug_assert!(restored.is_ok(), "the mask was one before");
        if cloned == -1 {
            return Err(errno.into());
        }
        let child = cloned.cast_unsigned();
        match start.failure {
            None => Ok(child),
            Some(failure) => {
                // It is not reaped, so that its pid is its own until here.
                let _ = nix::sys::wait::waitpid(pid(child), None);
                Err(failure)
            }
        }
    }
}
