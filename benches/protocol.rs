//! Messages of the session API: what a server does with each that comes, and what a client does.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flowlayer_core::protocol::{self, Command, Incoming, message};

const ENTRY: &str = r#"{"seq":4711,"service":"api","phase":"ready","stream":"stdout","message":"GET /api/v1/items/17?page=2 \"200 OK\" 3ms","timestamp":"2026-04-18T10:30:00.007Z"}"#;

/// A message of a client, from its bytes to what is to be done.
fn commands(c: &mut Criterion) {
    let mut group = c.benchmark_group("envelope of a command");
    for (name, text) in [
        (
            "get_logs",
            r#"{"type":"command","id":"42","name":"get_logs","payload":{"service":"api","limit":500,"before_seq":4711}}"#,
        ),
        (
            "restart_service",
            r#"{"type":"command","id":"0b0e9f6a-92a1-4a3e-8f0b-2f4f1a2b3c4d","name":"restart_service","payload":{"service":"api"}}"#,
        ),
        ("no JSON", r#"{"type":"command","id":"42","name":"#),
    ] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                let envelope = protocol::parse(black_box(text.as_bytes())).ok()?;
                Command::interpret(&envelope.name, envelope.payload.as_ref()).ok()
            });
        });
    }
    group.finish();
}

/// A message of the server, as a client reads it.
fn events(c: &mut Criterion) {
    let mut group = c.benchmark_group("message of the server");
    let log = message::log(ENTRY);
    let page = message::page("42", "entries", &vec![ENTRY; 500].join(","), true, 500);
    for (name, text) in [("log event", &log), ("page of 500 entries", &page)] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| Incoming::parse(black_box(text)).is_ok());
        });
    }
    group.bench_function("writing a log event", |b| {
        b.iter(|| message::log(black_box(ENTRY)));
    });
    group.finish();
}

criterion_group!(benches, commands, events);
criterion_main!(benches);
