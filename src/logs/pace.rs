//! Reads less often from pipes that bring little at a time: a read costs as much as hundreds of lines
//! do, and so does waking every follower.

use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// A pipe that brings little is read at most once in this time.
const PACE: Duration = Duration::from_millis(5);

/// A read that brings less than that part of what the writer can be ahead is a little one.
const SMALL: usize = 8;

/// So many little reads, each soon after the last, before any is delayed.
const STREAK: u32 = 16;

/// A read after a delay that brings that part of it comes from somebody who writes in little pieces, but
/// fast: at twice as much the pipe would have been full and its writer kept waiting by us.
const LARGE: usize = 2;

/// So long such a pipe is read without delay before it is seen how fast it is now.
const UNDELAYED: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(super) struct Pace {
    /// How much the writer can be ahead.
    capacity: usize,
    /// The next read is not to be before this.
    next: Instant,
    /// How many little reads have come one soon after the other.
    streak: u32,
    /// Whether the read to come was delayed.
    delayed: bool,
    /// No read is delayed before this.
    undelayed_until: Instant,
    /// It is over: somebody waits for the end of the pipe.
    hurry: bool,
}

impl Pace {
    pub(super) fn new(now: Instant, capacity: usize) -> Self {
        Self {
            capacity,
            next: now,
            streak: 0,
            delayed: false,
            undelayed_until: now,
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
        if std::mem::take(&mut self.delayed) && count >= self.capacity / LARGE {
            self.undelayed_until = now + UNDELAYED;
            self.streak = 0;
        }
        if self.hurry || count >= self.capacity / SMALL || now < self.undelayed_until {
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
        self.delayed = true;
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIPE: usize = 64 * 1024;

    /// How long so many reads of this size take that find something at once.
    fn reads(times: u32, count: usize, pace: &mut Pace, begun: Instant) -> Duration {
        let read = |now, _| pace.next(count, now).unwrap_or(now);
        (0..times).fold(begun, read) - begun
    }

    #[test]
    fn only_a_streak_of_little_reads_is_slowed_down() {
        let now = Instant::now();
        let mut pace = Pace::new(now, PIPE);
        assert_eq!(reads(1000, PIPE / SMALL, &mut pace, now), Duration::ZERO);
        assert_eq!(reads(STREAK, 10, &mut pace, now), Duration::ZERO);
        assert_eq!(reads(1000, 10, &mut pace, now), PACE * 1000);
        let quiet = now + PACE * 2000;
        assert_eq!(pace.next(10, quiet), None, "it was quiet in between");
    }

    /// A writer of small pieces into a pipe of 64 KiB, and its reader: how long the writer takes for
    /// so many bytes, when it could write as many a second as told.
    fn written(bytes: usize, a_second: u32) -> Duration {
        let begun = Instant::now();
        let (mut pace, mut now, mut left, mut waiting) = (Pace::new(begun, PIPE), begun, bytes, 0);
        while left > 0 || waiting > 0 {
            if waiting == 0 {
                let piece = left.min(4096);
                now += Duration::from_secs(piece as u64) / a_second;
                (left, waiting) = (left - piece, piece);
            }
            if let Some(next) = pace.next(std::mem::take(&mut waiting), now) {
                let rest = next.saturating_duration_since(now);
                let more = u128::from(a_second) * rest.as_nanos() / 1_000_000_000;
                let more = usize::try_from(more).unwrap();
                waiting = more.min(PIPE).min(left);
                left -= waiting;
                now += rest;
            }
        }
        now - begun
    }

    #[test]
    fn nobody_who_writes_fast_is_kept_waiting() {
        for a_second in [1_000_000_u32, 6_000_000, 20_000_000, 400_000_000] {
            let needed = Duration::from_secs(1);
            let took = written(a_second as usize, a_second);
            assert!(
                took < needed.mul_f64(1.05),
                "{a_second} bytes a second: {took:?}"
            );
        }
    }

    #[tokio::test]
    async fn whoever_waits_for_the_end_ends_it() {
        let (mut pace, hurry) = (Pace::new(Instant::now(), PIPE), Notify::new());
        hurry.notify_one();
        while !pace.hurry {
            pace.after(10, &hurry).await;
        }
        assert_eq!(pace.next(10, Instant::now()), None);
    }
}
