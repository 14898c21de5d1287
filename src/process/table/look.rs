//! Looks at what runs below leaders that have just been started or signalled, between scans. What those start can shed
//! every mark within milliseconds; whose it is shows as long as its parents run, and later by a group or session that
//! was seen being made.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Table;
use crate::process::ownership;
use crate::process::system;

/// How long after its start or its signal a service is looked at.
const WATCHED: Duration = Duration::from_millis(100);
/// How long a look may take: requests wait meanwhile.
const LIMIT: Duration = Duration::from_millis(10);
/// From the end of a look to the next, as a multiple of the time that it took: they take a fifth of the time at most.
const REST: u32 = 4;

/// The services to be looked at, and when.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// Until when, by service.
    services: BTreeMap<usize, Instant>,
    next: Option<Instant>,
}

impl Looks {
    /// Looks at a service for a while from now on.
    pub(super) fn watch(&mut self, service: usize) {
        let now = Instant::now();
        self.services.insert(service, now + WATCHED);
        self.next.get_or_insert(now);
    }

    /// When the next look is due; `None` when nothing is to be looked at.
    pub(super) fn due(&self) -> Option<Instant> {
        self.next
    }

    fn finished(&mut self, begun: Instant, now: Instant) {
        self.services.retain(|_, until| *until > now);
        let next = now + (now - begun) * REST;
        self.next = (!self.services.is_empty()).then_some(next);
    }
}

impl Table {
    /// Remembers the owners of what runs below the leaders that are watched, and of orphans.
    pub(super) fn look(&mut self) {
        let begun = Instant::now();
        // Without lists of children there are only scans.
        if self.list_watched(begun + LIMIT).is_err() {
            self.listing.clear();
        }
        self.listing.sort_by_key(|process| process.pid);
        // What lost its parent meanwhile was first seen below it.
        self.listing.dedup_by_key(|process| process.pid);
        let members = ownership::members(&self.listing, self.me, &self.runs);
        self.runs.remember(&members);
        self.looks.finished(begun, Instant::now());
    }

    fn list_watched(&mut self, until: Instant) -> std::io::Result<()> {
        self.listing.clear();
        for run in self.runs.all.values() {
            if run.running() && self.looks.services.contains_key(&run.service) {
                system::append_subtree(run.leader, until, &mut self.listing)?;
            }
        }
        system::adopted(&mut self.children)?;
        for &child in &self.children {
            if Instant::now() >= until {
                break;
            }
            if self.runs.leads(child).is_none() {
                system::append_subtree(child, until, &mut self.listing)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_looked_at_for_a_while_and_a_fifth_of_the_time() {
        let mut looks = Looks::default();
        assert_eq!(looks.due(), None);
        looks.watch(3);
        let begun = looks.due().unwrap();
        let end = begun + Duration::from_millis(2);
        looks.finished(begun, end);
        assert_eq!(looks.due(), Some(end + Duration::from_millis(8)));
        looks.finished(begun, begun + WATCHED * 2);
        assert_eq!(looks.due(), None);
    }
}
