//! The socket between server and guardian, and what the server sends through it.

pub(super) mod frame;
pub(super) mod outbox;
pub(super) mod stop_file;

use std::io::IoSliceMut;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};

use super::system;
use frame::{FRAME_BYTES, Frame, Update};

/// The server's end of what connects it to the guardian; goes into [`super::start`].
#[derive(Debug)]
pub struct Link {
    pub(super) socket: OwnedFd,
}

/// The next update with its descriptors; an invalid one as `None`. Never waits.
///
/// # Errors
/// `EAGAIN` when nothing has come yet, `EPIPE` when the server has closed its end.
pub(super) fn receive(socket: &OwnedFd) -> Result<(Option<Update>, Vec<OwnedFd>), Errno> {
    let mut bytes = [0; FRAME_BYTES];
    let mut control = nix::cmsg_space!([RawFd; 3]);
    let mut attached = Vec::new();
    let mut buffers = [IoSliceMut::new(&mut bytes)];
    let flags = MsgFlags::from_bits_retain(system::RECEIVE_FLAGS);
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut buffers, Some(&mut control), flags)?;
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(fds) = control {
            // SAFETY: the kernel has just made them for us, and nobody else knows of them.
            attached.extend(fds.iter().map(|&fd| unsafe { OwnedFd::from_raw_fd(fd) }));
        }
    }
    let whole = message.bytes == FRAME_BYTES;
    attached.iter().for_each(system::close_on_exec);
    if !whole {
        return Err(Errno::EPIPE);
    }
    Ok((Frame(bytes).update(), attached))
}
