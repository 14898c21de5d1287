//! What a command line and the environment say of a server.

use std::path::{Path, PathBuf};

use flowlayer_core::config::{self, Bind, Config, Loaded, PortZero};
use flowlayer_core::process;
use flowlayer_core::protocol::Token;
use flowlayer_core::runtime::BootSelection;

use crate::config_file;
use crate::failure::Failure;
use crate::terminal::color::Colors;

/// What `serve`, `up` and `run` take for their server.
#[derive(Debug, clap::Args)]
pub(crate) struct ServerArgs {
    /// Address of the session API; overrides session.bind
    #[arg(short = 's', long = "session-bind", value_name = "BIND")]
    pub(crate) bind: Option<String>,
    /// Bearer token of the session API; overrides `FLOWLAYER_TOKEN`, `session.token`
    #[arg(long, value_name = "TOKEN")]
    pub(crate) token: Option<Token>,
    /// Boot only this service, or group as @GROUP, and its dependencies; can be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) only: Vec<String>,
}

pub(crate) struct Options {
    pub(super) config: PathBuf,
    /// Where to listen, if given on the command line.
    pub(super) bind: Option<Bind>,
    /// A token that overrides the one of the configuration.
    pub(super) token: Option<(Token, TokenSource)>,
    /// Names of the services to boot; all without any.
    only: Vec<String>,
    /// Names of services to boot besides.
    pub(crate) also: Vec<String>,
    /// Whether the server's output leaves out that of the services.
    pub(super) quiet: bool,
}

/// Where the session's token comes from (docs/protocol.md, Reaching a session).
#[derive(Clone, Copy)]
pub(super) enum TokenSource {
    /// `-token`.
    Flag,
    Environment,
    /// `session.token`.
    Config,
    Generated,
}

impl Options {
    /// Finds the configuration, and reads `-s`, `-token` and `FLOWLAYER_TOKEN`. `config`: the
    /// configuration that was named.
    pub(crate) fn read(
        args: &ServerArgs,
        config: Option<&Path>,
        quiet: bool,
    ) -> Result<Self, Failure> {
        let config = config_file::choose(config, Path::new("."))?;
        let bind = args.bind.as_deref().map(|text| {
            Bind::parse(text, PortZero::Allowed)
                .map_err(|error| Failure::Usage(format!("-s {text:?}: {error}")))
        });
        if let Some(token) = &args.token {
            // Before there is another process to show it.
            process::conceal_argument(token.expose());
        }
        let environment = std::env::var_os("FLOWLAYER_TOKEN").filter(|token| !token.is_empty());
        let token = match (&args.token, environment) {
            (Some(token), _) => Some((token.clone(), TokenSource::Flag)),
            (None, Some(token)) => {
                // What is not UTF-8 is not ASCII either: the replacement characters cause the error.
                let token = Token::new(token.to_string_lossy())
                    .map_err(|error| Failure::Usage(format!("FLOWLAYER_TOKEN: {error}")))?;
                Some((token, TokenSource::Environment))
            }
            (None, None) => None,
        };
        Ok(Self {
            config,
            bind: bind.transpose()?,
            token,
            only: args.only.clone(),
            also: Vec::new(),
            quiet,
        })
    }

    /// Prepares for a server in the background: reports errors of the configuration while the process still has the
    /// terminal, and takes a free port if no address is given.
    pub(crate) fn for_background(mut self, colors: Colors) -> Result<(Self, Config), Failure> {
        let loaded = config_file::load(&self.config, colors)?;
        config_file::print_warnings(&loaded, colors);
        let _ = self.chosen(&loaded.config)?;
        check_references(&loaded, colors)?;
        self.open(&loaded.config);
        Ok((self, loaded.config))
    }

    /// Takes a free port if no address is given, so that clients can reach the session.
    pub(crate) fn with_api(mut self, colors: Colors) -> Result<Self, Failure> {
        let loaded = config_file::load(&self.config, colors)?;
        self.open(&loaded.config);
        Ok(self)
    }

    fn open(&mut self, config: &Config) {
        if self.bind.is_none() && config.session.bind.is_none() {
            // It is an address.
            self.bind = Bind::parse("127.0.0.1:0", PortZero::Allowed).ok();
        }
    }

    /// The configuration to run.
    pub(crate) fn config(&self) -> &Path {
        &self.config
    }

    /// What the boot starts; an error where the command line names what is not there.
    pub(super) fn chosen(&self, config: &Config) -> Result<BootSelection, Failure> {
        let check = |names: &[String]| -> Result<(), String> {
            let selected = config.select(names).map_err(|unknown| {
                format!(
                    "no {} of the configuration is called {:?}: {}",
                    unknown.noun, unknown.name, unknown.help
                )
            });
            selected.map(drop)
        };
        check(&self.only).map_err(|why| Failure::Usage(format!("--only: {why}")))?;
        check(&self.also).map_err(Failure::Mistaken)?;
        Ok(BootSelection {
            only: self.only.clone(),
            also: self.also.clone(),
        })
    }
}

/// Fails, with the problems printed, unless all references of a configuration stand for something here.
fn check_references(loaded: &Loaded, colors: Colors) -> Result<(), Failure> {
    let values = config_file::values(&loaded.config)?;
    let config = &loaded.config;
    let services = 0..config.services.len();
    let problems = services.filter_map(|index| config::resolve(config, index, &values).err());
    let mut problems: Vec<_> = problems.flatten().collect();
    problems.extend(
        config::logs_dir(config, &values)
            .err()
            .into_iter()
            .flatten(),
    );
    if problems.is_empty() {
        Ok(())
    } else {
        Err(config_file::unresolved(problems, &loaded.source, colors))
    }
}
