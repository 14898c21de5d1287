//! `flowlayer open`: the url of a service, in the browser (docs/cli.md, open).

use std::io::IsTerminal;

use flowlayer_core::protocol::ServiceState;

use crate::browser;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::args::{SessionArgs, which_session};
use crate::session::report::chosen;
use crate::session::{self, Purpose, TargetSession};
use crate::terminal::color::Colors;
use crate::terminal::{print, sanitize};
use crate::tokio_runtime;

const NOTES: &str = concat!(
    "\
The url is that in the configuration, or the origin of the service's http probe. It is printed in any
case, as it is written, and opened when standard output is a terminal and a browser can be started. One
with ${env.…} in it cannot be opened: what variables hold, only services get.

",
    which_session!(),
    "
Exit codes: 0 success, 1 a service has no url or it cannot be opened, 2 wrong usage or configuration, 3 no session to talk to"
);

/// Open the url of a service in the browser
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct Args {
    /// Services to open, or groups as @GROUP
    #[arg(value_name = "SERVICE", required = true)]
    services: Vec<String>,
    /// Print the url and open nothing
    #[arg(long)]
    print: bool,
    #[command(flatten)]
    session: SessionArgs,
}

/// Prints the urls, and opens them.
pub(crate) fn run(args: &Args, colors: Colors) -> Result<Exit, Failure> {
    let target = TargetSession::find(&args.session, Purpose::Read, colors)?;
    tokio_runtime::block_on(async {
        let connected = target.connect().await?;
        let names = session::resolve_names(&args.services, &connected.services)?;
        let services = chosen(connected.services, &names);
        let opens = !args.print && std::io::stdout().is_terminal() && browser::is_there();
        let mut exit = Exit::SUCCESS;
        for url in urls(&services, &args.services)? {
            print::stdout(&format!("{}\n", sanitize::text(url)));
            if opens && let Err(why) = browser::open(url) {
                print::stderr(&format!("{why}\n"));
                exit = Exit::FAILURE;
            }
        }
        Ok(exit)
    })
}

/// Where these services are to be opened. Of a group, those without a url are left out; one that was named itself has
/// to have one.
fn urls<'a>(services: &'a [ServiceState], named: &[String]) -> Result<Vec<&'a str>, Failure> {
    let without = |service: &&ServiceState| service.url().is_none();
    let is_named = |service: &&ServiceState| named.contains(&service.name);
    let urls: Vec<&str> = services.iter().filter_map(ServiceState::url).collect();
    let mut missing = services.iter().filter(without);
    let missing = if urls.is_empty() {
        missing.next()
    } else {
        missing.find(is_named)
    };
    match missing {
        None => Ok(urls),
        Some(service) => Err(Failure::Failed(format!(
            "service {:?} has no url: give it one with `url` in the configuration",
            service.name
        ))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use flowlayer_core::facts::{ServiceSpec, Status};
    use flowlayer_core::protocol::Details;

    use super::*;

    fn service(name: &str, url: Option<&str>) -> ServiceState {
        let spec = ServiceSpec {
            url: url.map(str::to_owned),
            ..ServiceSpec::default()
        };
        ServiceState {
            name: name.to_owned(),
            status: Status::Ready,
            details: Details {
                spec: Some(Arc::new(spec)),
                ..Details::default()
            },
        }
    }

    #[test]
    fn a_service_without_a_url_is_an_error_unless_its_group_has_others() {
        let services = [
            service("db", None),
            service("web", Some("http://localhost:3000")),
        ];
        let urls = |services, named: &[&str]| {
            let named: Vec<String> = named.iter().map(|&name| name.to_owned()).collect();
            super::urls(services, &named).map_err(|failure| failure.message().map(str::to_owned))
        };
        assert_eq!(
            urls(&services, &["@all"]),
            Ok(vec!["http://localhost:3000"])
        );
        let error = urls(&services, &["db", "web"]).unwrap_err();
        assert!(error.unwrap().starts_with("service \"db\" has no url"));
        assert!(urls(&services[..1], &["@all"]).is_err());
    }
}
