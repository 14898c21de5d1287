//! Which session is found, among those that run.

use std::fs;

use flowlayer_core::facts::Timestamp;
use flowlayer_core::session::registry::Access;

use super::*;

fn token(text: &str) -> Token {
    Token::new(text).unwrap()
}

fn live(port: u16, config: &Path) -> LiveSession {
    LiveSession {
        api: Some(Access {
            address: format!("127.0.0.1:{port}"),
            token: token(&format!("token-{port}")),
        }),
        config: config.to_owned(),
        pid: 1,
        session_id: port.to_string(),
        started: Timestamp::from(std::time::UNIX_EPOCH),
        protocol_version: 1,
    }
}

#[track_caller]
fn one(found: Result<Found, ConfigError>) -> (String, Option<String>) {
    match found.unwrap() {
        Found::One(one) => (
            one.address.unwrap_or_default(),
            one.token.map(|token| token.expose().to_owned()),
        ),
        other => panic!("{other:?}"),
    }
}

fn at(address: &str, token: &str) -> (String, Option<String>) {
    (
        address.to_owned(),
        (!token.is_empty()).then(|| token.to_owned()),
    )
}

const CONFIG: &str =
    r#"{"session": {"bind": "127.0.0.1:7001", "token": "written"}, "services": {}}"#;

#[test]
fn an_address_beats_everything_and_its_token_comes_from_near_to_far() {
    let empty = tempfile::tempdir().unwrap();
    let sessions = || vec![live(7000, Path::new("/a"))];
    let mut selector = Selector {
        address: Some("127.0.0.1:7000".to_owned()),
        ..Selector::default()
    };
    let found = |selector: &Selector| one(choose(selector, empty.path(), sessions()));
    assert_eq!(found(&selector), at("127.0.0.1:7000", "token-7000"));
    selector.environment_token = Some(token("environment"));
    assert_eq!(found(&selector), at("127.0.0.1:7000", "environment"));
    selector.token = Some(token("given"));
    assert_eq!(found(&selector), at("127.0.0.1:7000", "given"));
    selector = Selector {
        address: Some("10.0.0.1:1".to_owned()),
        ..Selector::default()
    };
    assert_eq!(found(&selector), at("10.0.0.1:1", ""));
}

#[test]
fn a_configuration_means_its_live_session_or_what_it_says() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("flowlayer.jsonc");
    fs::write(&path, CONFIG).unwrap();
    let given = Selector {
        config: Some(path.clone()),
        ..Selector::default()
    };
    let elsewhere = tempfile::tempdir().unwrap();
    let others = || vec![live(7000, Path::new("/a")), live(7009, Path::new("/b"))];
    let mut with_it = others();
    with_it.push(live(7005, &path));
    let found = |selector: &Selector, sessions| one(choose(selector, elsewhere.path(), sessions));
    assert_eq!(
        found(&given, with_it.clone()),
        at("127.0.0.1:7005", "token-7005")
    );
    assert_eq!(found(&given, others()), at("127.0.0.1:7001", "written"));
    let discovered = choose(&Selector::default(), directory.path(), with_it);
    assert_eq!(one(discovered), at("127.0.0.1:7005", "token-7005"));
    let nothing_runs = choose(&Selector::default(), directory.path(), Vec::new());
    assert_eq!(one(nothing_runs), at("127.0.0.1:7001", "written"));
    let broken = elsewhere.path().join("broken.jsonc");
    fs::write(&broken, "{").unwrap();
    let selector = Selector {
        config: Some(broken),
        ..Selector::default()
    };
    assert!(choose(&selector, elsewhere.path(), others()).is_err());
}

#[test]
fn where_there_is_a_configuration_no_other_session_will_do() {
    let directory = tempfile::tempdir().unwrap();
    let below = directory.path().join("src/deep");
    fs::create_dir_all(&below).unwrap();
    let path = directory.path().join("flowlayer.jsonc");
    fs::write(&path, CONFIG).unwrap();
    let others = || vec![live(7000, Path::new("/a")), live(7009, Path::new("/b"))];
    let found = |directory: &Path, sessions| choose(&Selector::default(), directory, sessions);
    for directory in [directory.path(), below.as_path()] {
        for sessions in [others(), others().split_off(1), Vec::new()] {
            let here = at("127.0.0.1:7001", "written");
            assert_eq!(one(found(directory, sessions)), here);
        }
        let mut with_own = others();
        with_own.push(live(7005, &path));
        let own = at("127.0.0.1:7005", "token-7005");
        assert_eq!(one(found(directory, with_own)), own);
    }
    // What is there is meant even while it is being edited, and where nothing says where it runs.
    for text in ["{", r#"{"services": {}}"#] {
        fs::write(&path, text).unwrap();
        let Ok(Found::One(endpoint)) = found(&below, others()) else {
            panic!("{text}")
        };
        assert_eq!(endpoint.address, None);
        let error = endpoint.target().unwrap_err();
        assert!(matches!(error, Failure::NotRunning(_)), "{error}");
    }
}

#[test]
fn without_any_configuration_it_is_the_only_one_or_a_choice_or_the_usual_place() {
    let empty = tempfile::tempdir().unwrap();
    let selector = Selector::default();
    let found = |sessions| choose(&selector, empty.path(), sessions);
    let only = found(vec![live(7000, Path::new("/a"))]);
    let Ok(Found::Only(only)) = only else {
        panic!("{only:?}")
    };
    assert_eq!(only.address.as_deref(), Some("127.0.0.1:7000"));
    let two = vec![live(7000, Path::new("/a")), live(7001, Path::new("/b"))];
    assert_eq!(found(two.clone()).unwrap(), Found::Several(two));
    assert_eq!(one(found(Vec::new())), at(DEFAULT_ADDRESS, ""));
}

#[test]
fn a_session_without_an_api_is_found_and_nobody_is_dialled() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("flowlayer.jsonc");
    fs::write(&path, CONFIG).unwrap();
    let without = LiveSession {
        api: None,
        ..live(7001, &path)
    };
    let found = choose(&Selector::default(), directory.path(), vec![without]);
    let Ok(Found::One(endpoint)) = found else {
        panic!("{found:?}")
    };
    let error = endpoint.target().unwrap_err();
    assert!(matches!(error, Failure::NoApi { pid: 1, .. }), "{error}");
}

fn taken_by(found: Result<Found, ConfigError>) -> Option<PathBuf> {
    match found.unwrap() {
        Found::One(one) => one.taken_by,
        other => panic!("{other:?}"),
    }
}

#[test]
fn where_the_session_of_another_configuration_is_there_is_nobody_to_dial() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("flowlayer.jsonc");
    let other = Path::new("/a/flowlayer.jsonc");
    for bind in ["127.0.0.1:7001", "localhost:7001", "0.0.0.0:7001"] {
        let config = CONFIG.replace("127.0.0.1:7001", bind);
        fs::write(&path, config).unwrap();
        let scripts = Selector::default();
        let given = Selector {
            config: Some(path.clone()),
            ..Selector::default()
        };
        for selector in [scripts, given] {
            let found = |live| choose(&selector, directory.path(), live);
            assert_eq!(
                taken_by(found(vec![live(7001, other)])).as_deref(),
                Some(other),
                "{bind}"
            );
            assert_eq!(taken_by(found(vec![live(7002, other)])), None);
            assert_eq!(taken_by(found(vec![live(7001, &path)])), None);
        }
    }
}

#[test]
fn an_attachment_stays_with_its_configuration_unless_an_address_was_given() {
    let (own, other) = (Path::new("/a/x.jsonc"), Path::new("/b/x.jsonc"));
    let mut selector = Selector::default();
    let Ok(Found::One(attached)) = choose(
        &Selector {
            address: Some("127.0.0.1:7001".to_owned()),
            ..Selector::default()
        },
        Path::new("/"),
        vec![live(7001, own)],
    ) else {
        panic!("one session")
    };
    let port = |selector: &Selector, sessions: &[LiveSession]| {
        let now = refreshed_among(&attached, selector, sessions);
        now.target()
            .map(|target| target.token.unwrap().expose().to_owned())
    };
    let moved = [live(7001, other), live(7002, own)];
    assert_eq!(port(&selector, &moved), Ok("token-7002".to_owned()));
    let both = [live(7000, own), live(7001, own)];
    assert_eq!(port(&selector, &both), Ok("token-7001".to_owned()));
    let error = port(&selector, &moved[..1]).unwrap_err();
    assert!(error.to_string().contains("/b/x.jsonc"), "{error}");
    selector.address = Some("127.0.0.1:7001".to_owned());
    assert_eq!(port(&selector, &moved), Ok("token-7001".to_owned()));
}

/// A file for the client alone was refused, and so was one that is not the server's own.
#[test]
fn a_configuration_of_a_client_means_the_session_with_its_address_and_token() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("client.jsonc");
    let selector = Selector {
        config: Some(path.clone()),
        ..Selector::default()
    };
    let sessions = || vec![live(7000, Path::new("/a")), live(7001, Path::new("/b"))];
    for (field, address) in [
        ("addr", "127.0.0.1:7001"),
        ("addr", "localhost:7001"),
        ("addr", "[::1]:7001"),
        ("bind", ":7001"),
    ] {
        let config = format!(r#"{{"session": {{"{field}": "{address}", "token": "token-7001"}}}}"#);
        fs::write(&path, &config).unwrap();
        let found = |sessions| choose(&selector, Path::new("/"), sessions);
        assert_eq!(
            one(found(sessions())),
            at("127.0.0.1:7001", "token-7001"),
            "{address}"
        );
        assert_eq!(one(found(Vec::new())).1.as_deref(), Some("token-7001"));
        fs::write(&path, config.replace("token-7001", "another")).unwrap();
        assert_eq!(
            taken_by(found(sessions())).as_deref(),
            Some(Path::new("/b"))
        );
    }
    fs::write(&path, r#"{"session": {"addr": 5}}"#).unwrap();
    assert!(choose(&selector, Path::new("/"), sessions()).is_err());
}

#[test]
fn only_a_registered_session_and_an_address_that_was_named_get_the_token_from_anybody() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("flowlayer.jsonc");
    fs::write(&path, CONFIG).unwrap();
    let found = |selector: &Selector, sessions| match choose(selector, directory.path(), sessions) {
        Ok(Found::One(endpoint)) => endpoint,
        other => panic!("{other:?}"),
    };
    let mut selector = Selector::default();
    assert_eq!(found(&selector, Vec::new()).recipient, Recipient::OwnOrRoot);
    let own = found(&selector, vec![live(7001, &path)]);
    assert_eq!(own.recipient, Recipient::Anybody);
    // It has ended since.
    let gone = refreshed_among(&own, &selector, &[]);
    assert_eq!(gone.recipient, Recipient::OwnOrRoot);
    selector.address = Some("127.0.0.1:7001".to_owned());
    assert_eq!(found(&selector, Vec::new()).recipient, Recipient::Anybody);
}
