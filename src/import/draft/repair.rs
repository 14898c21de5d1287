//! Making a draft a valid config: what no config may hold goes, with a note for each thing.

use std::collections::HashMap;

use serde_json::json;

use super::{Draft, DraftService, add_note};
use crate::config::{self, Origin};

impl Draft {
    /// Takes out what no config may hold, with a note for each thing.
    pub(in crate::import) fn repair(&mut self) {
        for service in &mut self.services {
            service.repair();
        }
        for service in self
            .services
            .extract_if(.., |service| !service.fields.contains_key("cmd"))
        {
            let why = service.notes.last().cloned().unwrap_or_default();
            add_note(&mut self.notes, format!("{}: {why}", service.name));
        }
        let unnamed = self
            .services
            .iter()
            .filter(|service| service.name.is_empty())
            .count();
        if unnamed > 0 {
            self.note("a service without a name");
        }
        self.services.retain(|service| !service.name.is_empty());
        let index: HashMap<String, usize> = self
            .services
            .iter()
            .enumerate()
            .map(|(at, service)| (service.name.clone(), at))
            .collect();
        for service in &mut self.services {
            let mut seen = Vec::new();
            for dependency in std::mem::take(&mut service.depends_on) {
                if seen.contains(&dependency) {
                } else if dependency == service.name {
                    service.note("it depends on itself");
                } else if index.contains_key(&dependency) {
                    seen.push(dependency);
                } else {
                    service.note(format!("it depends on {dependency:?}, which is not here"));
                }
            }
            service.depends_on = seen;
        }
        self.break_circles(&index);
    }

    /// Takes one dependency out of every circle.
    fn break_circles(&mut self, index: &HashMap<String, usize>) {
        #[derive(Clone, Copy, PartialEq)]
        enum Seen {
            No,
            OnPath,
            Done,
        }
        let mut seen = vec![Seen::No; self.services.len()];
        for root in 0..self.services.len() {
            // A depth-first walk with a stack of its own: a chain may be long.
            let mut path = vec![(root, 0)];
            while let Some((at, next)) = path.last_mut() {
                let at = *at;
                if seen[at] == Seen::Done {
                    path.pop();
                    continue;
                }
                seen[at] = Seen::OnPath;
                let Some(dependency) = self.services[at].depends_on.get(*next) else {
                    seen[at] = Seen::Done;
                    path.pop();
                    continue;
                };
                let on = index[dependency];
                if seen[on] == Seen::OnPath {
                    let name = self.services[at].depends_on.remove(*next);
                    self.services[at].note(format!("it depends on {name:?}: that closes a circle"));
                    continue;
                }
                *next += 1;
                if seen[on] == Seen::No {
                    path.push((on, 0));
                }
            }
        }
    }
}

impl DraftService {
    /// Takes out every field that the config's own rules refuse. They decide, not a copy of them.
    fn repair(&mut self) {
        // Each round takes a field away, and there are only so many.
        while self.fields.contains_key("cmd") {
            let alone = json!({ "services": { "x": self.fields } });
            let report = config::check(alone.to_string().into_bytes(), Origin::stdin());
            let Some(problem) = report.problems.iter().find(|problem| problem.is_error()) else {
                return;
            };
            let path = problem.path.strip_prefix("services.x.").unwrap_or("cmd");
            let field = path.split(['.', '[']).next().unwrap_or_default();
            let field = if self.fields.contains_key(field) {
                field
            } else {
                "cmd"
            };
            let note = format!("{field}: {}", problem.message);
            self.fields.shift_remove(field);
            self.note(note);
        }
    }
}
