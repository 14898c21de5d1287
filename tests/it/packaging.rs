//! The release archive: what is in it, that it is the same twice, and that it installs and goes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::{TempDir, tempdir};

use crate::harness::{Child, Finished};

const TARGET: &str = "test-target";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The target whose archive `install.sh` takes here.
pub(crate) fn this_machine() -> String {
    let arch = std::env::consts::ARCH;
    match std::env::consts::OS {
        "macos" => format!("{arch}-apple-darwin"),
        _ => format!("{arch}-unknown-linux-musl"),
    }
}

/// The archive, made of the binary under test.
#[track_caller]
pub(crate) fn build(output: &Path, target: &str) -> PathBuf {
    let mut build = Command::new(root().join("dist/build"));
    build
        .args([
            "--binary",
            env!("CARGO_BIN_EXE_flowlayer"),
            "--target",
            target,
            // What is tested is the same at every level, and a debug binary is large.
            "--level",
            "1",
            "--output",
        ])
        .arg(output)
        // As for anybody who builds from a tag.
        .env("SOURCE_DATE_EPOCH", "1700000000");
    let finished = Child::spawn(build).finish();
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    PathBuf::from(finished.stdout.trim_end())
}

/// Writes what goes with the archives in this directory.
#[track_caller]
pub(crate) fn index(directory: &Path) {
    let mut index = Command::new(root().join("dist/index"));
    index.arg(directory);
    let finished = Child::spawn(index).finish();
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
}

/// A home with the archive unpacked beside it.
struct Home {
    directory: TempDir,
    unpacked: PathBuf,
}

impl Home {
    /// A home beside which there is nothing.
    fn bare() -> Self {
        let directory = tempdir().unwrap();
        fs::create_dir(directory.path().join("home")).unwrap();
        let unpacked = directory.path().to_owned();
        Self {
            directory,
            unpacked,
        }
    }

    #[track_caller]
    fn new(archive: &Path) -> Self {
        let directory = tempdir().unwrap();
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(archive).arg("-C").arg(directory.path());
        assert_eq!(Child::spawn(tar).finish().code, Some(0));
        fs::create_dir(directory.path().join("home")).unwrap();
        let name = archive.file_name().unwrap().to_str().unwrap();
        let unpacked = directory.path().join(name.trim_end_matches(".tar.gz"));
        Self {
            directory,
            unpacked,
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    /// Runs a script of POSIX's shell with nothing in its environment.
    fn sh(&self, script: &Path, arguments: &[&str]) -> Finished {
        let mut command = Command::new("sh");
        command
            .arg(script)
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.path());
        Child::spawn(command).finish()
    }

    #[track_caller]
    fn install(&self, arguments: &[&str]) -> String {
        let finished = self.sh(&self.unpacked.join("install.sh"), arguments);
        assert_eq!(
            (finished.code, finished.stderr.as_str()),
            (Some(0), ""),
            "{}",
            finished.stdout
        );
        finished.stdout
    }

    /// Everything in the home, sorted.
    fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        walk(&self.path(), Path::new(""), &mut found);
        found.sort();
        found
    }
}

fn walk(root: &Path, below: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        found.push(path.to_str().unwrap().to_owned());
        if entry.file_type().unwrap().is_dir() {
            walk(root, &path, found);
        }
    }
}

#[test]
fn the_archive_is_the_same_twice_installs_runs_and_leaves_nothing() {
    let (one, two) = (tempdir().unwrap(), tempdir().unwrap());
    let archive = build(one.path(), TARGET);
    let again = build(two.path(), TARGET);
    let name = format!("flowlayer-{}-{TARGET}.tar.gz", env!("CARGO_PKG_VERSION"));
    assert_eq!(archive.file_name().unwrap(), name.as_str());
    assert!(
        fs::read(&archive).unwrap() == fs::read(&again).unwrap(),
        "two archives of one binary differ"
    );
    let mut check = Command::new("sha256sum");
    check
        .current_dir(one.path())
        .args(["-c", &format!("{name}.sha256")]);
    assert_eq!(Child::spawn(check).finish().stdout, format!("{name}: OK\n"));

    let home = Home::new(&archive);
    for text in ["README.md", "LICENSE-MIT", "LICENSE-APACHE", "install.sh"] {
        assert!(home.unpacked.join(text).is_file(), "{text}");
    }
    links_lead_somewhere(&home.unpacked.join("README.md"));
    for text in fs::read_dir(home.unpacked.join("docs")).unwrap() {
        links_lead_somewhere(&text.unwrap().path());
    }
    assert_eq!(home.files(), [""; 0]);
    let said = home.install(&[]);
    assert!(said.contains("is not in your PATH"), "{said}");
    let installed = home.files();
    for wanted in [
        ".local/bin/flowlayer",
        ".local/bin/flowlayer-server",
        ".local/bin/flowlayer-client-tui",
        ".local/share/man/man1/flowlayer-serve.1",
        ".local/share/man/man5/flowlayer.jsonc.5",
        ".local/share/bash-completion/completions/flowlayer",
        ".local/share/bash-completion/completions/flowlayer-server",
        ".local/share/zsh/site-functions/_flowlayer",
        ".local/share/fish/vendor_completions.d/flowlayer.fish",
        ".local/share/flowlayer/flowlayer.schema.json",
        ".local/share/flowlayer/install.sh",
    ] {
        assert!(
            installed.iter().any(|file| file == wanted),
            "{wanted}: {installed:#?}"
        );
    }
    for (program, says) in [
        ("flowlayer", "flowlayer"),
        ("flowlayer-server", "flowlayer-server"),
    ] {
        let mut version = Command::new(home.path().join(".local/bin").join(program));
        version.arg("--version").env_clear();
        let said = Child::spawn(version).finish().stdout;
        assert_eq!(said, format!("{says} {}\n", env!("CARGO_PKG_VERSION")));
    }

    // Once more changes nothing, and what comes from elsewhere is left alone.
    home.install(&[]);
    assert_eq!(home.files(), installed);
    let own = home.path().join(".local/share/man/man1/own.1");
    fs::write(&own, "").unwrap();
    let copy = home.path().join(".local/share/flowlayer/install.sh");
    let gone = home.sh(&copy, &["--uninstall"]);
    assert_eq!((gone.code, gone.stderr.as_str()), (Some(0), ""));
    assert_eq!(
        home.files(),
        [
            ".local",
            ".local/share",
            ".local/share/man",
            ".local/share/man/man1",
            ".local/share/man/man1/own.1"
        ]
    );
    fs::remove_dir_all(home.path().join(".local")).unwrap();

    // With a prefix of one's own, which has a space in it, there and back.
    let said = home.install(&["--prefix", "home/my tools' place"]);
    assert!(home.path().join("my tools' place/bin/flowlayer").is_file());
    // The line that it names does take it away.
    let line = said.lines().last().unwrap();
    let line = line.strip_prefix("take it away with: ").unwrap();
    let script = home.directory.path().join("uninstall");
    fs::write(&script, line).unwrap();
    let gone = home.sh(&script, &[]);
    assert_eq!((gone.code, gone.stderr.as_str()), (Some(0), ""), "{line}");
    assert_eq!(home.files(), [""; 0]);

    refusals(&home);
}

/// The links of a Markdown text to files are to files that are there.
#[track_caller]
fn links_lead_somewhere(text: &Path) {
    if text.extension().is_none_or(|extension| extension != "md") {
        return;
    }
    let written = fs::read_to_string(text).unwrap();
    for link in written.split("](").skip(1) {
        let target = link.split([')', '#']).next().unwrap();
        if !target.is_empty() && !target.contains("://") {
            let file = text.parent().unwrap().join(target);
            assert!(file.exists(), "{}: {target}", text.display());
        }
    }
}

/// What cannot be done is said, with nothing changed.
#[track_caller]
fn refusals(home: &Home) {
    let script = home.unpacked.join("install.sh");
    let refused = |arguments: &[&str], code: i32, why: &str| {
        let before = home.files();
        let finished = home.sh(&script, arguments);
        assert_eq!(finished.code, Some(code), "{arguments:?}");
        assert!(finished.stderr.contains(why), "{}", finished.stderr);
        assert_eq!(home.files(), before);
    };
    refused(&["--uninstall"], 1, "nothing is installed below");
    refused(&["--bogus"], 2, "unknown argument --bogus");
    refused(&["--prefix"], 2, "Usage:");
    fs::write(home.path().join("file"), "").unwrap();
    refused(&["--prefix", "home/file"], 1, "is not a directory");
    fs::create_dir_all(home.path().join(".local/bin")).unwrap();
    fs::write(home.path().join(".local/bin/flowlayer"), "mine").unwrap();
    refused(&[], 1, "is there already and not from here");
}

/// `dist/index` names every target of the table, and its `install.sh` takes the archive of this machine.
#[test]
fn the_published_installer_takes_the_archive_of_this_machine_and_verifies_it() {
    let release = tempdir().unwrap();
    let archive = build(release.path(), &this_machine());
    let name = archive.file_name().unwrap().to_str().unwrap();
    // The others only have to be there.
    let table = fs::read_to_string(root().join("dist/targets")).unwrap();
    let targets = table.lines().filter(|line| !line.starts_with('#'));
    let targets: Vec<&str> = targets
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(targets.len(), 4, "{targets:?}");
    let workflow = fs::read_to_string(root().join(".github/workflows/release.yml")).unwrap();
    for target in &targets {
        assert!(workflow.contains(target), "{target} is not released");
    }
    let version = env!("CARGO_PKG_VERSION");
    let file = |target: &str| format!("flowlayer-{version}-{target}.tar.gz");
    for target in targets.iter().filter(|target| file(target) != name) {
        fs::write(release.path().join(file(target)), target).unwrap();
    }
    index(release.path());

    let mut check = Command::new("sha256sum");
    check.current_dir(release.path()).args(["-c", "SHA256SUMS"]);
    let expected: Vec<_> = targets
        .iter()
        .map(|target| format!("{}: OK\n", file(target)))
        .collect();
    assert_eq!(Child::spawn(check).finish().stdout, expected.concat());
    let formula = fs::read_to_string(release.path().join("flowlayer.rb")).unwrap();
    let sums = fs::read_to_string(release.path().join("SHA256SUMS")).unwrap();
    for line in sums.lines() {
        let (sum, file) = line.split_once("  ").unwrap();
        assert!(
            formula.contains(&format!("/{file}\"\n      sha256 \"{sum}\"\n")),
            "{formula}"
        );
    }
    let order = [
        "on_macos do",
        "on_arm do",
        "on_intel do",
        "on_linux do",
        "on_intel do",
        "on_arm do",
    ];
    let mut rest = formula.as_str();
    for block in order {
        (_, rest) = rest
            .split_once(block)
            .unwrap_or_else(|| panic!("{block}: {formula}"));
    }

    // Nothing but the script, as after `curl`.
    let home = Home::bare();
    let script = home.directory.path().join("install.sh");
    fs::copy(release.path().join("install.sh"), &script).unwrap();
    let installed = home.sh(&script, &[]);
    assert_eq!(
        (installed.code, installed.stderr.as_str()),
        (Some(0), ""),
        "{installed:?}"
    );
    assert!(home.path().join(".local/bin/flowlayer-server").exists());
    let copy = home.path().join(".local/share/flowlayer/install.sh");
    assert_eq!(home.sh(&copy, &["--uninstall"]).code, Some(0));
    assert_eq!(home.files(), [""; 0]);

    let refused = |why: &str| {
        let finished = home.sh(&script, &[]);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(finished.stderr.contains(why), "{}", finished.stderr);
        assert_eq!(home.files(), [""; 0]);
    };
    let whole = fs::read(&archive).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    fs::write(&archive, changed).unwrap();
    refused("is not what was released: its SHA-256 is ");
    fs::remove_file(&archive).unwrap();
    refused("cannot get file://");
    let others: Vec<_> = sums.lines().filter(|line| !line.ends_with(name)).collect();
    fs::write(release.path().join("SHA256SUMS"), others.join("\n")).unwrap();
    refused("there is no archive for ");
}
