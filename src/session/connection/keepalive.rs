//! Detects silent and stuck peers, and schedules pings.

use tokio::time::Instant;

use crate::session::config::Limits;

#[derive(Debug)]
pub(super) struct Keepalive {
    /// When the last frame came, or when reading began again.
    heard: Instant,
    pinged: Instant,
    /// Since when status events wait that the peer has not taken.
    status_since: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Activity {
    /// Frames of the peer are being read.
    pub(super) reading: bool,
    /// Everything handed to the socket has been taken.
    pub(super) idle: bool,
    /// When the system last took bytes for the peer.
    pub(super) last_write: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    /// Nothing has come for too long.
    Silent,
    /// Status events wait and nothing has been taken for too long.
    Stuck,
}

impl Keepalive {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            heard: now,
            pinged: now,
            status_since: None,
        }
    }

    /// A frame came, or we begin to read again and cannot blame the peer for the time before.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    pub(super) fn status_waits(&mut self, now: Instant) {
        self.status_since.get_or_insert(now);
    }

    pub(super) fn no_status_waits(&mut self) {
        self.status_since = None;
    }

    /// Whether a ping should go out; asked when there is room for one.
    pub(super) fn ping(&mut self, now: Instant, limits: &Limits) -> bool {
        let due = now >= self.pinged + limits.ping;
        if due {
            self.pinged = now;
        }
        due
    }

    pub(super) fn due(&self, now: Instant, activity: Activity, limits: &Limits) -> Due {
        if self.stuck_at(activity, limits).is_some_and(|at| now >= at) {
            return Due::Stuck;
        }
        if now >= self.silent_at(activity, limits) {
            return Due::Silent;
        }
        Due::Nothing
    }

    /// When [`Self::due`] or [`Self::ping`] should be asked again if nothing happens before.
    pub(super) fn next(&self, activity: Activity, limits: &Limits) -> Instant {
        let mut next = self.silent_at(activity, limits);
        if activity.idle {
            next = next.min(self.pinged + limits.ping);
        }
        match self.stuck_at(activity, limits) {
            Some(at) => next.min(at),
            None => next,
        }
    }

    /// While we do not read, or while the answer to a ping is stuck behind what the peer has yet
    /// to take, what it takes is its sign of life.
    fn silent_at(&self, activity: Activity, limits: &Limits) -> Instant {
        let alive = if activity.reading && activity.idle {
            self.heard
        } else {
            self.heard.max(activity.last_write)
        };
        alive + limits.silence
    }

    fn stuck_at(&self, activity: Activity, limits: &Limits) -> Option<Instant> {
        let since = self.status_since?;
        Some(since.max(activity.last_write) + limits.status_wait)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn activity(last_write: Instant) -> Activity {
        Activity {
            reading: true,
            idle: true,
            last_write,
        }
    }

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn pings_come_every_twenty_seconds() {
        let (start, limits) = (Instant::now(), Limits::default());
        let mut keepalive = Keepalive::new(start);
        assert!(!keepalive.ping(start + s(19), &limits));
        assert_eq!(keepalive.next(activity(start), &limits), start + s(20));
        assert!(keepalive.ping(start + s(20), &limits));
        assert!(!keepalive.ping(start + s(39), &limits));
        assert!(keepalive.ping(start + s(40), &limits));
    }

    #[test]
    fn silence_is_measured_from_the_last_frame() {
        let (start, limits) = (Instant::now(), Limits::default());
        let mut keepalive = Keepalive::new(start);
        keepalive.heard(start + s(30));
        // That we write to it is no sign of life while it is expected to answer.
        let activity = activity(start + s(80));
        assert_eq!(
            keepalive.due(start + s(89), activity, &limits),
            Due::Nothing
        );
        assert_eq!(keepalive.due(start + s(90), activity, &limits), Due::Silent);
    }

    #[test]
    fn a_peer_we_do_not_read_or_that_still_takes_is_not_silent() {
        let (start, limits) = (Instant::now(), Limits::default());
        let keepalive = Keepalive::new(start);
        for (reading, idle) in [(false, true), (true, false), (false, false)] {
            let activity = Activity {
                reading,
                idle,
                last_write: start + s(50),
            };
            assert_eq!(
                keepalive.due(start + s(109), activity, &limits),
                Due::Nothing
            );
            assert_eq!(
                keepalive.due(start + s(110), activity, &limits),
                Due::Silent
            );
        }
    }

    #[test]
    fn stuck_is_taking_nothing_while_status_waits() {
        let (start, limits) = (Instant::now(), Limits::default());
        let mut keepalive = Keepalive::new(start);
        let blocked = |last_write| Activity {
            reading: true,
            idle: false,
            last_write,
        };
        assert_eq!(
            keepalive.due(start + s(30), blocked(start), &limits),
            Due::Nothing
        );
        keepalive.status_waits(start + s(30));
        keepalive.status_waits(start + s(35));
        assert_eq!(
            keepalive.due(start + s(39), blocked(start), &limits),
            Due::Nothing
        );
        assert_eq!(
            keepalive.due(start + s(40), blocked(start), &limits),
            Due::Stuck
        );
        let takes = blocked(start + s(38));
        assert_eq!(keepalive.next(takes, &limits), start + s(48));
        assert_eq!(keepalive.due(start + s(47), takes, &limits), Due::Nothing);
        keepalive.no_status_waits();
        assert_eq!(keepalive.due(start + s(48), takes, &limits), Due::Nothing);
    }
}
