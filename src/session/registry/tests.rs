//! The registry on a file system of its own for each test.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, SystemTime};

use super::*;

struct Home {
    _root: tempfile::TempDir,
    places: Places,
}

impl Home {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let (runtime, temporary) = (root.path().join("run"), root.path().join("tmp"));
        fs::create_dir(&runtime).unwrap();
        fs::create_dir(&temporary).unwrap();
        Self {
            places: Places {
                runtime: Some(runtime),
                temporary,
                uid: nix::unistd::geteuid().as_raw(),
            },
            _root: root,
        }
    }

    fn first(&self) -> PathBuf {
        self.places.runtime.as_ref().unwrap().join("flowlayer")
    }

    fn second(&self) -> PathBuf {
        let name = format!("flowlayer-{}", self.places.uid);
        self.places.temporary.join(name)
    }
}

fn session(id: &str, second: u64) -> LiveSession {
    LiveSession {
        api: Some(Access {
            address: "127.0.0.1:6999".to_owned(),
            token: Token::new("secret").unwrap(),
        }),
        config: "/home/me/flowlayer.jsonc".into(),
        pid: std::process::id(),
        session_id: id.to_owned(),
        started: (SystemTime::UNIX_EPOCH + Duration::from_secs(second)).into(),
        protocol_version: 1,
    }
}

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn chmod(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn sessions_are_listed_for_as_long_as_they_live() {
    let home = Home::new();
    assert_eq!(list_in(&home.places), []);
    let later = register_in(&home.places, &session("b", 2)).unwrap();
    let earlier = register_in(&home.places, &session("a", 1)).unwrap();
    assert_eq!(list_in(&home.places), [session("a", 1), session("b", 2)]);
    assert_eq!(mode(&home.first()), 0o700);
    assert_eq!(mode(earlier.path()), 0o600);
    drop(earlier);
    assert_eq!(list_in(&home.places), [session("b", 2)]);
    drop(later);
    assert_eq!(list_in(&home.places), []);
    assert_eq!(fs::read_dir(home.first()).unwrap().count(), 0);
}

#[test]
fn one_without_an_api_is_listed_without_an_address() {
    let home = Home::new();
    let without = LiveSession {
        api: None,
        ..session("a", 1)
    };
    let registration = register_in(&home.places, &without).unwrap();
    assert_eq!(list_in(&home.places), [without]);
    let text = fs::read_to_string(registration.path()).unwrap();
    assert!(
        !text.contains("address") && !text.contains("token"),
        "{text}"
    );
}

#[test]
fn one_without_its_lock_is_dead_and_removed() {
    let home = Home::new();
    let live = register_in(&home.places, &session("live", 1)).unwrap();
    let dead = home.first().join("dead.json");
    fs::copy(live.path(), &dead).unwrap();
    assert_eq!(list_in(&home.places), [session("live", 1)]);
    assert!(!dead.exists());
    assert!(live.path().exists());
}

#[test]
fn the_next_server_takes_away_what_a_killed_one_left() {
    let home = Home::new();
    let live = register_in(&home.places, &session("live", 1)).unwrap();
    let dead = home.first().join("dead.json");
    fs::copy(live.path(), &dead).unwrap();
    let _next = register_in(&home.places, &session("next", 2)).unwrap();
    assert!(!dead.exists(), "it holds a token");
}

#[test]
fn half_made_files_are_left_alone_until_they_are_old() {
    let home = Home::new();
    let _live = register_in(&home.places, &session("live", 1)).unwrap();
    let [young, old] = [".young.new", ".old.new"].map(|name| home.first().join(name));
    for path in [&young, &old] {
        fs::write(path, "{").unwrap();
        chmod(path, 0o600);
    }
    let file = fs::File::options().write(true).open(&old).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(120))
        .unwrap();
    drop(file);
    list_in(&home.places);
    assert!(young.exists() && !old.exists());
}

#[test]
fn what_is_not_a_session_file_of_ours_is_neither_believed_nor_removed() {
    let home = Home::new();
    let live = register_in(&home.places, &session("live", 1)).unwrap();
    let text = fs::read_to_string(live.path()).unwrap();
    let place = |name: &str| home.first().join(name);
    // Readable by others, a link, a pipe, another name, rubbish that is locked.
    fs::write(place("open.json"), &text).unwrap();
    chmod(&place("open.json"), 0o644);
    symlink(live.path(), place("link.json")).unwrap();
    nix::unistd::mkfifo(&place("pipe.json"), nix::sys::stat::Mode::S_IRUSR).unwrap();
    fs::write(place("notes.txt"), &text).unwrap();
    fs::write(place("rubbish.json"), "{\"address\":1}").unwrap();
    chmod(&place("rubbish.json"), 0o600);
    let rubbish = fs::File::open(place("rubbish.json")).unwrap();
    rubbish.lock().unwrap();
    assert_eq!(list_in(&home.places), [session("live", 1)]);
    assert_eq!(fs::read_dir(home.first()).unwrap().count(), 6);
}

#[test]
fn a_directory_that_others_can_touch_is_not_used() {
    let home = Home::new();
    fs::create_dir(home.first()).unwrap();
    chmod(&home.first(), 0o750);
    let registration = register_in(&home.places, &session("a", 1)).unwrap();
    assert_eq!(registration.path().parent(), Some(home.second().as_path()));
    assert_eq!(mode(&home.second()), 0o700);
    assert_eq!(list_in(&home.places), [session("a", 1)]);
}

#[test]
fn with_no_directory_to_trust_it_refuses() {
    let home = Home::new();
    fs::write(home.first(), "a file").unwrap();
    let elsewhere = home.places.temporary.join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    chmod(&elsewhere, 0o700);
    symlink(&elsewhere, home.second()).unwrap();
    let error = register_in(&home.places, &session("a", 1)).unwrap_err();
    assert!(matches!(
        &error,
        RegistryError::Distrusted { why: Distrust::NotADirectory, directory }
            if *directory == home.second()
    ));
    assert!(error.to_string().contains("it is not a directory"));
    assert_eq!(list_in(&home.places), []);

    let mut stranger = home.places.clone();
    stranger.uid += 1;
    fs::create_dir(
        stranger
            .temporary
            .join(format!("flowlayer-{}", stranger.uid)),
    )
    .unwrap();
    let error = register_in(&stranger, &session("a", 1)).unwrap_err();
    assert!(matches!(
        error,
        RegistryError::Distrusted {
            why: Distrust::Owner { .. },
            ..
        }
    ));
}

#[test]
fn without_a_runtime_directory_the_temporary_one_serves() {
    let mut home = Home::new();
    home.places.runtime = None;
    let registration = register_in(&home.places, &session("a", 1)).unwrap();
    assert_eq!(registration.path().parent(), Some(home.second().as_path()));
    home.places.runtime = Some("/nowhere/at/all".into());
    assert_eq!(list_in(&home.places), [session("a", 1)]);
    let other = register_in(&home.places, &session("b", 2)).unwrap();
    assert_eq!(other.path().parent(), Some(home.second().as_path()));
}

/// The reference shows what is written.
#[test]
fn the_file_is_as_the_reference_has_it() {
    let reference = include_str!("../../../docs/protocol.md");
    let (_, rest) = reference.split_once("```json session-file\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let record: Record = serde_json::from_str(text).unwrap();
    assert_eq!(
        serde_json::to_string_pretty(&record).unwrap(),
        text.trim_end()
    );
}

#[test]
fn all_interfaces_are_dialled_on_the_loopback_one() {
    let dial = |text: &str| dialable(text.parse().unwrap()).to_string();
    assert_eq!(dial("0.0.0.0:6999"), "127.0.0.1:6999");
    assert_eq!(dial("[::]:6999"), "[::1]:6999");
    assert_eq!(dial("192.0.2.7:80"), "192.0.2.7:80");
    assert_eq!(dial("127.0.0.1:6999"), "127.0.0.1:6999");
}

#[test]
fn who_looked_in_time_learns_when_the_server_is_gone() {
    let home = Home::new();
    let registration = register_in(&home.places, &session("one", 1)).unwrap();
    assert!(presence_in(&home.places, "two").is_none());
    assert!(presence_in(&home.places, "../flowlayer/one").is_none());
    let presence = presence_in(&home.places, "one").unwrap();
    let waiting = std::thread::spawn(move || presence.wait_for_end());
    drop(registration);
    waiting.join().unwrap().unwrap();
    assert!(presence_in(&home.places, "one").is_none());
}

#[test]
fn a_retired_session_is_listed_no_more_and_still_there() {
    let home = Home::new();
    let registration = register_in(&home.places, &session("one", 1)).unwrap();
    let file = fs::File::open(registration.path()).unwrap();
    registration.retire();
    assert_eq!(list_in(&home.places), []);
    assert!(file.try_lock_shared().is_err(), "until the process ends");
}
