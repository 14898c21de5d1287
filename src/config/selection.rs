//! Which services the names on a command line mean: a service by its name, `@GROUP` for all of a group
//! (docs/config.md, Groups).

use std::collections::{BTreeSet, HashSet};

use super::model::Config;
use super::quote::quote;
use super::suggest::Suggestions;

/// A name that means no service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownName {
    /// As it was given.
    pub name: String,
    /// `service`, or `group` when it begins with `@`.
    pub noun: &'static str,
    /// What was probably meant, or what there is.
    pub help: String,
}

/// The services that these names mean, each once, in the order in which they are named. `services` are all there are,
/// each with its groups. The name of a service counts before that of a group, should one begin with `@`.
///
/// # Errors
/// At the first name that means none.
pub fn select(
    names: &[String],
    services: &[(&str, &[String])],
) -> Result<Vec<String>, UnknownName> {
    let mut selected = Vec::new();
    let mut seen = HashSet::new();
    for name in names {
        let meant = meant(name, services);
        if meant.is_empty() {
            return Err(unknown(name, services));
        }
        let new = meant.into_iter().filter(|&service| seen.insert(service));
        selected.extend(new.map(str::to_owned));
    }
    Ok(selected)
}

fn meant<'a>(name: &str, services: &[(&'a str, &[String])]) -> Vec<&'a str> {
    if let Some((service, _)) = services.iter().find(|(service, _)| *service == name) {
        return vec![service];
    }
    let Some(group) = name.strip_prefix('@') else {
        return Vec::new();
    };
    let is_member = |groups: &[String]| groups.iter().any(|it| it == group);
    let members = services.iter().filter(|(_, groups)| is_member(groups));
    members.map(|(service, _)| *service).collect()
}

fn unknown(name: &str, services: &[(&str, &[String])]) -> UnknownName {
    let groups = services.iter().flat_map(|(_, groups)| groups.iter());
    let groups: BTreeSet<String> = groups.map(|group| format!("@{group}")).collect();
    let as_group = format!("@{name}");
    let (noun, help) = if name.starts_with('@') {
        let known = groups.iter().map(String::as_str);
        let help = match groups.len() {
            0 => "no service is in a group".to_owned(),
            total => Suggestions::default().help(name, "groups", known, total),
        };
        ("group", help)
    } else if groups.contains(&as_group) {
        ("service", format!("did you mean {}?", quote(&as_group)))
    } else {
        let known = services.iter().map(|(service, _)| *service);
        let help = Suggestions::default().help(name, "services", known, services.len());
        ("service", help)
    };
    UnknownName {
        name: name.to_owned(),
        noun,
        help,
    }
}

impl Config {
    /// [`select`] among its services.
    ///
    /// # Errors
    /// At the first name that means none.
    pub fn select(&self, names: &[String]) -> Result<Vec<String>, UnknownName> {
        let services = self.services.iter();
        let services = services.map(|service| (&*service.name, service.groups.as_slice()));
        select(names, &services.collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(names: &[&str]) -> Result<Vec<String>, String> {
        let group = |name: &str| vec![name.to_owned()];
        let (backend, data, none) = (group("backend"), group("data"), Vec::new());
        let both = [backend.clone(), data.clone()].concat();
        let services: [(&str, &[String]); 5] = [
            ("@data", &none),
            ("api", &backend),
            ("cache", &data),
            ("db", &both),
            ("web", &none),
        ];
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        select(&names, &services).map_err(|unknown| {
            let UnknownName { name, noun, help } = unknown;
            format!("{noun} {name}: {help}")
        })
    }

    #[track_caller]
    fn is(names: &[&str], wanted: &[&str]) {
        assert_eq!(selected(names).unwrap(), wanted);
    }

    #[test]
    fn a_group_stands_for_its_members_each_once() {
        is(&[], &[]);
        is(&["web", "api"], &["web", "api"]);
        is(&["@backend"], &["api", "db"]);
        is(&["db", "@backend", "db", "web"], &["db", "api", "web"]);
        is(&["@data"], &["@data"]);
    }

    #[test]
    fn what_is_unknown_leads_to_what_was_meant() {
        for (name, wanted) in [
            ("wbe", "service wbe: did you mean \"web\"?"),
            ("@backnd", "group @backnd: did you mean \"@backend\"?"),
            ("backend", "service backend: did you mean \"@backend\"?"),
            ("@x", "group @x: known groups: @backend, @data"),
        ] {
            assert_eq!(selected(&["web", name]).unwrap_err(), wanted);
        }
        let none = select(&["@x".to_owned()], &[("web", &[])]).unwrap_err();
        assert_eq!(none.help, "no service is in a group");
    }
}
