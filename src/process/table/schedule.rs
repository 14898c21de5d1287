//! When to scan the process list again. A scan costs time, the more processes there are, so that requests are
//! coalesced.

use std::time::{Duration, Instant};

/// From one scan to the next that is not urgent.
const INTERVAL: Duration = Duration::from_millis(100);

/// The last scan, and the requests for the next.
#[derive(Debug, Default)]
pub(crate) struct ScanSchedule {
    /// When the last scan ended, and how long it took.
    last: Option<(Instant, Duration)>,
    /// Somebody waits for the result.
    urgent: bool,
    /// Something may have changed that nobody waits for.
    wanted: bool,
}

impl ScanSchedule {
    /// Requests a scan that somebody waits for.
    pub(crate) fn request_now(&mut self) {
        self.urgent = true;
    }

    /// Requests a scan within the interval.
    pub(crate) fn request_soon(&mut self) {
        self.wanted = true;
    }

    /// Whether somebody waits for the next scan.
    pub(crate) fn is_urgent(&self) -> bool {
        self.urgent
    }

    /// When the next scan is due; `None` when none was requested. Scanning takes at most two thirds of the time,
    /// however many requests there are.
    pub(crate) fn due(&self) -> Option<Instant> {
        let rest = match (self.urgent, self.wanted) {
            (true, _) => |took: Duration| (took / 2).min(INTERVAL),
            (false, true) => |_| INTERVAL,
            (false, false) => return None,
        };
        Some(match self.last {
            Some((end, took)) => end + rest(took),
            None => Instant::now(),
        })
    }

    /// A scan has begun: it answers all requests so far.
    pub(crate) fn started(&mut self) {
        self.urgent = false;
        self.wanted = false;
    }

    /// The scan that began then has ended now.
    pub(crate) fn finished(&mut self, begun: Instant, now: Instant) {
        self.last = Some((now, now - begun));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_scan_unless_requested() {
        let mut schedule = ScanSchedule::default();
        assert_eq!(schedule.due(), None);
        schedule.request_soon();
        assert!(schedule.due().unwrap() <= Instant::now());
        schedule.started();
        assert_eq!(schedule.due(), None);
    }

    #[test]
    fn scans_leave_time_between_them() {
        let begun = Instant::now();
        let end = begun + Duration::from_millis(4);
        let mut schedule = ScanSchedule::default();
        schedule.finished(begun, end);
        schedule.request_soon();
        assert_eq!(schedule.due(), Some(end + INTERVAL));
        schedule.request_now();
        assert_eq!(schedule.due(), Some(end + Duration::from_millis(2)));
    }
}
