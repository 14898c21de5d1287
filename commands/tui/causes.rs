//! What keeps a service down, for the detail view: the causes that the core finds.

use flowlayer_core::protocol::ServiceState;
use flowlayer_core::why::Explainer;

use super::cells::plain;
use super::model::Model;
use super::service::ServiceModel;

/// Causes shown. If more services fail, they usually have one cause, which is among these.
const SHOWN: usize = 4;

/// Each cause in another service: the path to it, and its reason. The root
/// causes come first.
pub(crate) fn of(model: &Model, service: &ServiceModel) -> Vec<String> {
    if service.is_up() {
        return Vec::new();
    }
    let all = model.services.all().iter();
    let states: Vec<ServiceState> = all.map(state).collect();
    let why = Explainer::new(&states).explain(&service.name);
    let causes = why.map(|why| why.causes).unwrap_or_default();
    let others = causes.iter().filter(|cause| cause.service != *service.name);
    let mut shown: Vec<String> = others
        .clone()
        .take(SHOWN)
        .map(|cause| plain(&format!("{}: {}", cause.path.join(" → "), cause.text)))
        .collect();
    let more = others.count() - shown.len();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    shown
}

fn state(service: &ServiceModel) -> ServiceState {
    ServiceState {
        name: service.name.to_string(),
        status: service.status,
        details: service.details.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::fixture;

    fn shown(name: &str) -> Vec<String> {
        let model = fixture::model(80, 24, true);
        let service = model.services.get(name).unwrap();
        of(&model, service)
    }

    #[test]
    fn who_waits_for_others_is_told_for_whom_and_why() {
        let causes = shown("gateway");
        assert!(
            causes
                .iter()
                .any(|cause| cause == "gateway → worker: exit code 1 before ready"),
            "{causes:?}"
        );
        assert!(
            shown("worker").is_empty(),
            "its own reason is told elsewhere"
        );
        assert!(shown("api").is_empty(), "it is up");
    }
}
