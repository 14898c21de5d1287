//! The health check of a compose service.

use serde_json::json;

use super::Reader;
use super::ports::Published;
use crate::import::draft::Service;
use crate::import::health::{argv, recognise, timing};
use crate::import::values::{is_command, time};
use crate::import::yaml::Node;

impl Reader<'_> {
    /// Its `healthcheck` as a probe: one of ours where that is the same, else a command, in the container of
    /// this name if there is one.
    pub(super) fn health(
        &self,
        from: &Node,
        ports: &[Published],
        container: Option<&str>,
        service: &mut Service,
    ) {
        let Some(check) = from.get("healthcheck") else {
            return;
        };
        if check.get("disable").is_some_and(Node::is_true) {
            return;
        }
        let Some(test) = check.get("test") else {
            return service.note("healthcheck: the test is that of the image");
        };
        let (command, run) = match (test.text(), test.texts().as_slice()) {
            (None, &["NONE", ..]) => return,
            (Some(line), _) | (None, &["CMD-SHELL", line, ..]) => {
                let line = self.replaced(line);
                (argv(&line), vec!["sh".to_owned(), "-c".to_owned(), line])
            }
            (None, &["CMD", ref words @ ..]) => {
                let words: Vec<String> = words.iter().map(|word| self.replaced(word)).collect();
                (Some(words.clone()), words)
            }
            _ => return service.note("healthcheck.test: neither CMD nor CMD-SHELL"),
        };
        let here = |inner: u16| {
            let mut known = ports.iter();
            let found = known.find(|port| port.inner == inner).map(|port| port.host);
            found.or_else(|| container.is_none().then_some(inner))
        };
        let check_of_ours = command.as_deref().and_then(recognise);
        let mut probe = if let Some(probe) = check_of_ours.and_then(|check| check.probe(here)) {
            probe
        } else {
            if !is_command(&run) {
                return service.note("healthcheck.test: it is no command");
            }
            let mut cmd = Vec::new();
            if let Some(name) = container {
                cmd.clone_from(&self.compose);
                cmd.extend(["exec", "-T", name].map(str::to_owned));
            }
            cmd.extend(run);
            json!({ "type": "exec", "cmd": cmd })
        };
        if let Some(ms) = time(check, "timeout").filter(|&ms| ms > 0) {
            probe["attemptTimeoutMs"] = json!(ms);
        }
        service.set("ready", probe);
        let keys = ["interval", "retries", "start_period", "start_interval"];
        if let Some(said) = timing(check, &keys) {
            service.note(format!("healthcheck {said}"));
        }
    }
}
