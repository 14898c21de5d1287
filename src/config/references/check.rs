//! Whether what references name exists, and whether urls refer to each other in a circle.

use super::scan::Reference;
use super::template::{Placed, Template};
use crate::config::code::Code;
use crate::config::model::{Config, Service};
use crate::config::problems::{Place, Problems};
use crate::config::quote::{quote, readable};
use crate::plan::cycles;

/// What a reference names and nothing has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing<'r> {
    /// A service of this name.
    Service(&'r str),
    /// The port of this service.
    Port(&'r str),
    /// The url of this service.
    Url(&'r str),
}

impl Missing<'_> {
    pub(super) fn message(self) -> String {
        match self {
            Self::Service(name) => format!("there is no service {}", quote(name)),
            Self::Port(name) => format!("{} has no port to refer to", quote(name)),
            Self::Url(name) => format!("{} has no url to refer to", quote(name)),
        }
    }
}

/// Looks for what a reference names.
pub(super) fn missing<'r>(config: &Config, reference: &'r Reference) -> Option<Missing<'r>> {
    let name = match reference {
        Reference::Port(name) | Reference::Url(name) => &**name,
        Reference::SessionName | Reference::Variable { .. } | Reference::Escape => return None,
    };
    let Some(service) = config.service(name) else {
        return Some(Missing::Service(name));
    };
    match reference {
        Reference::Port(_) if service.port.is_none() => Some(Missing::Port(name)),
        Reference::Url(_) if !service.may_have_url() => Some(Missing::Url(name)),
        _ => None,
    }
}

/// Reports references to what does not exist, and circles of urls. `names`: all services that are
/// written, sorted, of which some may not be in the config for their errors; `None` when not all are known.
pub(in crate::config) fn check(
    config: &Config,
    names: Option<&[&str]>,
    problems: &mut Problems<'_, '_>,
) {
    for placed in config.templates().flat_map(Template::references) {
        let place = Place::Spot(placed.spot.clone());
        let Some(missing) = missing(config, &placed.to) else {
            continue;
        };
        let message = missing.message();
        match (missing, names) {
            (Missing::Service(_), None) => {}
            (Missing::Service(name), Some(names)) => {
                if names.binary_search(&name).is_err() {
                    let words = ("services", names.iter().copied(), names.len());
                    problems.unknown(Code::UnknownService, place, message, name, words);
                }
            }
            (Missing::Port(_), _) => {
                let help = Some("give that service a `port`".to_owned());
                problems.error_with_help(Code::InvalidReference, place, message, help);
            }
            (Missing::Url(_), _) => {
                let help = "give that service a `url`, or an http probe that asks this machine";
                let help = Some(help.to_owned());
                problems.error_with_help(Code::InvalidReference, place, message, help);
            }
        }
    }
    report_circles(config, problems);
}

/// Reports one circle of each knot of urls, at the references it consists of.
fn report_circles(config: &Config, problems: &mut Problems<'_, '_>) {
    let services = &config.services;
    let refers_to: Vec<Vec<(usize, &Placed)>> = services
        .iter()
        .map(|service| urls_in(config, service))
        .collect();
    if refers_to.iter().all(Vec::is_empty) {
        return;
    }
    let graph: Vec<Vec<usize>> = refers_to
        .iter()
        .map(|urls| urls.iter().map(|(index, _)| *index).collect())
        .collect();
    for cycle in cycles(&graph) {
        let ring = cycle.0;
        let next = |at: usize| ring[(at + 1) % ring.len()];
        let links = ring.iter().enumerate().filter_map(|(at, &service)| {
            let mut urls = refers_to[service].iter();
            let (_, placed) = urls.find(|(index, _)| *index == next(at))?;
            let (from, to) = (&services[service].name, &services[next(at)].name);
            let message = format!(
                "the url of {} is made of that of {}",
                quote(from),
                quote(to)
            );
            Some((Place::Spot(placed.spot.clone()), message))
        });
        let mut links = links.collect::<Vec<_>>().into_iter();
        let Some((first, _)) = links.next() else {
            continue;
        };
        let names = ring.iter().chain(ring.first());
        let names: Vec<_> = names
            .map(|&service| readable(&services[service].name))
            .collect();
        let message = format!(
            "urls refer to each other in a circle: {}",
            names.join(" -> ")
        );
        let help = Some("write one of these urls out".to_owned());
        problems.error_with_help(Code::UrlCycle, first, message, help);
        problems.relate(links);
    }
}

/// The references to urls of which the url of a service is made.
fn urls_in<'c>(config: &'c Config, service: &'c Service) -> Vec<(usize, &'c Placed)> {
    let references = service.url_template().map_or(&[][..], Template::references);
    let urls = references.iter().filter_map(|placed| match &placed.to {
        Reference::Url(name) => Some((config.index_of(name)?, placed)),
        _ => None,
    });
    urls.collect()
}
