//! `dependsOn`: names turned into indices, and cycles among them.

use std::collections::HashMap;

use crate::config::code::Code;
use crate::config::problems::{Place, Problems};
use crate::config::quote::{quote, readable};
use crate::config::tree::NodeId;
use crate::config::written::Entry;
use crate::plan::cycles;

/// Which name is which service.
pub(super) struct Names<'e> {
    index: HashMap<&'e str, usize>,
    sorted: Vec<&'e str>,
    /// Whether all names are known: the file has not ended before the services did.
    complete: bool,
}

impl<'e> Names<'e> {
    pub(super) fn new(entries: &'e [Entry], complete: bool) -> Self {
        let mut sorted: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        let mut index = HashMap::with_capacity(entries.len());
        for (at, name) in sorted.iter().enumerate() {
            index.entry(*name).or_insert(at);
        }
        sorted.dedup();
        sorted.retain(|name| !name.is_empty());
        Self {
            index,
            sorted,
            complete,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Index and place of each, sorted, each index once.
    entries: Vec<(usize, NodeId)>,
}

impl Wanted {
    pub(super) fn indices(&self) -> Vec<usize> {
        self.entries.iter().map(|&(index, _)| index).collect()
    }

    fn place_of(&self, index: usize) -> Option<NodeId> {
        let at = self
            .entries
            .binary_search_by_key(&index, |&(index, _)| index);
        at.ok().map(|at| self.entries[at].1)
    }
}

/// Looks up the dependencies of one service; what is none is reported.
pub(super) fn resolve(
    own: usize,
    entry: &Entry,
    names: &Names<'_>,
    problems: &mut Problems<'_, '_>,
) -> Wanted {
    let mut entries = Vec::new();
    let written = entry.service.depends_on.value.as_ref();
    for (name, node) in written.map_or(&[][..], |names| &names.0) {
        let place = Place::Value(*node);
        if name.is_empty() {
            problems.error(
                Code::EmptyString,
                place,
                "the name of a dependency is empty",
            );
        } else if *name == entry.name {
            let message = format!("{} depends on itself", quote(name));
            problems.error(Code::SelfDependency, place, message);
        } else if let Some(&index) = names.index.get(name.as_str()) {
            // The index of the service itself is that of a twin, which is an error already.
            if index != own {
                entries.push((index, *node));
            }
        } else if names.complete {
            let message = format!("there is no service {}", quote(name));
            let known = names.sorted.iter().copied();
            let known = known.filter(|known| *known != entry.name);
            let others = names.sorted.len() - usize::from(!entry.name.is_empty());
            let words = ("services", known, others);
            problems.unknown(Code::UnknownDependency, place, message, name, words);
        }
    }
    entries.sort_unstable();
    entries.dedup_by_key(|(index, _)| *index);
    Wanted { entries }
}

/// Reports one cycle for each group of interdependent services, at the `dependsOn` entries it consists of.
pub(super) fn report_cycles(
    entries: &[Entry],
    wanted: &[Wanted],
    graph: &[Vec<usize>],
    problems: &mut Problems<'_, '_>,
) {
    for cycle in cycles(graph) {
        let services = cycle.0;
        let next = |at: usize| services[(at + 1) % services.len()];
        let links = services.iter().enumerate().filter_map(|(at, &service)| {
            let node = wanted[service].place_of(next(at))?;
            let (from, to) = (&entries[service].name, &entries[next(at)].name);
            let message = format!("{} depends on {}", quote(from), quote(to));
            Some((Place::Value(node), message))
        });
        let mut links = links.collect::<Vec<_>>().into_iter();
        let Some((first, _)) = links.next() else {
            continue;
        };
        let ring = services.iter().chain(services.first());
        let ring: Vec<_> = ring
            .map(|&service| readable(&entries[service].name))
            .collect();
        let message = format!(
            "dependency cycle detected among services: {}",
            ring.join(" -> ")
        );
        let help = Some("remove one of these dependencies".to_owned());
        problems.error_with_help(Code::DependencyCycle, first, message, help);
        problems.relate(links);
    }
}
