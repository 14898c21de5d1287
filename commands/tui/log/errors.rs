//! How many errors each service has written: since its log was looked at, and since a mark was drawn.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::filter::Scope;
use super::item::Item;

/// For so many marks errors are counted.
const MAX_MARKS: usize = 100;

/// Errors by service.
type Counts = HashMap<Arc<str>, u64>;

/// See the module. Only live lines count.
#[derive(Debug, Default)]
pub(crate) struct Errors {
    seen: Counts,
    /// As many as had been seen when the log was looked at.
    read: Counts,
    /// As many as had been seen when this mark was drawn.
    marks: BTreeMap<u32, Counts>,
}

impl Errors {
    /// A line has come.
    pub(super) fn take(&mut self, line: &Item) {
        if let Some(service) = &line.service
            && line.is_error()
        {
            *self.seen.entry(Arc::clone(service)).or_default() += 1;
        }
    }

    /// How many of this service nobody has looked at.
    pub(crate) fn unread(&self, service: &str) -> u64 {
        count(&self.seen, service) - count(&self.read, service)
    }

    /// The log of these services is looked at. Of all services it does not count: lines of one pass between those of
    /// others.
    pub(crate) fn look_at(&mut self, scope: &Scope) {
        if *scope == Scope::All {
            return;
        }
        for (service, seen) in &self.seen {
            if scope.covers(Some(service)) && *seen > count(&self.read, service) {
                self.read.insert(Arc::clone(service), *seen);
            }
        }
    }

    /// A mark was drawn: from here on is counted anew.
    pub(super) fn mark(&mut self, number: u32) {
        self.read.clone_from(&self.seen);
        self.marks.insert(number, self.seen.clone());
        if self.marks.len() > MAX_MARKS {
            self.marks.pop_first();
        }
    }

    /// How many have come since that mark, of the services that are wanted.
    pub(crate) fn since(&self, mark: u32, is_wanted: impl Fn(&str) -> bool) -> u64 {
        let Some(before) = self.marks.get(&mark) else {
            return 0;
        };
        let wanted = self.seen.iter().filter(|(service, _)| is_wanted(service));
        let new = wanted.map(|(service, seen)| seen - count(before, service));
        new.sum()
    }
}

fn count(counts: &Counts, service: &str) -> u64 {
    counts.get(service).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::line;
    use super::*;

    #[test]
    fn errors_count_until_the_log_of_their_service_is_looked_at() {
        let mut errors = Errors::default();
        for (seq, service, text) in [
            (1, "api", "ERROR one"),
            (2, "db", "ERROR two"),
            (3, "db", "WARN three"),
            (4, "db", r#"{"level":"fatal"}"#),
        ] {
            errors.take(&line(seq, service, text));
        }
        let unread = |errors: &Errors| ["api", "db", "web"].map(|name| errors.unread(name));
        assert_eq!(unread(&errors), [1, 2, 0]);
        errors.look_at(&Scope::All);
        assert_eq!(unread(&errors), [1, 2, 0]);
        errors.look_at(&Scope::Service("db".into()));
        assert_eq!(unread(&errors), [1, 0, 0]);
        errors.take(&line(5, "db", "ERROR five"));
        assert_eq!(unread(&errors), [1, 1, 0]);
    }

    #[test]
    fn a_mark_counts_from_where_it_is() {
        let mut errors = Errors::default();
        errors.take(&line(1, "api", "ERROR one"));
        errors.mark(1);
        assert_eq!((errors.unread("api"), errors.since(1, |_| true)), (0, 0));
        errors.take(&line(2, "api", "ERROR two"));
        errors.take(&line(3, "db", "ERROR three"));
        errors.mark(2);
        assert_eq!(errors.since(1, |_| true), 2);
        assert_eq!(errors.since(1, |service| service == "db"), 1);
        assert_eq!(errors.since(2, |_| true), 0);
        for number in 3..200 {
            errors.mark(number);
        }
        assert_eq!(errors.marks.len(), MAX_MARKS);
    }
}
