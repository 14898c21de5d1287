//! Names of services and groups on a command line, held against the services of the session.

use std::borrow::Borrow;

use flowlayer_core::config::select;
use flowlayer_core::protocol::ServiceState;

use crate::failure::Failure;

/// The services that these names mean, groups as `@NAME` among them. Fails at the first that means none, with what
/// was probably meant. To be called before anything is asked for, so that a typing error changes nothing.
pub(crate) fn resolve<S: Borrow<ServiceState>>(
    names: &[String],
    services: &[S],
) -> Result<Vec<String>, Failure> {
    resolve_with(names, services, &[])
}

/// The same where these names, which are none of a service that there is, mean themselves.
pub(crate) fn resolve_with<S: Borrow<ServiceState>>(
    names: &[String],
    services: &[S],
    former: &[String],
) -> Result<Vec<String>, Failure> {
    let known = services.iter().map(|service| {
        let service = service.borrow();
        (service.name.as_str(), service.groups())
    });
    let former = former.iter().map(|name| (name.as_str(), &[][..]));
    select(names, &known.chain(former).collect::<Vec<_>>()).map_err(|unknown| {
        Failure::Mistaken(format!(
            "no {} of the session is called {:?}: {}",
            unknown.noun, unknown.name, unknown.help
        ))
    })
}
