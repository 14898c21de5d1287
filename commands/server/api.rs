//! The session API of `serve`: its address, its token, and its registration.

use std::net::{Ipv4Addr, SocketAddr};

use flowlayer_core::config::{Bind, BindChoice, Config};
use flowlayer_core::logs::Logs;
use flowlayer_core::ports;
use flowlayer_core::ports::auto::Chosen;
use flowlayer_core::protocol::Token;
use flowlayer_core::runtime::Handle;
use flowlayer_core::runtime::auto_ports::AutoPorts;
use flowlayer_core::session::registry::{self, Access};
use flowlayer_core::session::{self, Limits, Server, SessionConfig};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::console::Console;
use super::launcher::Report;
use super::options::{Options, TokenSource};
use crate::failure::Failure;
use crate::server::messages::Wording;
use crate::session::find::holder;
use crate::terminal::diagnostics::shown_path;

pub(super) struct Api {
    listener: TcpListener,
    address: SocketAddr,
    exposed: bool,
    token: Token,
    source: TokenSource,
}

pub(super) struct Open {
    server: Server,
    access: Access,
}

impl Api {
    /// Binds the address that was asked for, else that of `session.bind`; `None` when there is
    /// neither.
    pub(super) async fn bind(
        options: &Options,
        config: &Config,
        chosen: &AutoPorts,
    ) -> Result<Option<Self>, Failure> {
        let of_config = match (&config.session.bind, chosen.bind) {
            (Some(BindChoice::Fixed(bind)), _) => Some(bind.clone()),
            (_, Some(Chosen { port, .. })) => Some(Bind {
                host: Ipv4Addr::LOCALHOST.to_string(),
                port,
            }),
            (_, None) => None,
        };
        let Some(bind) = &options.bind.clone().or(of_config) else {
            return Ok(None);
        };
        let (token, source) = match &options.token {
            Some(given) => given.clone(),
            None => configured(config)?,
        };
        let listener = listen(bind).await?;
        let address = listener.local_addr().map_err(|error| {
            Failure::Failed(format!(
                "cannot read the address of the session API: {error}"
            ))
        })?;
        Ok(Some(Self {
            listener,
            address,
            exposed: !bind.is_loopback(),
            token,
            source,
        }))
    }

    pub(super) fn announce(&self, console: &Console, wording: Wording) {
        console.line(&wording.api(&self.address.to_string()));
        // Clients find it in the session file; it need not be in files and logs.
        let generated = console.launcher.is_none().then(|| self.token.expose());
        console.line(&wording.token(self.source, generated));
        if self.exposed {
            console.line(&wording.exposed(&self.address.to_string()));
        }
    }

    /// How clients on this machine reach it.
    pub(super) fn access(&self) -> Access {
        Access {
            address: registry::dialable(self.address).to_string(),
            token: self.token.clone(),
        }
    }

    /// Opens it.
    pub(super) fn open(self, session_id: Uuid, runtime: &Handle, logs: &Logs) -> Open {
        let access = self.access();
        let session = SessionConfig {
            token: self.token.clone(),
            session_id,
            first_seq: logs.first_seq(),
            limits: Limits::default(),
        };
        Open {
            server: session::serve(self.listener, session, runtime.clone(), logs.clone()),
            access,
        }
    }
}

impl Open {
    /// The report for the foreground process.
    pub(super) fn report(&self, chosen: &AutoPorts) -> Report {
        Report::Open {
            address: self.access.address.clone(),
            token: self.access.token.expose().to_owned(),
            ports: chosen.by_name(),
        }
    }

    /// Takes no more connections; the future ends when requests under way are answered.
    pub(super) fn stop_accepting(&self) -> impl Future<Output = ()> + Send + use<> {
        self.server.stop_accepting()
    }

    pub(super) async fn close(self) {
        self.server.close().await;
    }
}

/// The token of the config, else a new one (docs/protocol.md, Reaching a session).
fn configured(config: &Config) -> Result<(Token, TokenSource), Failure> {
    let Some(token) = &config.session.token else {
        return Ok((Token::generate(), TokenSource::Generated));
    };
    let token = Token::new(token.as_str())
        .map_err(|error| Failure::Usage(format!("session.token: {error}")))?;
    Ok((token, TokenSource::Config))
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
            std::io::ErrorKind::AddrInUse => in_use(bind),
            _ => error.to_string(),
        },
    );
    Err(Failure::Failed(format!(
        "cannot open the session API on {bind}: {why}; choose another with -s"
    )))
}

/// Who has the address: the session of another configuration, or another program.
fn in_use(bind: &Bind) -> String {
    let live = registry::list();
    if let Some(session) = holder(&bind.to_string(), &live) {
        let (config, pid) = (shown_path(&session.config), session.pid);
        return format!("the session of {config} (pid {pid}) has this address");
    }
    match ports::listener(bind.port) {
        Ok(Some(holder)) => format!("port {} is in use by {holder}", bind.port),
        _ => "the address is in use".to_owned(),
    }
}
