//! Starts a process without copying ours: the child borrows our memory until it has become the program
//! (as `vfork` and `posix_spawn` do), which takes the same time however much memory the server holds.

use std::ffi::c_void;

use nix::errno::Errno;
use nix::libc::{self, c_int};
use nix::sys::signal::{SigSet, SigmaskHow};

use crate::process::image::{Failure, Image, Step, become_program};

/// What the child runs on until it is a program of its own.
const STACK_BYTES: usize = 64 * 1024;

/// Starts processes; keeps the stack on which they begin.
pub(in crate::process) struct Launcher {
    stack: Box<[u8]>,
}

struct Birth<'a> {
    image: &'a mut Image,
    failure: Option<Failure>,
}

impl Launcher {
    pub(in crate::process) fn new() -> Self {
        Self {
            stack: vec![0; STACK_BYTES].into_boxed_slice(),
        }
    }

    /// Starts a process in a session of its own. When this returns a pid, its exec has succeeded; when it
    /// returns a failure, there is no process.
    pub(in crate::process) fn launch(&mut self, image: &mut Image) -> Result<u32, Failure> {
        let fork_failed = |errno| Failure {
            step: Step::Fork,
            errno,
        };
        let mut birth = Birth {
            image,
            failure: None,
        };
        // A handler must not run in the child: it would do so in our memory.
        let mut mask = SigSet::empty();
        nix::sys::signal::pthread_sigmask(
            SigmaskHow::SIG_SETMASK,
            Some(&SigSet::all()),
            Some(&mut mask),
        )
        .map_err(fork_failed)?;
        let top = self.stack.as_mut_ptr_range().end as usize & !0xf;
        // SAFETY: the stack is large enough for `begin`, which needs little, and stays ours as long as the
        // child uses it, because CLONE_VFORK makes this call return only after the child's exec or end.
        // The same makes it sound that both use `birth`.
        let pid = unsafe {
            libc::clone(
                begin,
                top as *mut c_void,
                libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD,
                (&raw mut birth).cast::<c_void>(),
            )
        };
        let errno = Errno::last();
        let failure = birth.failure;
        let restored =
            nix::sys::signal::pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&mask), None);
        debug_assert!(restored.is_ok(), "the mask was one before");
        if pid == -1 {
            return Err(fork_failed(errno));
        }
        match failure {
            None => Ok(pid.cast_unsigned()),
            Some(failure) => {
                // It is ours and has ended: its pid is nobody else's until here.
                let _ = nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(pid), None);
                Err(failure)
            }
        }
    }
}

extern "C" fn begin(birth: *mut c_void) -> c_int {
    // SAFETY: `launch` passes a pointer to its `Birth` and waits until we are done with it.
    unsafe {
        let birth = &mut *birth.cast::<Birth<'_>>();
        birth.failure = Some(become_program(birth.image));
        libc::_exit(127)
    }
}
