//! Clients that do not play along.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::{closed_after, ends_well, say, upgrade};
use crate::harness::{Server, Stack, until};

const FLOOD: &str = "while :; do seq 2000; sleep 0.02; done";

fn server(script: &str) -> Server {
    Stack::new()
        .field("logs", json!({ "dir": "logs", "maxBytes": 8 << 20 }))
        .shell("api", script, json!({}))
        .argument("--quiet")
        .start()
        .booted()
}

/// Commands are answered.
#[track_caller]
fn is_alive(server: &Server) {
    let reply = server.connect().command("get_snapshot", &Value::Null);
    assert!(reply.is_ok(), "{reply:?}");
}

/// How many descriptors the server has open.
fn descriptors(server: &Server) -> usize {
    fs::read_dir(format!("/proc/{}/fd", server.serving_pid()))
        .unwrap()
        .count()
}

/// Waits until the server has no more descriptors than before.
#[track_caller]
fn lets_go(server: &Server, before: usize) {
    until(&format!("{before} descriptors"), || {
        let open = descriptors(server);
        if open <= before { Ok(()) } else { Err(open) }
    });
}

#[test]
fn one_that_stops_reading_holds_nobody_up() {
    let server = server(FLOOD);
    let deaf: Vec<TcpStream> = (0..5).map(|_| upgrade(&server)).collect();
    let mut client = server.connect();
    for _ in 0..3 {
        let reply = client.command("restart_service", &json!({ "service": "api" }));
        assert!(reply.is_ok(), "{reply:?}");
    }
    // The end does not wait for them either.
    server.signal(Signal::SIGTERM);
    let end = server.wait_for_end();
    assert_eq!(end.code, Some(0), "{}", end.stdout);
    super::contiguous(&server.path().join("logs"));
    drop(deaf);
}

#[test]
fn five_hundred_clients_are_served_and_sent_away() {
    let server = server("echo up; exec sleep 1000000");
    let before = descriptors(&server);
    let mut clients: Vec<_> = (0..500).map(|_| server.connect()).collect();
    for client in clients.iter_mut().step_by(50) {
        assert!(client.command("get_snapshot", &Value::Null).is_ok());
    }
    let reply = clients[0].command("restart_service", &json!({ "service": "api" }));
    assert!(reply.is_ok(), "{reply:?}");
    for client in &mut clients[1..] {
        client.wait_for("the restart", |message| {
            message["name"] == "service_status" && message["payload"]["status"] == "stopping"
        });
    }
    let stay = clients.split_off(400);
    drop(clients);
    // The log files may have been opened meanwhile.
    lets_go(&server, before + stay.len() + 4);
    server.signal(Signal::SIGTERM);
    for mut client in stay {
        assert_eq!(client.wait_for_close(), Some(1001));
    }
    assert_eq!(server.wait_for_end().code, Some(0));
}

#[test]
fn requests_that_never_end_are_given_ten_seconds() {
    let server = server("exec sleep 1000000");
    let before = descriptors(&server);
    let half = "GET /ws HTTP/1.1\r\nHost: x\r\nAuthorization: Bear";
    let half_open: Vec<TcpStream> = (0..200).map(|_| say(&server, half)).collect();
    let silent: Vec<TcpStream> = (0..20).map(|_| say(&server, "")).collect();
    let slow = say(&server, "GET / HTTP/1.1\r\n");
    // A byte every quarter of a second does not make it longer.
    let dripping = std::thread::spawn({
        let mut slow = slow.try_clone().unwrap();
        move || {
            while slow.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(250));
            }
        }
    });
    is_alive(&server);
    let took = closed_after(slow);
    assert!(took < Duration::from_secs(15), "{took:?}");
    for stream in half_open.into_iter().chain(silent) {
        closed_after(stream);
    }
    dripping.join().unwrap();
    lets_go(&server, before + 4);
    is_alive(&server);
    ends_well(&server);
}

#[test]
fn a_message_of_one_mebibyte_is_read_and_one_byte_more_is_not() {
    let server = server("exec sleep 1000000");
    let mut client = server.connect();
    let padded = |size: usize| {
        let start = r#"{"type":"command","id":"big","name":"get_snapshot","x":""#;
        format!("{start}{}\"}}", "y".repeat(size - start.len() - 2))
    };
    client.send(padded(1 << 20));
    let reply = client.reply("big");
    assert!(reply.is_ok(), "{reply:?}");
    client.send(padded((1 << 20) + 1));
    assert_eq!(client.wait_for_close(), Some(1009));
    is_alive(&server);
    ends_well(&server);
}

#[test]
fn connections_cut_in_the_middle_of_a_frame_are_let_go() {
    let server = server(FLOOD);
    is_alive(&server);
    let before = descriptors(&server);
    for cut in [1, 2, 6, 9, 500] {
        for _ in 0..10 {
            let mut stream = upgrade(&server);
            // A masked text frame of 1,000 bytes, and so much of it.
            let mut frame = vec![0x81, 0xfe, 0x03, 0xe8, 1, 2, 3, 4];
            frame.resize(1008, b'z');
            stream.write_all(&frame[..cut]).unwrap();
        }
    }
    lets_go(&server, before + 4);
    is_alive(&server);
    ends_well(&server);
}

/// They took every place: the session could not be asked, nor ended.
#[test]
fn connections_without_credentials_do_not_keep_the_command_line_out() {
    let server = server("exec sleep 1000000");
    let half: Vec<TcpStream> = (0..1100)
        .filter_map(|_| {
            let mut stream = TcpStream::connect(server.address()).ok()?;
            stream.write_all(b"GET /health HT").ok()?;
            Some(stream)
        })
        .collect();
    assert_eq!(server.run(["status"]).code, Some(0));
    let down = server.run(["down"]);
    assert_eq!(down.code, Some(0), "{}", down.stderr);
    assert_eq!(server.wait_for_end().code, Some(0));
    drop(half);
}
