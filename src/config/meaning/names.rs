//! All services together: their names, their order, and what two of them can have in common.

use std::collections::HashMap;
use std::path::Path;

use super::dependencies::{self, Names, Wanted};
use super::env_files::EnvFileCheck;
use super::service;
use crate::config::code::Code;
use crate::config::model::{PortChoice, Service};
use crate::config::problems::{Place, Problems};
use crate::config::quote::quote;
use crate::config::tree::NodeId;
use crate::config::written::{Entry, Services};
use crate::plan::{self, Plan};

/// The services sorted by name, the names of all that are written, sorted, if all are known, and the plan.
/// Meaningful only if no problem is an error.
pub(super) fn services(
    node: NodeId,
    written: Services,
    dir: &Path,
    problems: &mut Problems<'_, '_>,
) -> (Vec<Service>, Option<Vec<String>>, Option<Plan>) {
    if written.entries.is_empty() && written.complete {
        let help = Some("add a service: \"web\": { \"cmd\": \"…\" }");
        problems.warning(
            Code::EmptyServices,
            Place::Value(node),
            "there are no services",
            help,
        );
    }
    let mut entries = written.entries;
    check_names(&entries, problems);
    check_ports(&entries, problems);
    // Stable, so that of a duplicate, which is reported, the first stays the first.
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let names = Names::new(&entries, written.complete);
    let wanted: Vec<_> = entries
        .iter()
        .enumerate()
        .map(|(index, entry)| dependencies::resolve(index, entry, &names, problems))
        .collect();
    let graph: Vec<Vec<usize>> = wanted.iter().map(Wanted::indices).collect();
    dependencies::report_cycles(&entries, &wanted, &graph, problems);
    let plan = plan::plan(&graph).ok();
    let all = entries.iter().map(|entry| entry.name.clone());
    let all = written.complete.then(|| all.collect());
    let mut checked = EnvFileCheck::default();
    let services = entries
        .into_iter()
        .zip(graph)
        .filter_map(|(entry, depends_on)| {
            service::service(entry, depends_on, dir, &mut checked, problems)
        })
        .collect();
    (services, all, plan)
}

/// Names that are easily taken for something else.
fn check_names(entries: &[Entry], problems: &mut Problems<'_, '_>) {
    let mut folded: HashMap<String, &Entry> = HashMap::with_capacity(entries.len());
    for entry in entries {
        if entry.name == "all logs" {
            let name = quote(&entry.name);
            let message = format!("{name} is what clients call the logs of all services");
            let help = Some("choose another name");
            problems.warning(Code::ReservedName, Place::Key(entry.node), message, help);
        }
        let earlier = folded.entry(entry.name.to_lowercase()).or_insert(entry);
        if earlier.name != entry.name {
            let (name, other) = (quote(&entry.name), quote(&earlier.name));
            let message = format!("{name} and {other} differ only in upper and lower case");
            problems.warning(Code::SimilarNames, Place::Key(entry.node), message, None);
            problems.relate([(Place::Key(earlier.node), "the other one".to_owned())]);
        }
    }
}

/// Two services that cannot be up at the same time.
fn check_ports(entries: &[Entry], problems: &mut Problems<'_, '_>) {
    let mut taken: HashMap<u16, &Entry> = HashMap::new();
    for entry in entries {
        let Some((node, port)) = entry.service.port.placed() else {
            continue;
        };
        let Some(PortChoice::Fixed(port)) = port.0 else {
            continue;
        };
        let earlier = *taken.entry(port).or_insert(entry);
        if earlier.node == entry.node {
            continue;
        }
        let other = quote(&earlier.name);
        let message = format!("port {port} is also the port of {other}");
        let help = Some("whichever starts second will fail");
        problems.warning(Code::SamePort, Place::Value(node), message, help);
        if let Some(first) = earlier.service.port.node {
            problems.relate([(Place::Value(first), "the other one".to_owned())]);
        }
    }
}
