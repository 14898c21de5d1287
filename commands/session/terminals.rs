//! What commands on the terminal and the input of a service share.

use flowlayer_core::client::{CommandError, SessionInfo};
use flowlayer_core::protocol::ServiceState;

use super::names;
use crate::failure::Failure;

/// Refuses a session that is too old for them.
pub(crate) fn require_terminals(session: &SessionInfo) -> Result<(), Failure> {
    let capabilities = &session.hello.capabilities;
    if capabilities.iter().any(|it| it == "terminals") {
        return Ok(());
    }
    Err(Failure::Failed(
        "this session was started by an older flowlayer, which takes no input for services: restart it".to_owned(),
    ))
}

/// The one service that a name means.
pub(crate) fn one_service<'s>(
    name: &str,
    services: &'s [ServiceState],
) -> Result<&'s ServiceState, Failure> {
    let names = names::resolve(&[name.to_owned()], services)?;
    let mut found = services.iter().filter(|it| names.contains(&it.name));
    match (found.next(), found.next()) {
        (Some(service), None) => Ok(service),
        _ => Err(Failure::Mistaken(format!(
            "{name:?} is not one service: name one of {}",
            names.join(", ")
        ))),
    }
}

/// Why something was not taken, without the code of the protocol.
pub(crate) fn refusal(error: &CommandError) -> String {
    match error {
        CommandError::Refused(body) => body.message.clone(),
        other => other.to_string(),
    }
}
