//! The ports that a configuration leaves to the session (docs/config.md, Ports).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::config::{BindChoice, Config, PortChoice};
use crate::ports::auto::{self, Chosen, Exhausted};

/// What was chosen for a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AutoPorts {
    /// For the session API, if `session.bind` is `auto`.
    pub bind: Option<Chosen>,
    /// For each service whose `port` is `auto`, by name.
    pub services: BTreeMap<Arc<str>, Chosen>,
}

impl AutoPorts {
    /// Chooses for the session API, then for services in the order of their names. `kept`: ports of services
    /// that have been chosen before and stay, unless the file has since given them to another service.
    /// `is_taken`: whether anybody listens on a port.
    ///
    /// # Errors
    /// When every port that could be chosen is in use.
    pub fn choose(
        config: &Config,
        kept: &BTreeMap<Arc<str>, u16>,
        is_taken: impl Fn(u16) -> bool,
    ) -> Result<Self, Exhausted> {
        let services = config.services.iter();
        let fixed = services.filter_map(|service| match service.port {
            Some(PortChoice::Fixed(port)) => Some(port),
            Some(PortChoice::Auto) | None => None,
        });
        let fixed: BTreeSet<u16> = fixed.collect();
        let mut reserved = fixed.clone();
        reserved.extend(kept.values());
        let bind = match &config.session.bind {
            Some(BindChoice::Auto) => {
                Some(auto::choose(&config.path, "", &mut reserved, &is_taken)?)
            }
            Some(BindChoice::Fixed(bind)) => {
                reserved.insert(bind.port);
                None
            }
            None => None,
        };
        let mut services = BTreeMap::new();
        for service in &config.services {
            if service.port != Some(PortChoice::Auto) {
                continue;
            }
            let chosen = match kept.get(&service.name) {
                Some(&port) if !fixed.contains(&port) => Chosen {
                    port,
                    instead_of: None,
                },
                _ => auto::choose(&config.path, &service.name, &mut reserved, &is_taken)?,
            };
            services.insert(service.name.clone(), chosen);
        }
        Ok(Self { bind, services })
    }

    /// The port of each service, for [`crate::config::Values`].
    pub fn by_name(&self) -> BTreeMap<Arc<str>, u16> {
        let services = self.services.iter();
        services
            .map(|(name, chosen)| (name.clone(), chosen.port))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Origin, check};

    fn config(text: &str) -> Config {
        let origin = Origin {
            name: "flowlayer.jsonc".to_owned(),
            dir: "/shop".into(),
            path: "/shop/flowlayer.jsonc".into(),
        };
        check(text.as_bytes().to_vec(), origin).meant.unwrap().0
    }

    #[test]
    fn no_two_of_a_file_get_the_same_port_and_those_chosen_stay() {
        let text = r#"{"session": {"bind": "auto"}, "services": {
            "a": {"cmd": "x", "port": "auto"}, "b": {"cmd": "x", "port": "auto"}, "c": {"cmd": "x"}}}"#;
        let none = BTreeMap::new();
        let first = AutoPorts::choose(&config(text), &none, |_| false).unwrap();
        let bind = first.bind.unwrap().port;
        let a = first.services["a"].port;
        assert_eq!(first.services.len(), 2);
        assert_eq!(
            AutoPorts::choose(&config(text), &none, |_| false).unwrap(),
            first
        );

        // Another service of the file has it, or the session's own address.
        for taken in [a, bind] {
            let fixed = text.replace("\"c\": {", &format!("\"c\": {{\"port\": {taken}, "));
            let chosen = AutoPorts::choose(&config(&fixed), &none, |_| false).unwrap();
            let mut ports: Vec<_> = chosen.by_name().into_values().collect();
            ports.extend([taken, chosen.bind.unwrap().port]);
            ports.sort_unstable();
            ports.dedup();
            assert_eq!(ports.len(), 4);
        }

        // A stranger came: a new session moves on, one that has it stays.
        let moved = AutoPorts::choose(&config(text), &none, |port| port == a).unwrap();
        assert_eq!(moved.services["a"].instead_of, Some(a));
        let kept = BTreeMap::from([("a".into(), a)]);
        let stays = AutoPorts::choose(&config(text), &kept, |port| port == a).unwrap();
        assert_eq!(stays.services["a"].port, a);

        // Now the file gives it to another one.
        let fixed = text.replace("\"c\": {", &format!("\"c\": {{\"port\": {a}, "));
        let moved = AutoPorts::choose(&config(&fixed), &kept, |port| port == a).unwrap();
        assert_ne!(moved.services["a"].port, a);
    }
}
