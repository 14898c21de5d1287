//! The scripts of a package.json: what keeps running as daemons, the rest as oneshots that wait to be
//! asked for.

use serde_json::{Map, Value, json};

use super::draft::{Draft, Service};
use super::health::positive;
use super::source::{Beside, ImportError, few_enough};

/// Scripts that a package manager runs by itself, around an installation or a release.
const LIFECYCLE: [&str; 15] = [
    "preinstall",
    "install",
    "postinstall",
    "preprepare",
    "prepare",
    "postprepare",
    "prepack",
    "postpack",
    "prepublish",
    "prepublishOnly",
    "publish",
    "postpublish",
    "preversion",
    "version",
    "postversion",
];
/// Parts of a script's name that say it keeps running.
const LASTING: [&str; 14] = [
    "dev",
    "start",
    "serve",
    "server",
    "watch",
    "preview",
    "worker",
    "storybook",
    "develop",
    "studio",
    "emulators",
    "web",
    "api",
    "proxy",
];

/// Reads a package.json.
pub(super) fn read(text: &str, beside: &Beside<'_>) -> Result<Draft, ImportError> {
    let package: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|error| ImportError::new(format!("not JSON: {error}")))?;
    let Value::Object(package) = package else {
        return Err(ImportError::new("it is not an object"));
    };
    let manager = manager(&package, beside);
    let mut draft = Draft::default();
    let empty = Map::new();
    let scripts = package
        .get("scripts")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    few_enough(scripts.len())?;
    let boots = boots(scripts);
    for (name, script) in scripts {
        let Some(script) = script.as_str().filter(|script| !script.trim().is_empty()) else {
            draft.note(format!("the script {name:?}: it is not a command"));
            continue;
        };
        if LIFECYCLE.contains(&name.as_str()) {
            draft.note(format!("the script {name:?}: {manager} runs it by itself"));
            continue;
        }
        if let Some(around) = around(name, scripts) {
            draft.note(format!(
                "the script {name:?}: {manager} runs it with {around:?}"
            ));
            continue;
        }
        if name.contains('\0') {
            draft.note(format!("the script {name:?}: no command can hold its name"));
            continue;
        }
        let cmd = if name.contains(char::is_whitespace)
            || name.starts_with(['\'', '"', '-'])
            || name.contains('$')
        {
            json!([manager, "run", name])
        } else {
            json!(format!("{manager} run {name}"))
        };
        let mut service = Service::new(name, cmd);
        service.description = Some(format!("{name}: {script}"));
        if !is_lasting(name) {
            service.set("kind", "oneshot");
        } else if let Some(port) = port(script) {
            service.listens_on(port);
        }
        if !boots.contains(&name.as_str()) {
            service.set("autoStart", false);
        }
        draft.services.push(service);
    }
    if package.contains_key("workspaces") {
        draft.note("the scripts of its workspaces; import their package.json too, with --from");
    }
    Ok(draft)
}

/// The program that runs the scripts.
fn manager(package: &Map<String, Value>, beside: &Beside<'_>) -> &'static str {
    let named = package
        .get("packageManager")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let locks = [
        ("pnpm", &["pnpm-lock.yaml", "pnpm-workspace.yaml"][..]),
        ("yarn", &["yarn.lock"][..]),
        ("bun", &["bun.lock", "bun.lockb"][..]),
    ];
    let by_name = locks
        .iter()
        .find(|(name, _)| named.split('@').next() == Some(name));
    let by_lock = || {
        locks
            .iter()
            .find(|(_, files)| files.iter().any(|file| beside.has(file)))
    };
    if named.starts_with("npm@") {
        return "npm";
    }
    by_name.or_else(by_lock).map_or("npm", |(name, _)| name)
}

/// Which scripts start with the stack: `dev` alone where there is one, because it often starts the
/// others itself; else those that belong together.
fn boots(scripts: &Map<String, Value>) -> Vec<&str> {
    let names = || scripts.keys().map(String::as_str);
    for alone in ["dev", "develop"] {
        if scripts.contains_key(alone) {
            return vec![alone];
        }
    }
    let several: Vec<&str> = names().filter(|name| name.starts_with("dev:")).collect();
    if !several.is_empty() {
        return several;
    }
    for alone in ["start", "serve", "watch"] {
        if scripts.contains_key(alone) {
            return vec![alone];
        }
    }
    names().filter(|name| name.starts_with("start:")).collect()
}

/// The script that this one runs before or after.
fn around<'a>(name: &'a str, scripts: &Map<String, Value>) -> Option<&'a str> {
    let inner = name
        .strip_prefix("pre")
        .or_else(|| name.strip_prefix("post"))?;
    scripts.contains_key(inner).then_some(inner)
}

fn is_lasting(name: &str) -> bool {
    let mut parts = name.split([':', '-', '_', '.', '/']);
    // `build:web`, `test:watch`, `lint-server`: the first part says what it does.
    let first = parts.next().unwrap_or_default();
    LASTING.contains(&first)
        || ![
            "build", "test", "lint", "format", "check", "clean", "generate", "gen", "deploy",
        ]
        .contains(&first)
            && parts.any(|part| LASTING.contains(&part))
        || name.split([':', '-']).any(|part| part == "watch")
}

/// The port that a script names: `PORT=3000`, `--port 3000`, `--port=3000`.
fn port(script: &str) -> Option<u16> {
    let mut words = script.split_whitespace();
    while let Some(word) = words.next() {
        if let Some(port) = word
            .strip_prefix("PORT=")
            .or_else(|| word.strip_prefix("--port="))
        {
            return positive(port);
        }
        if word == "--port" {
            return words.next().and_then(positive);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keeps_running_is_told_by_the_name() {
        for name in [
            "dev",
            "start",
            "start:api",
            "dev:web",
            "test:watch",
            "api:dev",
            "storybook",
            "db:studio",
        ] {
            assert!(is_lasting(name), "{name}");
        }
        for name in [
            "build",
            "test",
            "lint",
            "build:web",
            "db:migrate",
            "restart",
            "typecheck",
        ] {
            assert!(!is_lasting(name), "{name}");
        }
    }

    #[test]
    fn ports_are_those_that_are_written() {
        assert_eq!(port("next dev --port 3001"), Some(3001));
        assert_eq!(port("PORT=80 node x"), Some(80));
        assert_eq!(port("vite --port=5173"), Some(5173));
        assert_eq!(port("node x.js"), None);
        assert_eq!(port("x --port $PORT"), None);
    }
}
