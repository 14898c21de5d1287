//! `flowlayer port`: the port of a service (docs/cli.md, port).

use std::path::Path;

use crate::config_file;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::args::{SessionArgs, which_session};
use crate::session::{self, Purpose, TargetSession};
use crate::terminal::color::Colors;
use crate::terminal::print;
use crate::tokio_runtime;

const NOTES: &str = concat!(
    which_session!(),
    "\
Where no session runs it is the port that the service would get, unless somebody else has it by then.

Exit codes: 0 success, 1 the service has no port, 2 wrong usage or configuration, 3 no session to talk
to and no configuration"
);

/// Print the port of a service
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    /// The service
    #[arg(value_name = "SERVICE")]
    service: String,
    #[command(flatten)]
    session: SessionArgs,
}

/// Asks the session, or the configuration where none runs.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    let target = TargetSession::find(&args.session, Purpose::Read, colors)?;
    let config = target.endpoint().config.clone();
    if let Some(path) = config.filter(|_| !target.is_registered()) {
        return show(&args.service, planned(&args.service, &path, colors)?);
    }
    tokio_runtime::block_on(async { show(&args.service, running(&args.service, &target).await?) })
}

fn show(service: &str, port: Option<u16>) -> Result<Exit, Failure> {
    let port = port.ok_or_else(|| Failure::Failed(format!("{service} has no port")))?;
    print::stdout(&format!("{port}\n"));
    Ok(Exit::SUCCESS)
}

async fn running(name: &str, target: &TargetSession) -> Result<Option<u16>, Failure> {
    let connected = target.connect().await?;
    session::resolve_names(&[name.to_owned()], &connected.services)?;
    let mut services = connected.services.iter();
    let service = services.find(|service| service.name == name);
    let spec = service.and_then(|service| service.details.spec.as_ref());
    Ok(spec.and_then(|spec| spec.port))
}

fn planned(name: &str, path: &Path, colors: Colors) -> Result<Option<u16>, Failure> {
    let config = config_file::load(path, colors)?.config;
    let values = config_file::values(&config)?;
    let chosen = config.select(&[name.to_owned()]).map_err(|unknown| {
        Failure::Mistaken(format!(
            "no {} of the configuration is called {:?}: {}",
            unknown.noun, unknown.name, unknown.help
        ))
    })?;
    let service = chosen.first().and_then(|name| config.service(name));
    Ok(service.and_then(|service| values.port(service)))
}
