//! The session API of a `serve`: where it listens, with which token, and who is told.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use flowlayer::config::{Bind, Config, PortZero};
use flowlayer::logs::Logs;
use flowlayer::ports;
use flowlayer::protocol::{PROTOCOL_VERSION, Token};
use flowlayer::runtime::Handle;
use flowlayer::session::registry::{self, LiveSession, Registration};
use flowlayer::session::{self, Limits, LogDefaults, Server, SessionConfig};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::cli::ServeArgs;
use crate::failure::Failure;
use crate::terminal::boot::{TokenSource, Wording};
use crate::terminal::output::Output;

/// A bound listener and the token that will be asked for.
pub(super) struct Api {
    listener: TcpListener,
    address: SocketAddr,
    exposed: bool,
    token: Token,
    source: Source,
    config_path: std::path::PathBuf,
}

/// Where the token comes from.
#[derive(Clone, Copy)]
enum Source {
    Flag,
    Environment,
    Config,
    Generated,
}

/// The API while the session lives.
pub(super) struct Open {
    server: Server,
    /// Takes the session file away with it; without one clients need `-addr` and `-token`.
    registration: Option<Registration>,
}

impl Api {
    /// Binds the address of `-s`, else of `session.bind`; `None` when there is neither.
    pub(super) async fn bind(
        args: &ServeArgs,
        config: &Config,
        path: &Path,
    ) -> Result<Option<Self>, Failure> {
        let bind = match &args.bind {
            Some(text) => Bind::parse(text, PortZero::Allowed)
                .map_err(|error| Failure::Usage(format!("-s {text:?}: {error}")))?,
            None => match &config.session.bind {
                Some(bind) => bind.clone(),
                None => return Ok(None),
            },
        };
        let (token, source) = token(args, config)?;
        let listener = listen(&bind).await?;
        let address = listener.local_addr().map_err(|error| {
            Failure::Failed(format!(
                "cannot tell the address of the session API: {error}"
            ))
        })?;
        Ok(Some(Self {
            listener,
            address,
            exposed: !bind.is_loopback(),
            token,
            source,
            config_path: path.to_owned(),
        }))
    }

    /// The boot lines about it.
    pub(super) fn announce(&self, output: &Output, wording: Wording) {
        output.line(&wording.api(&self.address.to_string()));
        let source = match self.source {
            Source::Flag => TokenSource::Flag,
            Source::Environment => TokenSource::Environment,
            Source::Config => TokenSource::Config,
            Source::Generated => TokenSource::Generated(self.token.expose()),
        };
        output.line(&wording.token(&source));
        if self.exposed {
            output.line(&wording.exposed(&self.address.to_string()));
        }
    }

    /// Opens it, and lets this user's clients find it.
    pub(super) fn open(
        self,
        session_id: Uuid,
        config: &Config,
        names: &Arc<[Arc<str>]>,
        runtime: &Handle,
        logs: &Logs,
        warn: impl Fn(&str),
    ) -> Open {
        let registration = match registry::register(&self.entry(session_id)) {
            Ok(registration) => Some(registration),
            Err(error) => {
                warn(&format!(
                    "clients will not find this session by themselves: {error}"
                ));
                None
            }
        };
        let own = config
            .services
            .iter()
            .map(|service| service.log_view_max_entries);
        let session = SessionConfig {
            token: self.token,
            session_id,
            services: Arc::clone(names),
            log_defaults: LogDefaults::resolve(
                config.log_view.max_entries,
                config.log_view.all_max_entries,
                own,
            ),
            limits: Limits::default(),
        };
        Open {
            server: session::serve(self.listener, session, runtime.clone(), logs.clone()),
            registration,
        }
    }

    fn entry(&self, session_id: Uuid) -> LiveSession {
        let config = std::path::absolute(&self.config_path);
        LiveSession {
            address: registry::dialable(self.address).to_string(),
            token: self.token.clone(),
            config: config.unwrap_or_else(|_| self.config_path.clone()),
            // The process the user started, and can signal, is the guardian.
            pid: std::os::unix::process::parent_id(),
            session_id: session_id.to_string(),
            started: std::time::SystemTime::now().into(),
            protocol_version: PROTOCOL_VERSION,
        }
    }
}

impl Open {
    /// Takes no more connections; the future ends when requests under way are answered.
    pub(super) fn stop_accepting(&self) -> impl Future<Output = ()> + Send + use<> {
        self.server.stop_accepting()
    }

    /// Ends all connections, after what is pending for them.
    pub(super) async fn close(self) {
        drop(self.registration);
        self.server.close().await;
    }
}

/// The token, by precedence (SPEC 3).
fn token(args: &ServeArgs, config: &Config) -> Result<(Token, Source), Failure> {
    if let Some(token) = &args.token {
        return Ok((token.clone(), Source::Flag));
    }
    if let Some(token) = std::env::var_os("FLOWLAYER_TOKEN").filter(|token| !token.is_empty()) {
        let token = token
            .into_string()
            .map_err(|_| ())
            .and_then(|token| Token::new(token).map_err(|_| ()));
        let token = token.map_err(|()| {
            Failure::Usage("FLOWLAYER_TOKEN: a token is made of visible ASCII characters only, without white space".to_owned())
        })?;
        return Ok((token, Source::Environment));
    }
    if let Some(token) = &config.session.token {
        let token = Token::new(token.as_str())
            .map_err(|error| Failure::Usage(format!("session.token: {error}")))?;
        return Ok((token, Source::Config));
    }
    Ok((Token::generate(), Source::Generated))
}

/// Binds the first of the addresses that can be had, or says why none can.
async fn listen(bind: &Bind) -> Result<TcpListener, Failure> {
    let mut last = None;
    for host in bind.hosts() {
        match TcpListener::bind((host, bind.port)).await {
            Ok(listener) => return Ok(listener),
            Err(error) => last = last.or(Some(error)),
        }
    }
    let why = last.map_or_else(
        || "no address".to_owned(),
        |error| match error.kind() {
            std::io::ErrorKind::AddrInUse => match ports::listener(bind.port) {
                Ok(Some(holder)) => format!("port {} is in use by {holder}", bind.port),
                _ => "the address is in use".to_owned(),
            },
            _ => error.to_string(),
        },
    );
    Err(Failure::Failed(format!(
        "cannot open the session API on {bind}: {why}; choose another with -s"
    )))
}
