//! Performs a tool: runs its command, and explains what has failed.

use flowlayer_core::process::captured::IfDropped;
use serde_json::json;

use super::arguments::Arguments;
use super::commands::{Commands, Document, Ran, message};
use super::log_page::{Direction, LogPage};
use super::project::session_of;
use super::reply::{MAX_TEXT, Reply};
use super::tools::{Action, TIMEOUT, Tool};
use crate::terminal::diagnostics::shown_path;

/// The shortest entry of the log as JSON, in bytes: more than this many never fit.
const SHORTEST_ENTRY: usize = 64;

/// What a call has led to.
pub(super) struct Outcome {
    pub(super) reply: Reply,
    /// The server's process of the session that it has started.
    pub(super) started: Option<u32>,
}

/// Performs it.
pub(super) async fn perform(tool: &Tool, arguments: Arguments, commands: Commands) -> Outcome {
    let call = Call {
        tool,
        arguments,
        commands,
    };
    let mut started = None;
    let reply = match tool.action {
        Action::Status => call.status().await,
        Action::Why => call.why().await,
        Action::Plan => call.plan().await,
        Action::Validate => call.validate().await,
        Action::Logs => call.logs().await,
        Action::Timeline => call.timeline().await,
        Action::Report => call.report().await,
        Action::Reload => call.reload().await,
        Action::Wait => call.wait().await,
        Action::Service => call.service().await,
        Action::Down => call.down().await,
        Action::Up => call.up(&mut started).await,
    };
    let reply = reply.unwrap_or_else(Reply::Refused);
    Outcome { reply, started }
}

struct Call<'a> {
    tool: &'a Tool,
    arguments: Arguments,
    commands: Commands,
}

impl Call<'_> {
    async fn status(&self) -> Result<Reply, String> {
        let line = self.commands.line("status").arg("--json");
        self.read(line.names(self.arguments.names("services")))
            .await
    }

    async fn why(&self) -> Result<Reply, String> {
        let line = self.commands.line("why").arg("--json");
        self.read(line.names(self.arguments.text("service"))).await
    }

    async fn plan(&self) -> Result<Reply, String> {
        self.read(self.commands.line_on_file("plan", &["--format=json"]))
            .await
    }

    async fn validate(&self) -> Result<Reply, String> {
        self.read(self.commands.line_on_file("validate", &["--format=json"]))
            .await
    }

    async fn timeline(&self) -> Result<Reply, String> {
        let line = self.commands.line("timeline").arg("--format=json");
        self.read(self.with_run(line)).await
    }

    async fn report(&self) -> Result<Reply, String> {
        let line = self.with_run(self.commands.line("report"));
        let line = line.names(self.arguments.names("services"));
        let ran = self.commands.run(line, IfDropped::Kill).await?;
        if !ran.is_success {
            return Err(ran.message);
        }
        let mut document = Document::new();
        document.insert("report".to_owned(), ran.text.into());
        Ok(done(document))
    }

    async fn reload(&self) -> Result<Reply, String> {
        let line = self.commands.line("reload").arg("--json");
        let ran = self.commands.run(line, IfDropped::Leave).await?;
        self.outcome(ran, None).await
    }

    fn with_run(&self, line: super::commands::CommandLine) -> super::commands::CommandLine {
        match self.arguments.text("run") {
            Some(run) => line.option("--run", run),
            None => line,
        }
    }

    /// Runs a command that only reads. Its document is the answer, whatever it says.
    async fn read(&self, line: super::commands::CommandLine) -> Result<Reply, String> {
        let ran = self.commands.run(line, IfDropped::Kill).await?;
        let mut document = ran.document.ok_or(ran.message.clone())?;
        if ran.is_success && !ran.message.is_empty() {
            document.insert("notes".to_owned(), ran.message.into());
        }
        Ok(done(document))
    }

    async fn logs(&self) -> Result<Reply, String> {
        let max_bytes = self.arguments.count("max_bytes").map_or(MAX_TEXT, to_usize);
        let services = self.arguments.names("services");
        let grep = self.arguments.text("grep");
        let mut line = self.commands.line("logs").arg("--json");
        let direction = if let Some(seq) = self.arguments.count("after_seq") {
            line = line.option("--after-seq", seq);
            Direction::After(seq)
        } else {
            line = line.option("--limit", max_bytes / SHORTEST_ENTRY);
            Direction::Newest
        };
        if let Some(pattern) = grep {
            line = line.option("--grep", pattern);
            if let Some(context) = self.arguments.count("context") {
                line = line.option("--context", context);
            }
        }
        let is_unfiltered = services.is_empty() && grep.is_none();
        let mut page = LogPage::new(direction, max_bytes, is_unfiltered);
        let mut is_broken_off = false;
        let take = |line: Vec<u8>| {
            let flow = page.take(&line);
            is_broken_off = flow.is_break();
            flow
        };
        let line = line.names(services);
        let captured = self.commands.capture(line, IfDropped::Kill, take).await?;
        let message = message(&captured.stderr, captured.code);
        if captured.code != Some(0) && !is_broken_off {
            return Err(message);
        }
        let mut document = page.into_document();
        if !message.is_empty() && !is_broken_off {
            document.insert("notes".to_owned(), message.into());
        }
        Ok(Reply::Document {
            document,
            is_error: false,
            max_text: max_bytes,
        })
    }

    async fn wait(&self) -> Result<Reply, String> {
        let services = self.arguments.names("services");
        let line = self.with_timeout(self.commands.line("wait").arg("--json"));
        let about = match services.as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        let ran = self
            .commands
            .run(line.names(services.iter().copied()), IfDropped::Kill);
        self.outcome(ran.await?, about).await
    }

    async fn service(&self) -> Result<Reply, String> {
        let service = self.arguments.text("service");
        let line = self.with_timeout(self.commands.line(self.tool.name).arg("--json"));
        let ran = self.commands.run(line.names(service), IfDropped::Leave);
        self.outcome(ran.await?, service).await
    }

    async fn up(&self, started: &mut Option<u32>) -> Result<Reply, String> {
        let line = self.commands.line("serve").arg("--detach").arg("--json");
        let ran = self
            .commands
            .run(self.with_timeout(line), IfDropped::Leave)
            .await?;
        if let Some(session) = ran.document.as_ref().and_then(|it| it.get("session"))
            && session["started"] == true
        {
            *started = session["pid"].as_u64().and_then(|pid| pid.try_into().ok());
        }
        self.outcome(ran, None).await
    }

    async fn down(&self) -> Result<Reply, String> {
        let config = &self.commands.config;
        if let Some(session) = session_of(config)
            && self.commands.started != Some(session.pid)
        {
            return Err(format!(
                "the session of {} (pid {}) was not started by this MCP server, so it is left running; \
                 `flowlayer down` ends it",
                shown_path(config),
                session.pid
            ));
        }
        let line = self.with_timeout(self.commands.line("down"));
        let ran = self.commands.run(line, IfDropped::Leave).await?;
        if !ran.is_success {
            return Err(ran.message);
        }
        let mut document = Document::new();
        document.insert("ok".to_owned(), true.into());
        document.insert("message".to_owned(), ran.text.into());
        Ok(done(document))
    }

    fn with_timeout(&self, line: super::commands::CommandLine) -> super::commands::CommandLine {
        line.option(
            "--timeout",
            self.arguments.seconds("timeout").unwrap_or(TIMEOUT),
        )
    }

    /// The report of an action; with the reason and the last lines if it has failed.
    async fn outcome(&self, ran: Ran, about: Option<&str>) -> Result<Reply, String> {
        let mut document = ran.document.ok_or(ran.message)?;
        let is_error = document.get("ok") != Some(&json!(true));
        // A group has no reason of its own: its services have.
        let about = about.filter(|name| !name.starts_with('@'));
        if is_error {
            let line = self.commands.line("why").arg("--json").names(about);
            // Without an answer the error of the action stands alone.
            if let Ok(Ran {
                document: Some(mut why),
                ..
            }) = self.commands.run(line, IfDropped::Kill).await
            {
                why.remove("session");
                document.insert("why".to_owned(), why.into());
            }
        }
        Ok(Reply::Document {
            document,
            is_error,
            max_text: MAX_TEXT,
        })
    }
}

fn done(document: Document) -> Reply {
    Reply::Document {
        document,
        is_error: false,
        max_text: MAX_TEXT,
    }
}

fn to_usize(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
