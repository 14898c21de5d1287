//! When to look at the list of processes again. A look costs time, the more processes there are, so that
//! many reasons for one are answered by one.

use std::time::{Duration, Instant};

/// From one look to the next that nobody hurries for.
const UNHURRIED: Duration = Duration::from_millis(100);

/// What is known of the looks so far, and of the reasons for another.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When the last look ended, and how long it took.
    last: Option<(Instant, Duration)>,
    /// Somebody waits for the outcome.
    urgent: bool,
    /// Something may have changed that nobody waits for.
    wanted: bool,
}

impl Pace {
    /// Somebody waits for what a look would show.
    pub(super) fn hurry(&mut self) {
        self.urgent = true;
    }

    /// A look is due, in a while.
    pub(super) fn want(&mut self) {
        self.wanted = true;
    }

    /// Whether somebody waits for what the look that is due would show.
    pub(super) fn hurried(&self) -> bool {
        self.urgent
    }

    /// When the next look is due; `None` as long as there is no reason for one. Looking takes at most
    /// two thirds of the time, however many reasons there are.
    pub(super) fn due(&self) -> Option<Instant> {
        let rest = match (self.urgent, self.wanted) {
            (true, _) => |took: Duration| (took / 2).min(UNHURRIED),
            (false, true) => |_| UNHURRIED,
            (false, false) => return None,
        };
        Some(match self.last {
            Some((end, took)) => end + rest(took),
            None => Instant::now(),
        })
    }

    /// A look has begun: it answers all that was asked for so far.
    pub(super) fn begun(&mut self) {
        self.urgent = false;
        self.wanted = false;
    }

    /// The look that began then has ended now.
    pub(super) fn ended(&mut self, begun: Instant, now: Instant) {
        self.last = Some((now, now - begun));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reason_no_look() {
        let mut pace = Pace::default();
        assert_eq!(pace.due(), None);
        pace.want();
        assert!(pace.due().unwrap() <= Instant::now());
        pace.begun();
        assert_eq!(pace.due(), None);
    }

    #[test]
    fn looks_leave_time_between_them() {
        let begun = Instant::now();
        let end = begun + Duration::from_millis(4);
        let mut pace = Pace::default();
        pace.ended(begun, end);
        pace.want();
        assert_eq!(pace.due(), Some(end + UNHURRIED));
        pace.hurry();
        assert_eq!(pace.due(), Some(end + Duration::from_millis(2)));
    }
}
