//! Reading less often what comes little by little: a read costs as much as hundreds of lines do,
//! and so does waking every follower for it.

use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// A pipe that brings little is read at most once in this time.
const PACE: Duration = Duration::from_millis(5);

/// A read that brings less than that is a little one.
const LITTLE: usize = 8 * 1024;

/// So many little reads, each soon after the last, before any is delayed.
const STREAK: u32 = 16;

/// Paces the reads of one pipe.
#[derive(Debug)]
pub(super) struct Pace {
    /// The next read is not to be before this.
    next: Instant,
    /// How many little reads have come one soon after the other.
    streak: u32,
    /// It is over: somebody waits for the end of the pipe.
    hurry: bool,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            next: now,
            streak: 0,
            hurry: false,
        }
    }

    /// A read has brought something; waits as long as it is wise, but not once somebody hurries.
    pub(super) async fn after(&mut self, count: usize, hurry: &Notify) {
        let Some(next) = self.next(count, Instant::now()) else {
            return tokio::task::consume_budget().await;
        };
        tokio::select! {
            () = tokio::time::sleep_until(next.into()) => {}
            () = hurry.notified() => self.hurry = true,
        }
    }

    /// When to read again after a read that has brought so much; `None`: at once.
    fn next(&mut self, count: usize, now: Instant) -> Option<Instant> {
        if self.hurry || count >= LITTLE {
            return None;
        }
        let soon = now < self.next;
        self.streak = if soon { self.streak + 1 } else { 0 };
        if self.streak < STREAK {
            self.next = now + PACE;
            return None;
        }
        let next = self.next;
        self.next += PACE;
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long so many reads of this size take that find something at once.
    fn reads(times: u32, count: usize, pace: &mut Pace, begun: Instant) -> Duration {
        let read = |now, _| pace.next(count, now).unwrap_or(now);
        (0..times).fold(begun, read) - begun
    }

    #[test]
    fn only_a_streak_of_little_reads_is_slowed_down() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        assert_eq!(reads(1000, LITTLE, &mut pace, now), Duration::ZERO);
        assert_eq!(reads(STREAK, 10, &mut pace, now), Duration::ZERO);
        assert_eq!(reads(1000, 10, &mut pace, now), PACE * 1000);
        let quiet = now + PACE * 2000;
        assert_eq!(pace.next(10, quiet), None, "it was quiet in between");
    }

    #[tokio::test]
    async fn whoever_waits_for_the_end_ends_it() {
        let (mut pace, hurry) = (Pace::new(Instant::now()), Notify::new());
        hurry.notify_one();
        while !pace.hurry {
            pace.after(10, &hurry).await;
        }
        assert_eq!(pace.next(10, Instant::now()), None);
    }
}
