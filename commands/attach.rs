//! Which session a client of ours means (SPEC 9).

use std::path::{Path, PathBuf};

use flowlayer::client::{Failure, Target};
use flowlayer::config::{self, ConfigError};
use flowlayer::protocol::Token;
use flowlayer::session::registry::{self, LiveSession};

/// Where the documents say a server is when nothing else is known.
pub(crate) const DEFAULT_ADDRESS: &str = "127.0.0.1:6999";

/// What was given on the command line and in the environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish {
    /// `-addr`, else, without `-config`, `FLOWLAYER_ADDR`.
    pub(crate) address: Option<String>,
    /// `-token`.
    pub(crate) token: Option<Token>,
    /// `-config`.
    pub(crate) config: Option<PathBuf>,
    /// `FLOWLAYER_TOKEN`, where it belongs to the address.
    pub(crate) environment_token: Option<Token>,
    /// In whose absence another session will do.
    pub(crate) instead: Instead,
}

/// What to do when no session of the directory's configuration runs, but one of another does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Instead {
    /// Show that one: a person sees what it is.
    #[default]
    TheOnlyOne,
    /// Nothing: a script in this directory must not stop somebody else's stack.
    Nothing,
}

/// A session, or where one is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attachment {
    /// `host:port`.
    pub(crate) address: String,
    /// What to present.
    pub(crate) token: Option<Token>,
    /// The configuration it runs, when that is known.
    pub(crate) config: Option<PathBuf>,
    /// The process that a signal would go to; known of a session that runs, and of no other.
    pub(crate) pid: Option<u32>,
    /// Its id; known together with `pid`.
    pub(crate) session_id: Option<String>,
    /// Whose address it is now, when that is the session of another configuration: nobody to talk to
    /// under this one's name.
    pub(crate) taken_by: Option<PathBuf>,
    /// How it was found, in words.
    pub(crate) found: &'static str,
}

impl Wish {
    /// The token that was given; that of the environment belongs to an address.
    fn token(&self) -> Option<Token> {
        let of_address = self.address.as_ref().and(self.environment_token.as_ref());
        self.token.as_ref().or(of_address).cloned()
    }
}

impl Attachment {
    /// A session that runs, with this token, else its own.
    fn to(session: &LiveSession, token: Option<Token>, found: &'static str) -> Self {
        Self {
            address: session.address.clone(),
            token: token.or_else(|| Some(session.token.clone())),
            config: Some(session.config.clone()),
            pid: Some(session.pid),
            session_id: Some(session.session_id.clone()),
            taken_by: None,
            found,
        }
    }

    /// An address of which nothing else is known.
    fn at(address: String, token: Option<Token>, found: &'static str) -> Self {
        Self {
            address,
            token,
            config: None,
            pid: None,
            session_id: None,
            taken_by: None,
            found,
        }
    }

    /// Whom to dial; why nobody when the session there is that of another configuration.
    pub(crate) fn target(&self) -> Result<Target, Failure> {
        match &self.taken_by {
            Some(other) => Err(Failure::Unreachable {
                address: self.address.clone(),
                why: format!("the session of {} has this address", other.display()),
            }),
            None => Ok(Target {
                address: self.address.clone(),
                token: self.token.clone(),
            }),
        }
    }
}

/// What the wish comes to.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Found {
    /// This session.
    One(Attachment),
    /// Any of these; a person has to say which.
    Several(Vec<LiveSession>),
}

/// Looks for the session meant: the address given; else the session of the configuration given or
/// discovered in the directory; else the only live one, if that will do. A configuration that was
/// given has to be valid unless its session is live.
pub(crate) fn find(wish: &Wish, directory: &Path) -> Result<Found, ConfigError> {
    choose(wish, directory, registry::list())
}

fn choose(wish: &Wish, directory: &Path, live: Vec<LiveSession>) -> Result<Found, ConfigError> {
    if let Some(address) = &wish.address {
        let found = "the address given";
        let known = live.iter().find(|session| session.address == *address);
        return Ok(Found::One(match known {
            Some(session) => Attachment::to(session, wish.token(), found),
            None => Attachment::at(address.clone(), wish.token(), found),
        }));
    }
    let attach = |session, found| Found::One(Attachment::to(session, wish.token(), found));
    let discovered = config::discover(directory);
    let path = wish.config.clone().or(discovered);
    if let Some(path) = &path
        && let Some(session) = live.iter().find(|session| is_same(&session.config, path))
    {
        let found = match wish.config {
            Some(_) => "the session of the configuration given",
            None => "the session of the configuration in this directory",
        };
        return Ok(attach(session, found));
    }
    if let Some(path) = &wish.config {
        let session = config::load(path)?.config.session;
        let found = "the configuration given";
        return Ok(configured(wish, path, &session, &live, found));
    }
    let another_will_do = path.is_none() || wish.instead == Instead::TheOnlyOne;
    if another_will_do {
        match live.as_slice() {
            [] => {}
            [only] => return Ok(attach(only, "the only session that runs here")),
            _ => return Ok(Found::Several(live)),
        }
    }
    // Nothing runs: where it would run is where to wait for it.
    if let Some(path) = path {
        let session = match config::load(&path) {
            Ok(loaded) => loaded.config.session,
            Err(_) => config::Session::default(),
        };
        let found = "the configuration in this directory";
        return Ok(configured(wish, &path, &session, &live, found));
    }
    Ok(Found::One(Attachment::at(
        DEFAULT_ADDRESS.to_owned(),
        wish.token(),
        "the usual address: no session runs here",
    )))
}

/// What a configuration says of where its session will be.
fn configured(
    wish: &Wish,
    path: &Path,
    session: &config::Session,
    live: &[LiveSession],
    found: &'static str,
) -> Found {
    let token = session
        .token
        .as_ref()
        .and_then(|token| Token::new(token.clone()).ok());
    let address = session.dial().unwrap_or_else(|| DEFAULT_ADDRESS.to_owned());
    Found::One(Attachment {
        taken_by: taken(&address, path, live),
        config: Some(std::path::absolute(path).unwrap_or_else(|_| path.to_owned())),
        ..Attachment::at(address, wish.token().or(token), found)
    })
}

/// The configuration of the session that has an address, unless it is this one's.
fn taken(address: &str, config: &Path, live: &[LiveSession]) -> Option<PathBuf> {
    let mut there = live
        .iter()
        .filter(|session| is_same_place(&session.address, address));
    there
        .find(|session| !is_same(&session.config, config))
        .map(|session| session.config.clone())
}

/// Whether who dials one reaches the same server as who dials the other, as far as can be told
/// without asking anybody.
fn is_same_place(one: &str, other: &str) -> bool {
    let (Some((host, port)), Some((other_host, other_port))) =
        (one.rsplit_once(':'), other.rsplit_once(':'))
    else {
        return one == other;
    };
    // `localhost` may be either of the two.
    let is_local = |host: &str| matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let hosts = [host, other_host];
    port == other_port
        && (host == other_host || (hosts.contains(&"localhost") && hosts.into_iter().all(is_local)))
}

/// Whether both name the same file.
pub(crate) fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// The attachment as it is now: a session that was restarted may have another address and token.
pub(crate) fn refreshed(attachment: &Attachment, wish: &Wish) -> Attachment {
    refreshed_among(attachment, wish, &registry::list())
}

fn refreshed_among(attachment: &Attachment, wish: &Wish, live: &[LiveSession]) -> Attachment {
    let has_address = |session: &&LiveSession| session.address == attachment.address;
    let session = match (&wish.address, &attachment.config) {
        // Whoever is there now is meant.
        (Some(_), _) => live.iter().find(has_address),
        (None, Some(config)) => {
            let own = || live.iter().filter(|live| is_same(&live.config, config));
            // Of several it is the one that it was.
            own().find(has_address).or_else(|| own().next())
        }
        (None, None) => None,
    };
    let Some(session) = session else {
        let config = attachment
            .config
            .as_ref()
            .filter(|_| wish.address.is_none());
        return Attachment {
            taken_by: config.and_then(|config| taken(&attachment.address, config, live)),
            ..attachment.clone()
        };
    };
    Attachment {
        config: attachment.config.clone(),
        ..Attachment::to(session, wish.token(), attachment.found)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use flowlayer::protocol::Timestamp;

    use super::*;

    fn token(text: &str) -> Token {
        Token::new(text).unwrap()
    }

    fn live(port: u16, config: &Path) -> LiveSession {
        LiveSession {
            address: format!("127.0.0.1:{port}"),
            token: token(&format!("token-{port}")),
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
                one.address,
                one.token.map(|token| token.expose().to_owned()),
            ),
            Found::Several(several) => panic!("{several:?}"),
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
        let mut wish = Wish {
            address: Some("127.0.0.1:7000".to_owned()),
            ..Wish::default()
        };
        let found = |wish: &Wish| one(choose(wish, empty.path(), sessions()));
        assert_eq!(found(&wish), at("127.0.0.1:7000", "token-7000"));
        wish.environment_token = Some(token("environment"));
        assert_eq!(found(&wish), at("127.0.0.1:7000", "environment"));
        wish.token = Some(token("given"));
        assert_eq!(found(&wish), at("127.0.0.1:7000", "given"));
        wish = Wish {
            address: Some("10.0.0.1:1".to_owned()),
            ..Wish::default()
        };
        assert_eq!(found(&wish), at("10.0.0.1:1", ""));
    }

    #[test]
    fn a_configuration_means_its_live_session_or_what_it_says() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("flowlayer.jsonc");
        fs::write(&path, CONFIG).unwrap();
        let given = Wish {
            config: Some(path.clone()),
            ..Wish::default()
        };
        let elsewhere = tempfile::tempdir().unwrap();
        let others = || vec![live(7000, Path::new("/a")), live(7009, Path::new("/b"))];
        let mut with_it = others();
        with_it.push(live(7005, &path));
        let found = |wish: &Wish, sessions| one(choose(wish, elsewhere.path(), sessions));
        assert_eq!(
            found(&given, with_it.clone()),
            at("127.0.0.1:7005", "token-7005")
        );
        assert_eq!(found(&given, others()), at("127.0.0.1:7001", "written"));
        let discovered = choose(&Wish::default(), directory.path(), with_it);
        assert_eq!(one(discovered), at("127.0.0.1:7005", "token-7005"));
        let nothing_runs = choose(&Wish::default(), directory.path(), Vec::new());
        assert_eq!(one(nothing_runs), at("127.0.0.1:7001", "written"));
        let broken = elsewhere.path().join("broken.jsonc");
        fs::write(&broken, "{").unwrap();
        let wish = Wish {
            config: Some(broken),
            ..Wish::default()
        };
        assert!(choose(&wish, elsewhere.path(), others()).is_err());
    }

    #[test]
    fn a_script_never_gets_the_session_of_another_configuration() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("flowlayer.jsonc"), CONFIG).unwrap();
        let others = || vec![live(7000, Path::new("/a")), live(7009, Path::new("/b"))];
        let found = |instead, sessions| {
            let wish = Wish {
                instead,
                ..Wish::default()
            };
            choose(&wish, directory.path(), sessions)
        };
        for sessions in [others(), others().split_off(1)] {
            let here = at("127.0.0.1:7001", "written");
            assert_eq!(one(found(Instead::Nothing, sessions)), here);
        }
        assert_eq!(
            one(found(Instead::TheOnlyOne, others().split_off(1))),
            at("127.0.0.1:7009", "token-7009")
        );
        assert!(matches!(
            found(Instead::TheOnlyOne, others()),
            Ok(Found::Several(_))
        ));
        // What is in the directory is meant even while it is being edited.
        fs::write(directory.path().join("flowlayer.jsonc"), "{").unwrap();
        assert_eq!(
            one(found(Instead::Nothing, others())),
            at(DEFAULT_ADDRESS, "")
        );
    }

    #[test]
    fn without_any_word_it_is_the_only_one_or_a_choice_or_the_usual_place() {
        let empty = tempfile::tempdir().unwrap();
        let wish = Wish::default();
        let only = vec![live(7000, Path::new("/a"))];
        assert_eq!(
            one(choose(&wish, empty.path(), only)),
            at("127.0.0.1:7000", "token-7000")
        );
        let two = vec![live(7000, Path::new("/a")), live(7001, Path::new("/b"))];
        assert_eq!(
            choose(&wish, empty.path(), two.clone()).unwrap(),
            Found::Several(two)
        );
        assert_eq!(
            one(choose(&wish, empty.path(), Vec::new())),
            at(DEFAULT_ADDRESS, "")
        );
    }

    fn taken_by(found: Result<Found, ConfigError>) -> Option<PathBuf> {
        match found.unwrap() {
            Found::One(one) => one.taken_by,
            Found::Several(several) => panic!("{several:?}"),
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
            let scripts = Wish {
                instead: Instead::Nothing,
                ..Wish::default()
            };
            let given = Wish {
                config: Some(path.clone()),
                ..Wish::default()
            };
            for wish in [scripts, given] {
                let found = |live| choose(&wish, directory.path(), live);
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
        let mut wish = Wish::default();
        let Ok(Found::One(attached)) = choose(
            &Wish {
                address: Some("127.0.0.1:7001".to_owned()),
                ..Wish::default()
            },
            Path::new("/"),
            vec![live(7001, own)],
        ) else {
            panic!("one session")
        };
        let port = |wish: &Wish, sessions: &[LiveSession]| {
            let now = refreshed_among(&attached, wish, sessions);
            now.target()
                .map(|target| target.token.unwrap().expose().to_owned())
        };
        let moved = [live(7001, other), live(7002, own)];
        assert_eq!(port(&wish, &moved), Ok("token-7002".to_owned()));
        let both = [live(7000, own), live(7001, own)];
        assert_eq!(port(&wish, &both), Ok("token-7001".to_owned()));
        let error = port(&wish, &moved[..1]).unwrap_err();
        assert!(error.to_string().contains("/b/x.jsonc"), "{error}");
        wish.address = Some("127.0.0.1:7001".to_owned());
        assert_eq!(port(&wish, &moved), Ok("token-7001".to_owned()));
    }
}
