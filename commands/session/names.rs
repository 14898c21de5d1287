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
    let known = services.iter().map(|service| {
        let service = service.borrow();
        (service.name.as_str(), service.groups())
    });
    select(names, &known.collect::<Vec<_>>()).map_err(|unknown| {
        Failure::Mistaken(format!(
            "no {} of the session is called {:?}: {}",
            unknown.noun, unknown.name, unknown.help
        ))
    })
}
