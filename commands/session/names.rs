//! Service names of a command line, held against those of the session.

use std::borrow::Borrow;

use flowlayer_core::config::Suggestions;
use flowlayer_core::protocol::ServiceState;

use crate::failure::Failure;

/// Fails at the first name that no service of the session has, with what was probably meant. To be
/// called before anything is asked for, so that a typing error changes nothing.
pub(crate) fn check<S: Borrow<ServiceState>>(
    names: &[String],
    services: &[S],
) -> Result<(), Failure> {
    let known = || {
        services
            .iter()
            .map(|service| service.borrow().name.as_str())
    };
    let unknown = names
        .iter()
        .find(|name| !known().any(|known| known == **name));
    let Some(unknown) = unknown else {
        return Ok(());
    };
    let help = Suggestions::default().help(unknown, "services", known(), services.len());
    Err(Failure::Mistaken(format!(
        "no service of the session is called {unknown:?}: {help}"
    )))
}
