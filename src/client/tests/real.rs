//! Our client and our server, with nothing of either made up but the services.

use std::sync::Mutex;
use std::time::SystemTime;

use super::*;
use crate::facts::{BlockedBy, Code, End, Kind, Reason, Status};
use crate::logs::{Logs, LogsConfig};
use crate::runtime::handle::Message as Request;
use crate::runtime::{Action, Decision, Handle, Outcome, StatusView, Update};
use crate::session::{self, Server, SessionConfig};

fn view(status: Status) -> Arc<StatusView> {
    Arc::new(StatusView {
        status,
        up: status == Status::Ready,
        reason: Some(Reason::Blocked {
            by: vec![BlockedBy {
                service: "db".into(),
                code: Code::Exited,
            }],
        }),
        end: Some(End::Signal(9)),
        depends_on: [Arc::from("db")].into(),
        wave: 3,
        kind: Kind::Oneshot,
        ..StatusView::sample(0, "api")
    })
}

/// A runtime that does every action at once.
async fn obedient(mut inbox: tokio::sync::mpsc::UnboundedReceiver<Request>) {
    let mut subscribers = std::collections::HashMap::new();
    while let Some(request) = inbox.recv().await {
        match request {
            Request::Subscribe { id, updates, .. } => {
                let services = Arc::new([view(Status::Unknown)]);
                let request = None;
                let _ = updates.send(Update::Snapshot {
                    request,
                    services,
                    config: Arc::default(),
                });
                subscribers.insert(id, updates);
            }
            Request::Unsubscribe(id) => {
                subscribers.remove(&id);
            }
            Request::Snapshot(id, request) => {
                let services = Arc::new([view(Status::Ready)]);
                let request = Some(request);
                let _ = subscribers[&id].send(Update::Snapshot {
                    request,
                    services,
                    config: Arc::default(),
                });
            }
            Request::Act(id, request, action) => {
                let updates = &subscribers[&id];
                let decision = match action {
                    Action::StopAll | Action::Shutdown(_) => {
                        Decision::Busy(crate::runtime::Rejection {
                            message: "busy".to_owned(),
                        })
                    }
                    _ => Decision::Accepted,
                };
                let busy = decision != Decision::Accepted;
                let _ = updates.send(Update::Ack { request, decision });
                if busy {
                    continue;
                }
                let (view, at) = (view(Status::Ready), SystemTime::now());
                let _ = updates.send(Update::Status { view, at, after: 0 });
                let outcome = Outcome::Done;
                let report = None;
                let _ = updates.send(Update::Result {
                    request,
                    outcome,
                    report,
                });
            }
            Request::Boot
            | Request::Reload(..)
            | Request::Shutdown(_)
            | Request::HoldTeardown(_) => return,
        }
    }
}

fn serve(listener: TcpListener, logs: &Logs) -> Server {
    let (handle, inbox) = Handle::new();
    tokio::spawn(obedient(inbox));
    let config = SessionConfig {
        token: Token::new("secret").unwrap(),
        session_id: uuid::Uuid::new_v4(),
        first_seq: 1,
        limits: session::Limits::default(),
    };
    session::serve(listener, config, handle, logs.clone())
}

#[tokio::test]
async fn they_understand_each_other() {
    let logs = Logs::open(LogsConfig::new(vec!["api".into()])).unwrap();
    for number in 0..3000 {
        logs.note(0, &format!("line {number}"));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Arc::new(Mutex::new(listener.local_addr().unwrap().to_string()));
    let server = serve(listener, &logs);
    let mut config = config("");
    let target = (config.target)().unwrap();
    let found = Arc::clone(&address);
    config.target = Arc::new(move || {
        Ok(Target {
            address: found.lock().unwrap().clone(),
            ..target.clone()
        })
    });
    config.follow = Some(Follow {
        start: Start::After(0),
        missed: Missed::Fetch,
    });
    let mut connected = soon(connect(config)).await.unwrap();
    let details = &connected.services[0].details;
    assert_eq!(details.signal.as_deref(), Some("SIGKILL"));
    assert_eq!(details.blocked_by, ["db"]);
    assert_eq!(details.wave, Some(3));
    let client = &connected.client;
    assert_eq!(
        soon(client.act(Command::StartService("api".to_owned()))).await,
        Ok(())
    );
    assert!(matches!(
        soon(client.act(Command::StopAll)).await,
        Err(CommandError::Refused(body)) if body.message == "busy"
    ));
    assert!(matches!(
        soon(client.act(Command::StopService("nope".to_owned()))).await,
        Err(CommandError::Refused(body)) if body.code == "unknown_service"
    ));
    assert_eq!(soon(client.snapshot()).await.unwrap().len(), 1);
    logs.note(0, "and on");
    let (seqs, gaps) = connected.events.entries(3001).await;
    assert_eq!((seqs, gaps), ((1..=3001).collect(), vec![]));

    // The server ends and comes back elsewhere, with a log that starts anew.
    soon(server.close()).await;
    connected.events.label("reconnecting").await;
    let logs = Logs::open(LogsConfig::new(vec!["api".into()])).unwrap();
    logs.note(0, "anew");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    *address.lock().unwrap() = listener.local_addr().unwrap().to_string();
    let server = serve(listener, &logs);
    let (seqs, gaps) = connected.events.entries(1).await;
    assert_eq!((seqs, gaps), (vec![1], vec![]));
    drop(server);
}
