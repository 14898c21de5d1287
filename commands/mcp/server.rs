//! Answers the client: one loop that owns the project and the calls under way.

use std::collections::HashMap;

use serde_json::{Value, json};
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::task::{AbortHandle, JoinSet};

use super::arguments::Arguments;
use super::call::{self, Outcome};
use super::input::{Line, MAX_LINE};
use super::project::Project;
use super::reply::Reply;
use super::resources::{self, Resource};
use super::rpc::{self, Incoming, RpcError};
use super::tools;

/// Versions of the protocol, newest first. What is used of it is the same in all of them.
const VERSIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// Calls under way at the same time.
const TOGETHER: usize = 16;

const INSTRUCTIONS: &str = "\
FlowLayer runs this project's services: one configuration, one session. `status` shows how they are, `up` starts the \
session, `why` explains what is not up, `logs` searches their output. After an edit of code `restart` the service; \
after an edit of the configuration `validate` it. Leave a session running that you did not start.";

/// Serves until the lines end and every call is answered, or nobody takes the answers any more.
pub(super) async fn serve(
    project: Project,
    read_only: bool,
    mut lines: Receiver<Line>,
    answers: Sender<String>,
) {
    let mut server = Server {
        project,
        read_only,
        calls: JoinSet::new(),
        under_way: HashMap::new(),
    };
    let mut is_open = true;
    loop {
        let answer = tokio::select! {
            line = lines.recv(), if is_open => {
                is_open = line.is_some();
                line.and_then(|line| server.line(&line))
            }
            Some(done) = server.calls.join_next() => done.ok().and_then(|done| server.done(done)),
            else => return,
        };
        if let Some(answer) = answer
            && answers.send(answer).await.is_err()
        {
            return;
        }
    }
}

struct Server {
    project: Project,
    read_only: bool,
    calls: JoinSet<Done>,
    /// By the id of the request, as JSON.
    under_way: HashMap<String, UnderWay>,
}

struct UnderWay {
    abort: AbortHandle,
    /// It only reads, so that it can be broken off.
    is_read_only: bool,
    /// The client wants no answer any more.
    is_cancelled: bool,
}

/// The end of a call.
struct Done {
    id: Value,
    result: Result<Value, RpcError>,
    /// The server's process of the session that it has started.
    started: Option<u32>,
}

impl Server {
    /// Handles a line; the answer, if there is one already.
    fn line(&mut self, line: &Line) -> Option<String> {
        let Line::Message(line) = line else {
            let message = format!("a message has at most {MAX_LINE} bytes");
            let error = RpcError::new(rpc::INVALID_REQUEST, message);
            return Some(rpc::answer(&Value::Null, Err(error)));
        };
        match rpc::parse(line) {
            Ok(Incoming::Request { id, method, params }) => {
                let result = self.request(&id, &method, params)?;
                Some(rpc::answer(&id, result))
            }
            Ok(Incoming::Notification { method, params }) => {
                if method == "notifications/cancelled" {
                    self.cancel(&params["requestId"]);
                }
                None
            }
            Ok(Incoming::Response) => None,
            Err((id, error)) => Some(rpc::answer(&id, Err(error))),
        }
    }

    /// The result of a request; `None` when it comes later.
    fn request(
        &mut self,
        id: &Value,
        method: &str,
        params: Value,
    ) -> Option<Result<Value, RpcError>> {
        Some(match method {
            "initialize" => Ok(hello(&params)),
            "ping" => Ok(json!({})),
            "tools/list" => Ok(tools::list(self.read_only)),
            "tools/call" => return self.call(id, params),
            "resources/list" => Ok(resources::list()),
            "resources/templates/list" => Ok(json!({ "resourceTemplates": [] })),
            "resources/read" => return self.read(id, &params),
            _ => Err(RpcError::new(
                rpc::METHOD_NOT_FOUND,
                format!("there is no method {method:?}"),
            )),
        })
    }

    fn call(&mut self, id: &Value, mut params: Value) -> Option<Result<Value, RpcError>> {
        let Some(name) = params["name"].as_str() else {
            let message = "the form of tools/call is {\"name\": \"…\", \"arguments\": {…}}";
            return Some(Err(RpcError::new(rpc::INVALID_PARAMS, message)));
        };
        let tool = match tools::called(name, self.read_only) {
            Ok(tool) => tool,
            Err(mistake) => return Some(refused(mistake)),
        };
        let prepared = Arguments::check(tool, params["arguments"].take())
            .and_then(|arguments| Ok((arguments, self.project.commands()?)));
        let (arguments, commands) = match prepared {
            Ok(prepared) => prepared,
            Err(mistake) => return Some(refused(mistake)),
        };
        if self.calls.len() >= TOGETHER {
            return Some(refused(format!(
                "{TOGETHER} calls are under way: wait for one to end"
            )));
        }
        let done = id.clone();
        self.begin(id, tool.is_read_only(), async move {
            let Outcome { reply, started } = call::perform(tool, arguments, commands).await;
            Done {
                id: done,
                result: Ok(reply.to_result()),
                started,
            }
        });
        None
    }

    fn read(&mut self, id: &Value, params: &Value) -> Option<Result<Value, RpcError>> {
        let not_found = |message: String| RpcError::new(rpc::RESOURCE_NOT_FOUND, message);
        let uri = &params["uri"];
        let Some(resource) = uri.as_str().and_then(Resource::find) else {
            return Some(Err(not_found(format!("there is no resource {uri}"))));
        };
        let commands = match self.project.commands() {
            Ok(commands) => commands,
            Err(mistake) => return Some(Err(not_found(mistake))),
        };
        let done = id.clone();
        self.begin(id, true, async move {
            Done {
                id: done,
                result: resource.read(&commands).await.map_err(not_found),
                started: None,
            }
        });
        None
    }

    fn begin(
        &mut self,
        id: &Value,
        is_read_only: bool,
        work: impl Future<Output = Done> + Send + 'static,
    ) {
        let abort = self.calls.spawn(work);
        let under_way = UnderWay {
            abort,
            is_read_only,
            is_cancelled: false,
        };
        self.under_way.insert(id.to_string(), under_way);
    }

    /// The client no longer waits for this call. One that acts goes on, and its result is dropped.
    fn cancel(&mut self, id: &Value) {
        let id = id.to_string();
        let Some(call) = self.under_way.get_mut(&id) else {
            return;
        };
        call.is_cancelled = true;
        if call.is_read_only {
            call.abort.abort();
            self.under_way.remove(&id);
        }
    }

    fn done(&mut self, done: Done) -> Option<String> {
        if let Some(pid) = done.started {
            self.project.has_started(pid);
        }
        let call = self.under_way.remove(&done.id.to_string());
        let is_wanted = call.is_some_and(|call| !call.is_cancelled);
        is_wanted.then(|| rpc::answer(&done.id, done.result))
    }
}

/// A mistake of the caller is a result, so that the model sees it.
#[expect(clippy::unnecessary_wraps, reason = "a result like others")]
fn refused(mistake: String) -> Result<Value, RpcError> {
    Ok(Reply::Refused(mistake).to_result())
}

/// The answer to `initialize`: the version asked for, if it is known.
fn hello(params: &Value) -> Value {
    let asked = params["protocolVersion"].as_str();
    let version = VERSIONS.into_iter().find(|known| Some(*known) == asked);
    json!({
        "protocolVersion": version.unwrap_or(VERSIONS[0]),
        "capabilities": { "tools": {}, "resources": {} },
        "serverInfo": { "name": "flowlayer", "version": env!("CARGO_PKG_VERSION") },
        "instructions": INSTRUCTIONS,
    })
}
