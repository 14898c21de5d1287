//! The scripts of a package.json: what keeps running as daemons, the rest as oneshots that wait to be
//! asked for.

use serde_json::{Map, Value, json};

use super::draft::{Draft, DraftService, words};
use super::shell::port;
use super::source::{Beside, ImportError, Reason, few_enough};

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
/// Words of a script's name that say it keeps running.
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
/// Words that say it ends, whatever stands beside them: `db:migrate:dev`, `api:lint`.
const ENDING: [&str; 22] = [
    "build",
    "test",
    "tests",
    "e2e",
    "lint",
    "format",
    "fmt",
    "check",
    "typecheck",
    "clean",
    "generate",
    "gen",
    "codegen",
    "deploy",
    "migrate",
    "seed",
    "setup",
    "reset",
    "release",
    "publish",
    "install",
    "compile",
];
/// Commands that ask questions or want keys.
const TERMINAL: [&str; 16] = [
    "changeset add",
    "cypress open",
    "expo start",
    "mprocs",
    "ncu -i",
    "npm login",
    "npm publish",
    "playwright codegen",
    "plop",
    "prisma migrate dev",
    "prisma migrate reset",
    "react-native start",
    "release-it",
    "tmux",
    "tmuxinator",
    "vitest",
];
/// With more scripts than this, only those that keep running become services.
const FEW: usize = 12;

/// Reads a package.json.
pub(super) fn read(text: &str, beside: &Beside<'_>) -> Result<Draft, ImportError> {
    let package: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|error| Reason::NotJson(error.to_string()))?;
    let Value::Object(package) = package else {
        return Err(Reason::NotAnObject.into());
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
    let only_lasting = scripts.len() > FEW && scripts.keys().any(|name| is_lasting(name));
    let mut left_out = Vec::new();
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
        if only_lasting && !is_lasting(name) {
            left_out.push(name.as_str());
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
        let mut service = DraftService::new(name, cmd);
        service.description = Some(format!("{name}: {script}"));
        if !is_lasting(name) {
            service.set("kind", "oneshot");
        } else if let Some(port) = port(script) {
            service.listens_on(port);
        }
        if !boots.contains(&name.as_str()) {
            service.set("autoStart", false);
        }
        // Without a terminal vitest runs once, as a job should.
        let wants = terminal(script).filter(|&wants| wants != "vitest" || is_lasting(name));
        if let Some(wants) = wants {
            service.note(format!(
                "{wants:?} wants a terminal, which no service has: run it with `{manager} run {name}`"
            ));
        }
        draft.services.push(service);
    }
    for names in left_out.chunks(10) {
        draft.note(format!(
            "scripts that end by themselves, for `{manager} run`: {}",
            names.join(", ")
        ));
    }
    if package.contains_key("workspaces") {
        draft.note("the scripts of its workspaces; import their package.json too, with --from");
    }
    if beside.has("pnpm-workspace.yaml") {
        draft.note(
            "pnpm-workspace.yaml: the scripts of its packages; import their package.json too, with --from",
        );
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
    let names = || {
        let names = scripts.keys().map(String::as_str);
        names.filter(|name| is_lasting(name))
    };
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

/// `watch` beats every other word, and then those that say it ends.
fn is_lasting(name: &str) -> bool {
    let has = |known: &[&str]| words(name).any(|word| known.contains(&word));
    has(&["watch"]) || has(&LASTING) && !has(&ENDING)
}

/// The command in a script that wants a terminal.
fn terminal(script: &str) -> Option<&'static str> {
    let script: Vec<&str> = script.split_whitespace().collect();
    // Told what to do, these ask nothing.
    let is_told = |word: &&str| ["run", "--run", "--watch", "--force", "--ci", "-y"].contains(word);
    if script.iter().any(is_told) {
        return None;
    }
    TERMINAL.into_iter().find(|known| {
        let known: Vec<&str> = known.split(' ').collect();
        script.windows(known.len()).any(|words| words == known)
    })
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
            "db:migrate:dev",
            "db:reset",
            "dev:setup",
            "api:lint",
            "api:generate",
            "start:release",
            "build:server",
            "restart",
            "typecheck",
        ] {
            assert!(!is_lasting(name), "{name}");
        }
    }
}
