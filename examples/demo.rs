//! The services of the example stacks, all in one program without dependencies.
//!
//! `rustc demo.rs` is all it takes to build it, and that is how the quickstart does it:
//!
//! - `demo store` keeps keys and values, over TCP, on `$PORT`;
//! - `demo migrate` prepares the store at `$STORE` and ends;
//! - `demo api` serves the store's items over HTTP on `$PORT`;
//! - `demo worker` takes items from the store at `$STORE` and works on them;
//! - `demo gateway` hands requests on to the API at `$API`, on `$PORT`.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let role = env::args().nth(1).unwrap_or_default();
    let ended = match role.as_str() {
        "store" => store(),
        "migrate" => migrate(),
        "api" => api(),
        "worker" => worker(),
        "gateway" => gateway(),
        _ => Err("say which: demo store|migrate|api|worker|gateway".into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{role}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The variable's value; the stack's configuration sets it.
fn variable(name: &str) -> Result<String> {
    env::var(name).map_err(|_| format!("the variable {name} is not set").into())
}

/// Listens on `$PORT` of this machine and hands every connection to a thread of its own.
fn listen(serve: impl Fn(TcpStream) -> Result<()> + Send + Sync + 'static) -> Result<()> {
    let port: u16 = variable("PORT")?.parse()?;
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("listening on 127.0.0.1:{port}");
    let serve = Arc::new(serve);
    for stream in listener.incoming() {
        let (stream, serve) = (stream?, Arc::clone(&serve));
        thread::spawn(move || {
            // A probe only connects, and a client may leave when it likes.
            if let Err(error) = serve(stream) {
                eprintln!("connection: {error}");
            }
        });
    }
    Ok(())
}

/// `SET key value` → `OK`; `GET key` → the value, or nothing; `KEYS` → all keys.
fn store() -> Result<()> {
    let data = Mutex::new(BTreeMap::<String, String>::new());
    listen(move |stream| {
        let mut answers = stream.try_clone()?;
        for line in BufReader::new(stream).lines() {
            let line = line?;
            let mut words = line.splitn(3, ' ');
            let mut data = data.lock().map_err(|_| "the store is broken")?;
            let answer = match (words.next(), words.next(), words.next()) {
                (Some("SET"), Some(key), Some(value)) => {
                    println!("{key} = {value}");
                    data.insert(key.to_owned(), value.to_owned());
                    "OK".to_owned()
                }
                (Some("GET"), Some(key), None) => data.get(key).cloned().unwrap_or_default(),
                (Some("KEYS"), None, None) => data.keys().cloned().collect::<Vec<_>>().join(" "),
                _ => "ERROR say SET key value, GET key or KEYS".to_owned(),
            };
            drop(data);
            writeln!(answers, "{answer}")?;
        }
        Ok(())
    })
}

/// One question to the store, one answer.
fn ask(store: &str, question: &str) -> Result<String> {
    let mut stream = TcpStream::connect(store).map_err(|error| format!("{store}: {error}"))?;
    writeln!(stream, "{question}")?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    Ok(answer.trim_end().to_owned())
}

fn migrate() -> Result<()> {
    let store = variable("STORE")?;
    for (step, question) in ["SET schema 1", "SET item:1 apples", "SET item:2 pears"]
        .iter()
        .enumerate()
    {
        println!("migration {}: {question}", step + 1);
        ask(&store, question)?;
    }
    println!("the store is at schema {}", ask(&store, "GET schema")?);
    Ok(())
}

/// `/healthz`, and `/items` as one line each.
fn api() -> Result<()> {
    let store = variable("STORE")?;
    if ask(&store, "GET schema")? != "1" {
        return Err("the store is not migrated".into());
    }
    listen_http(move |path| match path {
        "/healthz" => Ok((200, "ok\n".to_owned())),
        "/items" => {
            let keys = ask(&store, "KEYS")?;
            let items = keys.split(' ').filter(|key| key.starts_with("item:"));
            let lines: Result<Vec<String>> = items
                .map(|key| Ok(format!("{key} {}\n", ask(&store, &format!("GET {key}"))?)))
                .collect();
            Ok((200, lines?.concat()))
        }
        _ => Ok((404, format!("nothing at {path}\n"))),
    })
}

fn gateway() -> Result<()> {
    let api = variable("API")?;
    listen_http(move |path| {
        let mut stream = TcpStream::connect(&api)?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {api}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("half an answer")?;
        let status = head.split(' ').nth(1).unwrap_or_default().parse()?;
        Ok((status, body.to_owned()))
    })
}

fn worker() -> Result<()> {
    let store = variable("STORE")?;
    for round in 1_u64.. {
        let keys = ask(&store, "KEYS")?;
        let items = keys
            .split(' ')
            .filter(|key| key.starts_with("item:"))
            .count();
        println!("\u{1b}[36mround {round}\u{1b}[0m: {items} items in stock");
        thread::sleep(Duration::from_secs(2));
    }
    Ok(())
}

/// As much HTTP as the example needs: one GET a connection, answered with a status and a text.
fn listen_http(
    answer: impl Fn(&str) -> Result<(u16, String)> + Send + Sync + 'static,
) -> Result<()> {
    listen(move |mut stream| {
        let mut head = Vec::new();
        let mut lines = BufReader::new(stream.try_clone()?);
        while !head.ends_with(b"\r\n\r\n") {
            if lines.read_until(b'\n', &mut head)? == 0 {
                return Ok(());
            }
        }
        let head = String::from_utf8_lossy(&head);
        let path = head.split(' ').nth(1).unwrap_or("/");
        let (status, body) = answer(path).unwrap_or_else(|error| (502, format!("{error}\n")));
        println!("GET {path} {status}");
        write!(
            stream,
            "HTTP/1.1 {status} \r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )?;
        Ok(())
    })
}
