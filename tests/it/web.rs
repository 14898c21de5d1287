//! `flowlayer web`: who gets in, and what a tab is sent. The page itself is tested in a browser
//! (`tests/web`).

use std::env;
use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket, client};

use crate::harness::{Child, DEADLINE, Server, Stack, flowlayer_in, free_port, until};

/// A running `flowlayer web`.
#[derive(Debug)]
struct Web {
    child: Child,
    port: u16,
    code: String,
}

/// What a browser holds after the exchange.
#[derive(Debug, Clone)]
struct Login {
    cookie: String,
    key: String,
}

/// The answer to a request: its status, its headers in lower case, its body.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: String,
    body: String,
}

impl Web {
    fn start(server: &Server) -> Self {
        Self::of(Child::spawn(server.client(["web", "--no-open"])))
    }

    fn of(child: Child) -> Self {
        let line = child.wait_for_line("#code=");
        let (address, code) = line.split_once("/#code=").unwrap();
        let port = address.strip_prefix("http://127.0.0.1:").unwrap();
        let (port, code) = (port.parse().unwrap(), code.to_owned());
        Self { child, port, code }
    }

    fn origin(&self) -> String {
        format!("http://{}", self.host())
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Sends a request with these headers alone.
    fn request(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut text = format!(
            "{line} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        text.extend(["\r\n", body]);
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head[9..12].parse().unwrap(),
            headers: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    fn exchange(&self, code: &str) -> Answer {
        let (host, origin) = (self.host(), self.origin());
        let headers = [("Host", host.as_str()), ("Origin", origin.as_str())];
        self.request("POST /exchange", &headers, code)
    }

    fn log_in(&self) -> Login {
        let answer = self.exchange(&self.code);
        assert_eq!(answer.status, 200, "{answer:?}");
        let cookie = answer.headers.split("set-cookie: ").nth(1).unwrap();
        assert!(cookie.contains("httponly; samesite=strict"), "{cookie}");
        Login {
            cookie: cookie.split(';').next().unwrap().to_owned(),
            key: answer.body,
        }
    }

    /// Opens the socket with these headers beside those of a handshake.
    fn socket(
        &self,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<WebSocket<TcpStream>, u16> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut request = format!("ws://{}/ws{query}", self.host())
            .into_client_request()
            .unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match client(request, stream) {
            Ok((socket, _)) => Ok(socket),
            Err(tokio_tungstenite::tungstenite::HandshakeError::Failure(Error::Http(answer))) => {
                Err(answer.status().as_u16())
            }
            Err(other) => panic!("{other}"),
        }
    }

    /// Opens a tab, as the page does.
    fn tab(&self, query: &str, login: &Login) -> Tab {
        let origin = self.origin();
        let headers = [("cookie", login.cookie.as_str()), ("origin", &origin)];
        let mut socket = self.socket(query, &headers).unwrap();
        let key = json!({"type": "key", "key": login.key}).to_string();
        socket.send(Message::text(key)).unwrap();
        Tab(socket)
    }
}

struct Tab(WebSocket<TcpStream>);

impl Tab {
    /// The payload of the next message with this name.
    #[track_caller]
    fn next(&mut self, name: &str) -> Value {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => {
                    let mut message: Value = serde_json::from_str(&text).unwrap();
                    if message["name"] == name || message["type"] == name {
                        return message["payload"].take();
                    }
                }
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("{other:?} instead of {name}"),
            }
        }
    }

    fn link(&mut self, state: &str) -> Value {
        loop {
            let link = self.next("link");
            if link["state"] == state {
                return link;
            }
        }
    }

    fn close_code(&mut self) -> Option<u16> {
        loop {
            match self.0.read() {
                Ok(Message::Close(frame)) => return frame.map(|frame| frame.code.into()),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }
}

fn stack() -> Server {
    Stack::new().daemon("api", json!({})).start().booted()
}

#[test]
fn a_code_works_once() {
    let server = stack();
    let web = Web::start(&server);
    assert_eq!(web.exchange("fl_guessed").status, 403);
    assert_eq!(web.exchange(&"x".repeat(1000)).status, 400);
    web.log_in();
    assert_eq!(web.exchange(&web.code).status, 403, "it was used");
}

#[test]
fn the_socket_needs_cookie_and_key() {
    let server = stack();
    let web = Web::start(&server);
    let login = web.log_in();
    let origin = web.origin();
    let refused = |headers: &[(&'static str, &str)]| web.socket("", headers).unwrap_err();
    assert_eq!(refused(&[]), 401, "no cookie");
    let name = login.cookie.split('=').next().unwrap();
    assert!(name.contains(&web.port.to_string()), "{name}");
    let stale = format!("{name}=fl_stale");
    assert_eq!(refused(&[("cookie", &stale), ("origin", &origin)]), 401);
    let cookie = ("cookie", login.cookie.as_str());
    for first in [r#"{"key":"fl_guessed"}"#, r#"{"key":""}"#, "[]", "no json"] {
        let mut tab = Tab(web.socket("", &[cookie, ("origin", &origin)]).unwrap());
        tab.0.send(Message::text(first)).unwrap();
        assert_eq!(tab.close_code(), Some(4401), "{first}");
    }
    web.tab("", &login).next("snapshot");
}

#[test]
fn other_sites_and_other_names_of_this_host_are_refused() {
    let server = stack();
    let web = Web::start(&server);
    let login = web.log_in();
    let (host, origin) = (web.host(), web.origin());
    let cookie = ("cookie", login.cookie.as_str());
    let other_port = format!("http://127.0.0.1:{}", free_port());
    for from in ["http://evil.example", "null", &other_port] {
        let answer = web.socket("", &[cookie, ("origin", from)]);
        assert_eq!(answer.unwrap_err(), 403, "a socket from {from}");
        let headers = [("Host", host.as_str()), ("Origin", from)];
        let answer = web.request("POST /exchange", &headers, &web.code);
        assert_eq!(answer.status, 403, "a form from {from}");
    }
    let rebound = format!("evil.example:{}", web.port);
    let answer = web.socket("", &[cookie, ("host", &rebound), ("origin", &origin)]);
    assert_eq!(answer.unwrap_err(), 403);
    for path in ["/", "/main.js", "/ws", "/nothing"] {
        for headers in [vec![("Host", rebound.as_str())], vec![]] {
            let answer = web.request(&format!("GET {path}"), &headers, "");
            // hyper itself refuses a request without a host.
            assert!([400, 403].contains(&answer.status), "{path} {answer:?}");
        }
    }
}

#[test]
fn the_page_is_served_with_a_strict_policy() {
    let server = stack();
    let web = Web::start(&server);
    let host = web.host();
    let get = |line: &str| web.request(line, &[("Host", &host)], "");
    let page = get("GET /");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("/main.js"), "{page:?}");
    for header in [
        "content-security-policy: default-src 'none'; script-src 'self'",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
    ] {
        assert!(page.headers.contains(header), "{header}: {page:?}");
    }
    assert_eq!(get("GET /main.js").status, 200);
    assert_eq!(get("GET /nothing").status, 404);
    assert_eq!(get("GET /../Cargo.toml").status, 404);
    assert_eq!(get("POST /").status, 405);
    assert_eq!(get("GET /exchange").status, 405);
    assert_eq!(get("GET /ws").status, 401);
}

#[test]
fn tabs_pass_commands_and_the_tokens_stay_behind() {
    let server = stack();
    let web = Web::start(&server);
    let login = web.log_in();
    let (mut one, mut two) = (web.tab("", &login), web.tab("", &login));
    let listed = one.next("sessions").to_string();
    assert!(!listed.contains("test-token"), "{listed}");
    let sessions: Value = serde_json::from_str(&listed).unwrap();
    let session = &sessions["sessions"][0]["session_id"];
    assert_eq!(&one.link("open")["session_id"], session);
    for tab in [&mut one, &mut two] {
        assert_eq!(tab.next("snapshot")["services"][0]["name"], "api");
    }
    let restart = json!({"type": "command", "id": "1", "name": "restart_service",
        "payload": {"service": "api"}});
    one.0.send(Message::text(restart.to_string())).unwrap();
    assert_eq!(one.next("ack")["accepted"], true);
    assert_eq!(one.next("result")["ok"], true);
    assert_eq!(two.next("service_status")["status"], "stopping");
}

#[test]
fn a_tab_goes_on_with_the_next_session_of_its_configuration() {
    let mut server = stack();
    let web = Web::start(&server);
    let login = web.log_in();
    let mut tab = web.tab("", &login);
    let first = tab.next("hello")["session_id"].take();
    server.stop();
    tab.link("ended");
    server.start_again();
    let second = tab.next("hello")["session_id"].take();
    assert_ne!(first, second);
    // A page that is reloaded asks for the session that it knows.
    let query = format!("?session={}", first.as_str().unwrap());
    let mut reloaded = web.tab(&query, &login);
    assert_eq!(reloaded.next("hello")["session_id"], second);
    web.tab("?session=unheard-of", &login).link("ended");
}

#[test]
fn a_tab_shows_the_session_that_it_asks_for() {
    let here = stack();
    let there = Stack::new()
        .daemon("other", json!({}))
        .variable("XDG_RUNTIME_DIR", here.path())
        .start()
        .booted();
    let web = Web::start(&here);
    let login = web.log_in();
    let mut tab = web.tab("", &login);
    let sessions = tab.next("sessions")["sessions"].take();
    assert_eq!(sessions.as_array().unwrap().len(), 2, "{sessions}");
    let opened = tab.next("snapshot")["services"][0]["name"].take();
    assert_eq!(opened, "api", "that of this directory");
    let query = format!("?session={}", sessions[1]["session_id"].as_str().unwrap());
    let mut other = web.tab(&query, &login);
    assert_eq!(other.next("snapshot")["services"][0]["name"], "other");
    drop(there);
    assert_eq!(
        tab.next("sessions")["sessions"].as_array().unwrap().len(),
        1
    );
}

#[test]
fn it_waits_for_a_session_and_ends_with_an_interrupt() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = flowlayer_in(directory.path());
    command.args(["web", "--no-open"]);
    let web = Web::of(Child::spawn(command));
    let mut tab = web.tab("", &web.log_in());
    assert_eq!(tab.next("sessions")["sessions"], json!([]));
    tab.link("none");
    web.child.signal(Signal::SIGINT);
    assert_eq!(web.child.finish().code, Some(0));
    assert_eq!(tab.close_code(), None);
}

#[test]
fn the_browser_gets_the_code_through_a_file_that_only_the_user_can_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let script = "#!/bin/sh\nstat -c %a \"$1\" > mode; cp \"$1\" copy; echo \"$@\" > arguments.new; mv arguments.new arguments";
    fs::write(path("xdg-open"), script).unwrap();
    fs::set_permissions(path("xdg-open"), Permissions::from_mode(0o755)).unwrap();
    let search = format!(
        "{}:{}",
        directory.path().display(),
        env::var("PATH").unwrap()
    );
    let mut command = flowlayer_in(directory.path());
    command
        .arg("web")
        .env("PATH", search)
        .env("DISPLAY", ":0")
        .env_remove("BROWSER");
    let web = Web::of(Child::spawn(command));
    let arguments = until("the browser is opened", || {
        fs::read_to_string(path("arguments"))
    });
    let file = PathBuf::from(arguments.trim());
    assert!(!arguments.contains(&web.code), "{arguments}");
    assert_eq!(fs::read_to_string(path("mode")).unwrap().trim(), "600");
    let page = fs::read_to_string(path("copy")).unwrap();
    assert!(page.contains(&format!("url={}/#code={}", web.origin(), web.code)));
    web.child.signal(Signal::SIGTERM);
    assert_eq!(web.child.finish().code, Some(0));
    assert!(!file.exists(), "it is removed with the page");
}

#[test]
fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let directory = tempfile::tempdir().unwrap();
    let mut command = flowlayer_in(directory.path());
    command.args(["web", "--no-open", "--port", &port]);
    Child::spawn(command)
        .finish()
        .refused(1, &["127.0.0.1", &port, "--port"]);
}

/// More than the buffers of two sockets hold.
const FLOOD: &str = "yes 'a line of output' | head -n 200000; exec sleep 1000000";

#[test]
fn a_tab_that_does_not_read_holds_up_nobody() {
    let server = Stack::new()
        .shell("noisy", FLOOD, json!({}))
        .daemon("api", json!({}))
        .start();
    let web = Web::start(&server);
    let login = web.log_in();
    let mut idle = web.tab("", &login);
    idle.next("snapshot");
    let mut busy = web.tab("", &login);
    busy.next("snapshot");
    for id in 1..=2 {
        let restart = json!({"type": "command", "id": id.to_string(), "name": "restart_service",
            "payload": {"service": "api"}});
        busy.0.send(Message::text(restart.to_string())).unwrap();
        assert_eq!(busy.next("result")["ok"], true);
    }
    drop(idle);
}

#[test]
fn connections_that_ask_nothing_keep_nobody_out() {
    let server = stack();
    let web = Web::start(&server);
    let login = web.log_in();
    let mut tab = web.tab("", &login);
    tab.next("snapshot");
    let silent: Vec<TcpStream> = (0..80)
        .map(|_| {
            let mut stream = TcpStream::connect(("127.0.0.1", web.port)).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
            stream.set_read_timeout(Some(DEADLINE)).unwrap();
            stream
        })
        .collect();
    let host = web.host();
    assert_eq!(web.request("GET /", &[("Host", &host)], "").status, 200);
    let mut oldest = &silent[0];
    let closed = oldest.read(&mut [0]);
    assert!(!matches!(closed, Ok(1..)), "it made room: {closed:?}");
    // An open tab is none of them.
    let restart = json!({"type": "command", "id": "1", "name": "restart_service",
        "payload": {"service": "api"}});
    tab.0.send(Message::text(restart.to_string())).unwrap();
    assert_eq!(tab.next("result")["ok"], true);
}
