use proptest::prelude::*;

use std::collections::HashMap;

use super::*;
use crate::{CommandEnd, Context, RunCommand};

/// For probes that run no command.
pub(crate) struct NoCommands;

#[async_trait::async_trait]
impl RunCommand for NoCommands {
    async fn run(&self, argv: &[String]) -> CommandEnd {
        panic!("nobody asked for {argv:?}")
    }
}

/// A port that nobody listens on and nobody else can take, for as long as the socket lives.
pub(crate) fn closed_port() -> (tokio::net::TcpSocket, u16) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

pub(crate) fn nothing() -> Context<'static> {
    Context {
        line_matched: false,
        commands: &NoCommands,
    }
}

/// What a kind makes of one argument.
pub(crate) fn build(
    kind: &Kind,
    parameter: &'static str,
    argument: Argument,
) -> Result<Arc<dyn Probe>, Refusal> {
    let arguments = Arguments([(parameter, argument)].into());
    kind.build.unwrap()(&arguments)
}

fn kinds_with_a_probe() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().filter(|kind| kind.build.is_some())
}

#[test]
fn without_its_arguments_a_kind_makes_no_probe_and_names_one() {
    for kind in kinds_with_a_probe() {
        let refusal = kind.build.unwrap()(&Arguments::default()).unwrap_err();
        let names: Vec<_> = kind.parameters.iter().map(|p| p.name).collect();
        assert!(names.contains(&refusal.parameter), "{kind:?}: {refusal:?}");
        assert_eq!(refusal.why, "is missing");
    }
}

#[test]
fn kinds_have_names_of_their_own_and_share_parameters_of_one_type_only() {
    let mut names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), KINDS.len());
    let mut types = HashMap::new();
    for parameter in KINDS.iter().flat_map(|kind| kind.parameters) {
        let takes = *types.entry(parameter.name).or_insert(parameter.takes);
        assert_eq!(takes, parameter.takes, "{}", parameter.name);
    }
}

proptest! {
    /// Whatever its arguments, a kind makes a probe or says why not, and never panics.
    #[test]
    fn any_arguments_are_taken_or_refused(
        text in "(https?://)?.{0,12}",
        port in 1..=u16::MAX,
        argv in prop::collection::vec(".{1,5}", 1..3),
    ) {
        for kind in kinds_with_a_probe() {
            let argument = |parameter: &Parameter| match parameter.takes {
                Type::Url | Type::Pattern => Argument::Text(text.clone()),
                Type::Port => Argument::Port(port),
                Type::Command => Argument::Command(argv.clone()),
                Type::Headers => Argument::Headers(Headers(vec![(text.clone(), argv[0].clone())])),
                Type::Statuses => Argument::Statuses(vec![port..=port]),
            };
            let parameters = kind.parameters.iter();
            let arguments = parameters.map(|parameter| (parameter.name, argument(parameter)));
            match kind.build.unwrap()(&Arguments(arguments.collect())) {
                Ok(probe) => prop_assert!(!probe.label().is_empty() && !probe.target().is_empty()),
                Err(refusal) => prop_assert!(refusal.why != "is missing", "{refusal:?}"),
            }
        }
    }
}
