//! The log in the files of a configuration, when no session of it runs.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use flowlayer_core::client::Start;
use flowlayer_core::config::{self, Config};
use flowlayer_core::facts::Timestamp;
use flowlayer_core::logs::{Archive, EntryLine, Found, LogDefaults, Search, Searched};

use super::follow::Since;
use super::matches::MatchPrinter;
use super::output::{Output, Stopped};
use super::printer::Printer;
use super::{Limit, Wanted, asked, note};
use crate::config_file;
use crate::failure::Failure;
use crate::session::TargetSession;
use crate::terminal::diagnostics::shown_path;

/// The files, and what their configuration says.
pub(super) struct Files {
    config: Config,
    path: PathBuf,
    dir: PathBuf,
    /// Asked for, not what is left without a session.
    is_chosen: bool,
}

impl Files {
    /// The files of the configuration whose session was looked for and is not there. Without any
    /// it stays at that.
    pub(super) fn of(
        target: &TargetSession,
        unreachable: Failure,
        follow: bool,
    ) -> Result<Self, Failure> {
        let Failure::NoSession(words) = unreachable else {
            return Err(unreachable);
        };
        let endpoint = target.endpoint();
        // One that is registered lives: what it does not answer its files do not either, unless it
        // has no API.
        let answers = target.is_registered() && (endpoint.address.is_some() || follow);
        let Some(path) = endpoint.config.clone().filter(|_| !answers) else {
            return Err(Failure::NoSession(words));
        };
        Self::at(path, words, false)
    }

    /// The files of sessions on record, whether one runs or not.
    pub(super) fn recorded(target: &TargetSession) -> Result<Self, Failure> {
        let words = "no files of earlier sessions".to_owned();
        match target.endpoint().config.clone() {
            Some(path) => Self::at(path, words, true),
            None => Err(Failure::NoSession(words)),
        }
    }

    fn at(path: PathBuf, words: String, is_chosen: bool) -> Result<Self, Failure> {
        let Ok(loaded) = config::load(&path) else {
            return Err(Failure::NoSession(words));
        };
        let dir = config::logs_dir(&loaded.config, &config_file::values(&loaded.config)?);
        let dir = dir.map_err(|problems| {
            let why = problems.first().map(|problem| problem.message.clone());
            let why = why.unwrap_or_default();
            Failure::NoSession(format!("{words}; and logs.dir cannot be told: {why}"))
        })?;
        match dir {
            Some(dir) => Ok(Self {
                config: loaded.config,
                path,
                dir,
                is_chosen,
            }),
            None => Err(Failure::NoSession(format!(
                "{words}; without logs.dir there is no log of earlier sessions"
            ))),
        }
    }

    /// Shows the entries in the files. A new session continues from there.
    pub(super) fn show<'a>(
        self,
        wanted: &Wanted,
        output: &'a mut Output,
    ) -> Result<(MatchPrinter<'a>, Since), Stopped> {
        let archive = self.archive()?;
        if archive.is_none() && !wanted.follow {
            return Err(Stopped::Failed(Failure::NoSession(format!(
                "no session of {} runs, and none has left a log: {} is not there",
                shown_path(&self.path),
                shown_path(&self.dir)
            ))));
        }
        let names = self.names(archive.as_ref())?;
        let search = wanted.search_among(|wanted| self.select(wanted, &names))?;
        let asked = asked(&search, &names)?;
        let search = Search {
            limit: self.limit(wanted.limit, &asked),
            ..search
        };
        let mut printer = Printer::new(wanted.form_for(&search), &names, &asked);
        if std::io::stderr().is_terminal() && !wanted.follow && !self.is_chosen {
            note(&format!(
                "no session answers: from {}",
                shown_path(&self.dir)
            ));
        }
        let mut start = Start::After(0);
        let mut next = 1;
        if let Some(archive) = &archive {
            if let Some((seq, timestamp)) = self.newest(archive)? {
                next = seq + 1;
                start = match timestamp {
                    Some(timestamp) => Start::AfterEntry { seq, timestamp },
                    None => Start::After(seq),
                };
            }
            // What is written from here on belongs to the session that is waited for.
            let mut bounded = search.clone();
            bounded.before_seq = Some(search.before_seq.map_or(next, |before| before.min(next)));
            self.search(archive, &bounded, &mut printer, output)?;
        }
        if wanted.follow {
            let path = shown_path(&self.path);
            note(&format!("no session of {path} runs: waiting for one"));
        }
        let since = Since {
            start,
            next,
            session: None,
        };
        Ok((MatchPrinter::new(search, printer, output), since))
    }

    fn limit(&self, limit: Option<Limit>, services: &[String]) -> Option<usize> {
        match limit {
            Some(Limit::All) => None,
            Some(Limit::Newest(count)) => Some(count),
            None => {
                let own = |service: &config::Service| service.log_view_max_entries;
                let configured = &self.config.services;
                let view = &self.config.log_view;
                let defaults = LogDefaults::resolve(
                    view.max_entries,
                    view.all_max_entries,
                    configured.iter().map(own),
                );
                let usual = match services {
                    [one] => configured
                        .iter()
                        .position(|service| *service.name == **one)
                        .map_or(view.max_entries.unwrap_or(LogDefaults::BUILT_IN), |index| {
                            defaults.services[index]
                        }),
                    _ => defaults.all,
                };
                Some(usize::try_from(usual).unwrap_or(usize::MAX))
            }
        }
    }

    fn archive(&self) -> Result<Option<Archive>, Failure> {
        match Archive::open(&self.dir) {
            Ok(archive) => Ok(Some(archive)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(&self.dir, &error)),
        }
    }

    /// The services there are, in the configuration or from an earlier one, sorted.
    fn names(&self, archive: Option<&Archive>) -> Result<Vec<String>, Failure> {
        let configured = self.config.services.iter();
        let mut names: BTreeSet<String> =
            configured.map(|service| service.name.to_string()).collect();
        if let Some(archive) = archive {
            let found = archive.services();
            names.extend(found.map_err(|error| unreadable(&self.dir, &error))?);
        }
        Ok(names.into_iter().collect())
    }

    /// The services of these that names on the command line mean.
    fn select(&self, wanted: &[String], services: &[String]) -> Result<Vec<String>, Failure> {
        let groups = |name: &str| {
            let configured = self.config.index_of(name);
            configured.map_or(&[][..], |index| &self.config.services[index].groups)
        };
        let services = services.iter().map(|name| (name.as_str(), groups(name)));
        config::select(wanted, &services.collect::<Vec<_>>()).map_err(|unknown| {
            Failure::Mistaken(format!(
                "no {} is called {:?}, neither in {} nor in the files: {}",
                unknown.noun,
                unknown.name,
                shown_path(&self.path),
                unknown.help
            ))
        })
    }

    /// Number and time of the newest entry.
    fn newest(&self, archive: &Archive) -> Result<Option<(u64, Option<Timestamp>)>, Failure> {
        let one = Search {
            limit: Some(1),
            ..Search::default()
        };
        let mut newest = Vec::new();
        archive
            .search(&one, &mut |found| {
                if let Found::Match(line) = found {
                    newest = line.to_vec();
                }
                ControlFlow::Continue(())
            })
            .map_err(|error| unreadable(&self.dir, &error))?;
        let text = String::from_utf8_lossy(&newest);
        let entry = EntryLine::parse(&text);
        Ok(entry.map(|entry| {
            let time = serde_json::to_string(&entry.timestamp);
            let time = time.and_then(|json| serde_json::from_str(&json));
            (entry.seq, time.ok())
        }))
    }

    fn search(
        &self,
        archive: &Archive,
        search: &Search,
        printer: &mut Printer,
        output: &mut Output,
    ) -> Result<(), Stopped> {
        let mut stopped = None;
        let mut matches = 0;
        let searched = archive.search(search, &mut |found| {
            match found {
                Found::Match(line) => {
                    matches += 1;
                    printer.raw(&mut output.text, line);
                }
                Found::Context(line) => printer.raw(&mut output.text, line),
                Found::Break => printer.separator(&mut output.text),
            }
            match output.flush_if_full() {
                Ok(()) => ControlFlow::Continue(()),
                Err(why) => {
                    stopped = Some(why);
                    ControlFlow::Break(())
                }
            }
        });
        if let Some(why) = stopped {
            return Err(why);
        }
        let Searched {
            damaged,
            dropped,
            skipped,
        } = searched.map_err(|error| unreadable(&self.dir, &error))?;
        output.flush()?;
        for path in &skipped {
            let path = shown_path(path);
            note(&format!("{path} is not a regular file: skipped"));
        }
        if damaged > 0 {
            let noun = if damaged == 1 { "line is" } else { "lines are" };
            note(&format!(
                "{damaged} {noun} no entries and left out, in {}",
                shown_path(&self.dir)
            ));
        }
        if dropped && search.limit.is_none_or(|limit| matches < limit) {
            note("older entries are not there any more: rotation has dropped them");
        }
        Ok(())
    }
}

fn unreadable(dir: &Path, error: &std::io::Error) -> Failure {
    Failure::Failed(format!(
        "cannot read the logs in {}: {error}",
        shown_path(dir)
    ))
}
