//! What the server sends to the guardian: small frames of one size, so that each is sent whole or not at all,
//! by a child between fork and exec too. What is larger is passed as a file descriptor.

use std::time::Duration;

use crate::process::message::{LifeId, Role, Stdio, StopScope, StopSignal};

/// Bytes of every frame.
pub(super) const FRAME_BYTES: usize = 64;
/// Where the name of the session is.
const SESSION: std::ops::Range<usize> = 16..FRAME_BYTES;

/// An update as it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame(pub(crate) [u8; FRAME_BYTES]);

/// What has changed in the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Update {
    /// The first one: the session whose marks the descendants carry.
    Session(String),
    /// A run is about to start. Attached are the read ends of its stdout and stderr, then the write end of its
    /// stdin if that is a pipe; or the master of its terminal.
    Starting {
        life: LifeId,
        service: usize,
        role: Role,
        stdio: Stdio,
    },
    /// How to take a service down, before `Starting` of its own command. With `stop_command`, a file that holds
    /// it is attached.
    Teardown {
        service: usize,
        wave: usize,
        grace: Duration,
        signal: StopSignal,
        scope: StopScope,
        stop_command: bool,
    },
    /// The leader of a run; sent by the child itself before its exec.
    Leader { life: LifeId, pid: u32 },
    /// The leader is about to be reaped: from here on its pid may be reused.
    Reaped(LifeId),
    /// Nothing is left of a run. `up`: its service is up all the same (a oneshot that has succeeded), so that its
    /// `stopCmd` stays due.
    RunGone { life: LifeId, up: bool },
    /// Nothing is left of a service, and it is not up.
    ServiceGone { service: usize },
    /// The session has ended in order; there is nothing to take down.
    Finished,
}

impl Update {
    /// How many descriptors are attached.
    pub(super) fn descriptors(&self) -> usize {
        match self {
            Self::Starting { stdio, .. } => match stdio {
                Stdio::Open => 3,
                Stdio::Null => 2,
                Stdio::Terminal => 1,
            },
            Self::Teardown { stop_command, .. } => usize::from(*stop_command),
            _ => 0,
        }
    }

    /// Encodes it.
    pub(crate) fn frame(&self) -> Frame {
        let mut frame = Frame([0; FRAME_BYTES]);
        match self {
            Self::Session(name) => {
                frame.0[0] = 1;
                let name = &name.as_bytes()[..name.len().min(SESSION.len())];
                frame.0[1] = u8::try_from(name.len()).unwrap_or(0);
                frame.0[SESSION.start..SESSION.start + name.len()].copy_from_slice(name);
            }
            Self::Starting {
                life,
                service,
                role,
                stdio,
            } => {
                frame.0[0] = 2;
                frame.0[1] = match role {
                    Role::Service => 0,
                    Role::StopCommand => 1,
                    Role::Probe => 2,
                };
                frame.0[2] = match stdio {
                    Stdio::Open => 0,
                    Stdio::Null => 1,
                    Stdio::Terminal => 2,
                };
                frame.put(8, life.0);
                frame.put(16, *service as u64);
            }
            Self::Teardown {
                service,
                wave,
                grace,
                signal,
                scope,
                stop_command,
            } => {
                frame.0[0] = 3;
                frame.0[2] = u8::from(*stop_command);
                frame.0[3] = *signal as u8;
                frame.0[4] = u8::from(*scope == StopScope::Leader);
                frame.put(8, *wave as u64);
                frame.put(16, *service as u64);
                frame.put(24, u64::try_from(grace.as_millis()).unwrap_or(u64::MAX));
            }
            Self::Leader { life, pid } => {
                frame.0[0] = 4;
                frame.put(8, life.0);
                frame.set_pid(*pid);
            }
            Self::Reaped(life) => {
                frame.0[0] = 5;
                frame.put(8, life.0);
            }
            Self::RunGone { life, up } => {
                frame.0[0] = 6;
                frame.0[1] = u8::from(*up);
                frame.put(8, life.0);
            }
            Self::ServiceGone { service } => {
                frame.0[0] = 7;
                frame.put(16, *service as u64);
            }
            Self::Finished => frame.0[0] = 8,
        }
        frame
    }
}

impl Frame {
    /// Completes an [`Update::Leader`]. Called between fork and exec: it neither allocates nor panics.
    pub(crate) fn set_pid(&mut self, pid: u32) {
        let [a, b, c, d] = pid.to_le_bytes();
        self.0[4] = a;
        self.0[5] = b;
        self.0[6] = c;
        self.0[7] = d;
    }

    /// Decodes it; `None` when it is invalid.
    pub(crate) fn update(&self) -> Option<Update> {
        let life = LifeId(self.get(8));
        let service = usize::try_from(self.get(16)).ok()?;
        Some(match self.0[0] {
            1 => {
                let name = self.0[SESSION].get(..usize::from(self.0[1]))?;
                Update::Session(String::from_utf8(name.to_vec()).ok()?)
            }
            2 => Update::Starting {
                life,
                service,
                role: match self.0[1] {
                    0 => Role::Service,
                    1 => Role::StopCommand,
                    2 => Role::Probe,
                    _ => return None,
                },
                stdio: match self.0[2] {
                    0 => Stdio::Open,
                    1 => Stdio::Null,
                    2 => Stdio::Terminal,
                    _ => return None,
                },
            },
            3 => Update::Teardown {
                service,
                wave: usize::try_from(self.get(8)).ok()?,
                grace: Duration::from_millis(self.get(24)),
                signal: *StopSignal::ALL.get(usize::from(self.0[3]))?,
                scope: match self.0[4] {
                    0 => StopScope::Group,
                    1 => StopScope::Leader,
                    _ => return None,
                },
                stop_command: self.0[2] != 0,
            },
            4 => Update::Leader {
                life,
                pid: u32::from_le_bytes([self.0[4], self.0[5], self.0[6], self.0[7]]),
            },
            5 => Update::Reaped(life),
            6 => Update::RunGone {
                life,
                up: self.0[1] != 0,
            },
            7 => Update::ServiceGone { service },
            8 => Update::Finished,
            _ => return None,
        })
    }

    fn put(&mut self, at: usize, value: u64) {
        self.0[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }

    fn get(&self, at: usize) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0[at..at + 8]);
        u64::from_le_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn updates() -> impl Strategy<Value = Update> {
        let life = any::<u64>().prop_map(LifeId);
        let role = prop_oneof![
            Just(Role::Service),
            Just(Role::StopCommand),
            Just(Role::Probe)
        ];
        let stdio = prop_oneof![Just(Stdio::Open), Just(Stdio::Null), Just(Stdio::Terminal)];
        prop_oneof![
            "[a-z0-9_-]{1,40}".prop_map(Update::Session),
            (life.clone(), any::<usize>(), role, stdio).prop_map(|(life, service, role, stdio)| {
                Update::Starting {
                    life,
                    service,
                    role,
                    stdio,
                }
            }),
            (
                any::<usize>(),
                any::<usize>(),
                any::<u64>(),
                prop::sample::select(StopSignal::ALL.as_slice()),
                prop::sample::select([StopScope::Group, StopScope::Leader].as_slice()),
                any::<bool>()
            )
                .prop_map(|(service, wave, grace, signal, scope, stop_command)| {
                    Update::Teardown {
                        service,
                        wave,
                        grace: Duration::from_millis(grace),
                        signal,
                        scope,
                        stop_command,
                    }
                }),
            (life.clone(), any::<u32>()).prop_map(|(life, pid)| Update::Leader { life, pid }),
            life.clone().prop_map(Update::Reaped),
            (life, any::<bool>()).prop_map(|(life, up)| Update::RunGone { life, up }),
            any::<usize>().prop_map(|service| Update::ServiceGone { service }),
            Just(Update::Finished),
        ]
    }

    proptest! {
        #[test]
        fn a_frame_decodes_to_its_update(update in updates()) {
            let frame = update.frame();
            prop_assert_eq!(frame.update(), Some(update));
        }

        #[test]
        fn any_bytes_decode_without_panic(bytes: [u8; 32]) {
            let mut whole = [0; FRAME_BYTES];
            whole[..32].copy_from_slice(&bytes);
            whole[32..].copy_from_slice(&bytes);
            let _ = Frame(whole).update();
        }
    }
}
