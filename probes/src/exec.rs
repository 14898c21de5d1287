//! `exec`: passes when a command exits with 0.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::registry::{Absent, Kind, Parameter, Type};
use crate::{Attempt, CommandEnd, Context, Probe};

pub(crate) const KIND: Kind = Kind {
    name: "exec",
    about: "Passes when the command `cmd` exits with 0.",
    attempt_timeout: Duration::from_secs(5),
    parameters: &[Parameter {
        name: "cmd",
        about: "The command, run in the service's environment and directory; same forms as the service's `cmd`.",
        takes: Type::Command,
        absent: Absent::Refused,
        default: None,
        example: r#"["pg_isready", "-p", "5432"]"#,
    }],
    build: Some(|arguments| {
        let argv = arguments.command("cmd")?.to_vec();
        Ok(Arc::new(Exec { argv }))
    }),
};

#[derive(Debug)]
struct Exec {
    argv: Vec<String>,
}

#[async_trait]
impl Probe for Exec {
    fn kind(&self) -> &'static str {
        KIND.name
    }

    fn target(&self) -> String {
        self.argv.join(" ")
    }

    fn label(&self) -> String {
        // The program tells which probe it is; all its arguments would not fit into a boot line.
        format!("exec {}", self.argv.first().map_or("", String::as_str))
    }

    async fn attempt(&self, cx: &Context<'_>) -> Attempt {
        match cx.commands.run(&self.argv).await {
            CommandEnd::Code(0) => Attempt::Passed,
            CommandEnd::Code(code) => Attempt::Failed(format!("exit code {code}")),
            CommandEnd::Signal(signal) => Attempt::Failed(format!("ended by {signal}")),
            CommandEnd::NotRun(why) => Attempt::Failed(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RunCommand;
    use crate::registry::Argument;
    use crate::registry::tests::build;

    struct Ends(CommandEnd);

    #[async_trait]
    impl RunCommand for Ends {
        async fn run(&self, argv: &[String]) -> CommandEnd {
            assert_eq!(argv, ["pg_isready", "-q"]);
            self.0.clone()
        }
    }

    #[tokio::test]
    async fn only_exit_code_0_passes() {
        let argv = ["pg_isready", "-q"].map(str::to_owned).to_vec();
        let probe = build(&KIND, "cmd", Argument::Command(argv)).unwrap();
        assert_eq!((probe.kind(), &*probe.target()), ("exec", "pg_isready -q"));
        assert_eq!(probe.label(), "exec pg_isready");
        let failed = |text: &str| Attempt::Failed(text.to_owned());
        for (end, expected) in [
            (CommandEnd::Code(0), Attempt::Passed),
            (CommandEnd::Code(2), failed("exit code 2")),
            (CommandEnd::Signal("SIGSEGV"), failed("ended by SIGSEGV")),
            (
                CommandEnd::NotRun("not found".to_owned()),
                failed("not found"),
            ),
        ] {
            let cx = Context {
                line_matched: false,
                commands: &Ends(end),
            };
            assert_eq!(probe.attempt(&cx).await, expected);
        }
    }
}
