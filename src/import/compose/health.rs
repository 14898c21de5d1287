//! The health check of a compose service.

use serde_json::json;

use super::Reader;
use super::ports::Published;
use crate::import::draft::DraftService;
use crate::import::health::{argv, recognise, timing};
use crate::import::shell::quoted;
use crate::import::values::is_command;
use crate::import::variables;
use crate::import::yaml::Node;

/// What Docker gives a check that says nothing of it, in ms.
const CHECK_MS: u64 = 30_000;

impl Reader {
    /// Its `healthcheck` as a probe: one of ours where that is the same, else a command, in the container of
    /// this name if there is one.
    pub(super) fn health(
        &self,
        from: &Node,
        ports: &[Published],
        container: Option<&str>,
        service: &mut DraftService,
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
        let (is_line, words) = match (test.text(), test.texts().as_slice()) {
            (None, &["NONE", ..]) => return,
            (Some(line), _) | (None, &["CMD-SHELL", line, ..]) => (true, vec![line]),
            (None, &["CMD", ref words @ ..]) => (false, words.to_vec()),
            _ => return service.note("healthcheck.test: neither CMD nor CMD-SHELL"),
        };
        let here = |inner: u16| {
            let mut known = ports.iter();
            let found = known.find(|port| port.inner == inner).map(|port| port.host);
            found.or_else(|| container.is_none().then_some(inner))
        };
        // What an `.env` says is not copied: it may be secret.
        let refers = words.iter().any(|word| self.refers(word));
        let replaced: Vec<String> = words.iter().map(|word| self.replaced(word)).collect();
        let command = if is_line {
            argv(&replaced[0])
        } else {
            Some(replaced.clone())
        };
        let check_of_ours = command.filter(|_| !refers).as_deref().and_then(recognise);
        let mut probe = if let Some(probe) = check_of_ours.and_then(|check| check.probe(here)) {
            probe
        } else {
            if !is_line && !is_command(&replaced) {
                return service.note("healthcheck.test: it is no command");
            }
            let mut cmd = Vec::new();
            if let Some(name) = container {
                cmd.clone_from(&self.compose);
                cmd.extend(["exec", "-T", name].map(str::to_owned));
            }
            if is_line {
                cmd.extend(["sh", "-c"].map(str::to_owned));
            }
            let cmd = if refers {
                let ours = cmd.iter().map(|word| quoted(word));
                let theirs = words.iter().map(|word| variables::for_shell(word));
                let script: Vec<String> = ours.chain(theirs).collect();
                self.give_dotenv(service);
                json!(["sh", "-c", format!("exec {}", script.join(" "))])
            } else {
                cmd.extend(replaced);
                json!(cmd)
            };
            json!({ "type": "exec", "cmd": cmd, "attemptTimeoutMs": CHECK_MS })
        };
        if let Some(ms) = self.time(check, "timeout").filter(|&ms| ms > 0) {
            probe["attemptTimeoutMs"] = json!(ms);
        }
        service.set("ready", probe);
        let keys = ["interval", "retries", "start_period", "start_interval"];
        if let Some(said) = timing(check, &keys) {
            service.note(format!("healthcheck {said}"));
        }
    }
}
