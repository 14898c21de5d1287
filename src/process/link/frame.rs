//! What the server tells the guardian: small records of one size, so that each is sent whole or not at
//! all, by a child between fork and exec too. What is larger goes along as a file descriptor.

use std::time::Duration;

use crate::process::{LifeId, Role};

/// Bytes of every record.
pub(in crate::process) const RECORD_BYTES: usize = 64;
/// Where the name of the session begins, and where it must end.
const SESSION: std::ops::Range<usize> = 16..RECORD_BYTES;

/// A record as it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::process) struct Record([u8; RECORD_BYTES]);

/// A record as it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::process) enum News {
    /// The first one: the session whose marks the descendants carry.
    Session(String),
    /// A run is about to begin. The read ends of its stdout and stderr go along.
    Begins {
        life: LifeId,
        service: usize,
        role: Role,
    },
    /// What its teardown is, following `Begins` of the service's own command. With `stop_command`, a file
    /// goes along that holds it.
    Teardown {
        service: usize,
        wave: usize,
        grace: Duration,
        up_after_success: bool,
        stop_command: bool,
    },
    /// The leader of a run; sent by itself before its exec.
    Leader { life: LifeId, pid: u32 },
    /// The leader is about to be reaped: from here on its pid may be somebody else's.
    Reaped(LifeId),
    /// Nothing is left of a run. `up` says that its service is up all the same (a oneshot that has
    /// succeeded), so that its `stopCmd` stays due.
    Over { life: LifeId, up: bool },
    /// Nothing is left of a service, and it is not up.
    Closed { service: usize },
    /// The session has ended as it should; there is nothing to take down.
    Finished,
}

impl News {
    /// How many descriptors go along.
    pub(in crate::process) fn descriptors(&self) -> usize {
        match self {
            Self::Begins { .. } => 2,
            Self::Teardown { stop_command, .. } => usize::from(*stop_command),
            _ => 0,
        }
    }

    /// As it is sent.
    pub(in crate::process) fn record(&self) -> Record {
        let mut record = Record([0; RECORD_BYTES]);
        match self {
            Self::Session(name) => {
                record.0[0] = 1;
                let name = &name.as_bytes()[..name.len().min(SESSION.len())];
                record.0[1] = u8::try_from(name.len()).unwrap_or(0);
                record.0[SESSION.start..SESSION.start + name.len()].copy_from_slice(name);
            }
            Self::Begins {
                life,
                service,
                role,
            } => {
                record.0[0] = 2;
                record.0[1] = match role {
                    Role::Service => 0,
                    Role::StopCommand => 1,
                    Role::Probe => 2,
                };
                record.put(8, life.0);
                record.put(16, *service as u64);
            }
            Self::Teardown {
                service,
                wave,
                grace,
                up_after_success,
                stop_command,
            } => {
                record.0[0] = 3;
                record.0[1] = u8::from(*up_after_success);
                record.0[2] = u8::from(*stop_command);
                record.put(8, *wave as u64);
                record.put(16, *service as u64);
                record.put(24, u64::try_from(grace.as_millis()).unwrap_or(u64::MAX));
            }
            Self::Leader { life, pid } => {
                record.0[0] = 4;
                record.put(8, life.0);
                record.set_pid(*pid);
            }
            Self::Reaped(life) => {
                record.0[0] = 5;
                record.put(8, life.0);
            }
            Self::Over { life, up } => {
                record.0[0] = 6;
                record.0[1] = u8::from(*up);
                record.put(8, life.0);
            }
            Self::Closed { service } => {
                record.0[0] = 7;
                record.put(16, *service as u64);
            }
            Self::Finished => record.0[0] = 8,
        }
        record
    }
}

impl Record {
    /// As it was received.
    pub(in crate::process) fn received(bytes: [u8; RECORD_BYTES]) -> Self {
        Self(bytes)
    }

    /// As it is sent.
    pub(in crate::process) fn bytes(&self) -> &[u8; RECORD_BYTES] {
        &self.0
    }

    /// Completes a [`News::Leader`]. Called between fork and exec: it neither allocates nor panics.
    pub(in crate::process) fn set_pid(&mut self, pid: u32) {
        let [a, b, c, d] = pid.to_le_bytes();
        self.0[4] = a;
        self.0[5] = b;
        self.0[6] = c;
        self.0[7] = d;
    }

    /// What it means; `None` when it is none of ours.
    pub(in crate::process) fn news(&self) -> Option<News> {
        let life = LifeId(self.get(8));
        let service = usize::try_from(self.get(16)).ok()?;
        Some(match self.0[0] {
            1 => {
                let name = self.0[SESSION].get(..usize::from(self.0[1]))?;
                News::Session(String::from_utf8(name.to_vec()).ok()?)
            }
            2 => News::Begins {
                life,
                service,
                role: match self.0[1] {
                    0 => Role::Service,
                    1 => Role::StopCommand,
                    2 => Role::Probe,
                    _ => return None,
                },
            },
            3 => News::Teardown {
                service,
                wave: usize::try_from(self.get(8)).ok()?,
                grace: Duration::from_millis(self.get(24)),
                up_after_success: self.0[1] != 0,
                stop_command: self.0[2] != 0,
            },
            4 => News::Leader {
                life,
                pid: u32::from_le_bytes([self.0[4], self.0[5], self.0[6], self.0[7]]),
            },
            5 => News::Reaped(life),
            6 => News::Over {
                life,
                up: self.0[1] != 0,
            },
            7 => News::Closed { service },
            8 => News::Finished,
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

    fn news() -> impl Strategy<Value = News> {
        let life = any::<u64>().prop_map(LifeId);
        let role = prop_oneof![
            Just(Role::Service),
            Just(Role::StopCommand),
            Just(Role::Probe)
        ];
        prop_oneof![
            "[a-z0-9_-]{1,40}".prop_map(News::Session),
            (life.clone(), any::<usize>(), role).prop_map(|(life, service, role)| News::Begins {
                life,
                service,
                role
            }),
            (
                any::<usize>(),
                any::<usize>(),
                any::<u64>(),
                any::<bool>(),
                any::<bool>()
            )
                .prop_map(|(service, wave, grace, up_after_success, stop_command)| {
                    News::Teardown {
                        service,
                        wave,
                        grace: Duration::from_millis(grace),
                        up_after_success,
                        stop_command,
                    }
                }),
            (life.clone(), any::<u32>()).prop_map(|(life, pid)| News::Leader { life, pid }),
            life.clone().prop_map(News::Reaped),
            (life, any::<bool>()).prop_map(|(life, up)| News::Over { life, up }),
            any::<usize>().prop_map(|service| News::Closed { service }),
            Just(News::Finished),
        ]
    }

    proptest! {
        #[test]
        fn what_is_sent_is_what_was_meant(news in news()) {
            let record = Record::received(*news.record().bytes());
            prop_assert_eq!(record.news(), Some(news));
        }

        #[test]
        fn whatever_arrives_is_taken_calmly(bytes: [u8; 32]) {
            let mut whole = [0; RECORD_BYTES];
            whole[..32].copy_from_slice(&bytes);
            whole[32..].copy_from_slice(&bytes);
            let _ = Record::received(whole).news();
        }
    }
}
