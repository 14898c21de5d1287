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

#[cfg(test)]
mod tests {
    use flowlayer_core::facts::Status;
    use flowlayer_core::protocol::Details;

    use super::*;

    fn service(name: &str) -> ServiceState {
        ServiceState {
            name: name.to_owned(),
            status: Status::Ready,
            details: Details::default(),
        }
    }

    #[test]
    fn a_name_is_known_or_what_was_meant_is_said() {
        let services = ["api", "db", "worker"].map(service);
        let check = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            check(&names, &services)
        };
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&["db", "api", "db"]), Ok(()));
        let mistaken = |words: &str| Err(Failure::Mistaken(words.to_owned()));
        assert_eq!(
            check(&["api", "wroker"]),
            mistaken("no service of the session is called \"wroker\": did you mean \"worker\"?")
        );
        assert_eq!(
            check(&["mailhog"]),
            mistaken(
                "no service of the session is called \"mailhog\": known services: api, db, worker"
            )
        );
    }
}
