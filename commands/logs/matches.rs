//! What a session has been found to say, on its way to the output: the wanted entries, each with what is
//! around it.

use flowlayer_core::client::Entry;
use flowlayer_core::logs::{Context, Search, Verdict};

use super::output::{Output, Stopped};
use super::printer::Printer;

/// Where entries go, in the order of their numbers.
pub(super) struct MatchPrinter<'a> {
    pub(super) search: Search,
    /// What there was before the next entry.
    pub(super) context: Context<Entry>,
    pub(super) printer: Printer,
    pub(super) output: &'a mut Output,
}

impl<'a> MatchPrinter<'a> {
    pub(super) fn new(search: Search, printer: Printer, output: &'a mut Output) -> Self {
        Self {
            context: search.context(),
            search,
            printer,
            output,
        }
    }

    /// Whether an entry is wanted, whatever it says.
    pub(super) fn admits(&self, entry: &Entry) -> bool {
        self.search.admits(entry.stream, entry.timestamp)
    }

    /// Shows an entry, or holds it, or neither.
    pub(super) fn entry(&mut self, entry: Entry) -> Result<(), Stopped> {
        if !self.admits(&entry) {
            return Ok(());
        }
        let text = &mut self.output.text;
        match self.context.next(self.search.matches(&entry.message)) {
            Verdict::Skip | Verdict::End => {}
            Verdict::Keep => self.context.keep(entry),
            Verdict::Context => self.printer.entry(text, &entry),
            Verdict::Match { separate } => {
                if separate {
                    self.printer.separator(text);
                }
                for held in self.context.release() {
                    self.printer.entry(text, &held);
                }
                self.printer.entry(text, &entry);
            }
        }
        self.output.flush_if_full()
    }
}
