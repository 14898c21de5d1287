//! The inner paths of the log: cutting lines, adding them, rendering them, finding them again,
//! and the whole way of a flood from pipes to files.

use std::fs;
use std::hint::black_box;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use flowlayer_core::facts::Stream;
use flowlayer_core::logs::lines::Splitter;
use flowlayer_core::logs::{Archive, Found, Logs, LogsConfig, Pattern, Query, Search};
use nix::sys::resource::{UsageWho, getrusage};

/// What `seq` prints: the shortest lines that occur, so the most of them.
fn numbers(count: u32) -> Vec<u8> {
    let lines: Vec<_> = (1..=count).map(|line| format!("{line}\n")).collect();
    lines.concat().into_bytes()
}

/// Lines as servers print them, with colours.
fn access_log(count: u32) -> Vec<u8> {
    let line =
        |n| format!("\u{1b}[32mINFO\u{1b}[0m GET /api/v1/items/{n}?page=2 \"200 OK\" {n}ms\n");
    (0..count)
        .map(line)
        .collect::<Vec<_>>()
        .concat()
        .into_bytes()
}

fn services(count: usize) -> Vec<Arc<str>> {
    (0..count)
        .map(|n| format!("service-{n:02}").into())
        .collect()
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Sends bytes through a pipe, as a service would, and waits until all lines are in the log.
async fn send(logs: &Logs, service: usize, text: Arc<[u8]>) {
    let (read, mut write) = std::io::pipe().expect("a pipe");
    let mut reader = logs.read_pipe(read.into(), service, Stream::Stdout, None);
    let writer = std::thread::spawn(move || {
        for chunk in text.chunks(4096) {
            write.write_all(chunk).expect("somebody reads");
        }
    });
    reader.ended().await;
    writer.join().expect("it has written all");
}

fn splitting(c: &mut Criterion) {
    let mut group = c.benchmark_group("split");
    for (name, text) in [
        ("numbers", numbers(10_000)),
        ("access log", access_log(1000)),
    ] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| {
            let mut splitter = Splitter::default();
            b.iter(|| {
                let mut count = 0;
                for chunk in text.chunks(64 * 1024) {
                    splitter.push(chunk, &mut |lines| count += lines.count());
                }
                count
            });
        });
    }
    group.finish();
}

fn adding(c: &mut Criterion) {
    let logs = Logs::open(LogsConfig::new(services(50))).expect("memory");
    let mut service = 0;
    c.bench_function("append one line", |b| {
        b.iter(|| {
            service = (service + 1) % 50;
            logs.note(service, black_box("GET /health 200"));
        });
    });
}

fn rendering(c: &mut Criterion) {
    let runtime = runtime();
    let mut group = c.benchmark_group("entry to JSON");
    for (name, text) in [("numbers", numbers(5000)), ("access log", access_log(800))] {
        let mut config = LogsConfig::new(services(1));
        // Nothing is recent for long: each batch is rendered anew.
        config.limits.recent_bytes = 1;
        let logs = Logs::open(config).expect("memory");
        let mut cursor = logs.cursor();
        runtime.block_on(send(&logs, 0, text.into()));
        let batches = cursor.try_next().expect("the last batch").batches;
        logs.note(0, "pushes it out");
        let entries: usize = batches.iter().map(|batch| batch.len()).sum();
        group.throughput(Throughput::Elements(entries as u64));
        group.bench_function(name, |b| {
            b.iter_batched(
                || batches.clone(),
                |batches| {
                    let rendered = batches.iter().map(|batch| batch.rendered().as_str().len());
                    rendered.sum::<usize>()
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

const ALL: Query = Query {
    service: None,
    limit: 500,
    after_seq: None,
    before_seq: None,
};

fn asking_memory(c: &mut Criterion) {
    let runtime = runtime();
    let logs = Logs::open(LogsConfig::new(services(50))).expect("memory");
    for _ in 0..5000 {
        for service in 0..50 {
            logs.note(service, "GET /api/v1/items/17?page=2 200 3ms");
        }
    }
    let last = logs.last_seq();
    let mut group = c.benchmark_group("get_logs, 50 services, full buffers");
    let queries = [
        ("default page", ALL),
        (
            "after_seq",
            Query {
                after_seq: Some(last - 200),
                ..ALL
            },
        ),
        (
            "before_seq",
            Query {
                before_seq: Some(last / 2),
                ..ALL
            },
        ),
        (
            "one service",
            Query {
                service: Some(7),
                ..ALL
            },
        ),
    ];
    for (name, query) in queries {
        group.bench_function(name, |b| {
            b.iter(|| runtime.block_on(logs.query(query)).len());
        });
    }
    let mut times = Vec::new();
    group.bench_function("default page, under 50,000 lines/s", |b| {
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (writer, ended) = (logs.clone(), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let begun = Instant::now();
            let mut sent = 0;
            while !ended.load(std::sync::atomic::Ordering::Relaxed) {
                while sent < begun.elapsed().as_micros() / 20 {
                    writer.note((sent % 50) as usize, "GET /api/v1/items/17?page=2 200 3ms");
                    sent += 1;
                }
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        b.iter(|| {
            let begun = Instant::now();
            let len = runtime.block_on(logs.query(ALL)).len();
            times.push(begun.elapsed());
            len
        });
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        thread.join().expect("it stops");
    });
    report(&mut times);
    group.finish();
}

fn report(times: &mut [Duration]) {
    times.sort();
    if let Some(time) = times.get(times.len() * 99 / 100) {
        eprintln!("  99 of 100 within {time:?}");
    }
}

/// A directory with 10,000,000 lines, made once a run.
fn big(dir: &Path, runtime: &tokio::runtime::Runtime) -> u64 {
    let logs = open(dir);
    let text: Arc<[u8]> = numbers(1_000_000).into();
    let begun = Instant::now();
    for _ in 0..10 {
        runtime.block_on(send(&logs, 0, Arc::clone(&text)));
    }
    runtime.block_on(logs.close());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find(|line| line.starts_with("VmRSS"));
    eprintln!(
        "  10,000,000 lines in {:?}, then {resident:?}",
        begun.elapsed()
    );
    logs.last_seq()
}

fn open(dir: &Path) -> Logs {
    let mut config = LogsConfig::new(services(2));
    config.dir = Some(dir.to_owned());
    config.max_file_bytes = u64::MAX;
    Logs::open(config).expect("a directory of our own")
}

fn asking_files(c: &mut Criterion) {
    let runtime = runtime();
    let dir = tempfile::tempdir().expect("a directory");
    let last = big(dir.path(), &runtime);
    let mut group = c.benchmark_group("10,000,000 lines in files");
    group.sample_size(20);
    group.bench_function("open and close", |b| {
        b.iter(|| runtime.block_on(open(dir.path()).close()));
    });
    let logs = open(dir.path());
    let mut place = 0;
    let mut times = Vec::new();
    group.bench_function("before_seq anywhere", |b| {
        b.iter(|| {
            place = (place + 6_700_417) % last;
            let query = Query {
                before_seq: Some(place + 1),
                ..ALL
            };
            let begun = Instant::now();
            let len = runtime.block_on(logs.query(query)).len();
            times.push(begun.elapsed());
            len
        });
    });
    report(&mut times);
    runtime.block_on(logs.close());
    let archive = Archive::open(dir.path()).expect("it is there");
    let bytes = fs::metadata(dir.path().join("all.jsonl"))
        .expect("a file")
        .len();
    group.throughput(Throughput::Bytes(bytes)).sample_size(10);
    let pattern = Pattern::new("99999$", false, false).expect("a pattern");
    let search = Search {
        pattern: Some(pattern),
        ..Search::default()
    };
    group.bench_function("search all messages", |b| {
        b.iter(|| {
            let mut found = 0;
            let mut count = |_: Found<'_>| {
                found += 1;
                ControlFlow::Continue(())
            };
            archive.search(&search, &mut count).expect("it can be read");
            found
        });
    });
    group.finish();
}

fn flood(c: &mut Criterion) {
    let runtime = runtime();
    let text: Arc<[u8]> = numbers(1_000_000).into();
    let mut group = c.benchmark_group("flood of 2 × 1,000,000 short lines");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(2_000_000));
    for (name, with_files) in [("memory", false), ("files", true)] {
        let (mut rounds, mut cpu) = (0, Duration::ZERO);
        group.bench_function(name, |b| {
            b.iter_custom(|count| {
                let mut total = Duration::ZERO;
                for _ in 0..count {
                    let dir = tempfile::tempdir().expect("a directory");
                    let mut config = LogsConfig::new(services(2));
                    config.dir = with_files.then(|| dir.path().to_owned());
                    let logs = Logs::open(config).expect("a log");
                    let (begun, used) = (Instant::now(), cpu_time(UsageWho::RUSAGE_SELF));
                    runtime.block_on(async {
                        let first = send(&logs, 0, Arc::clone(&text));
                        let second = send(&logs, 1, Arc::clone(&text));
                        tokio::join!(first, second);
                        logs.close().await;
                    });
                    total += begun.elapsed();
                    cpu += cpu_time(UsageWho::RUSAGE_SELF).saturating_sub(used);
                    rounds += 2;
                    assert_eq!(logs.last_seq(), 2_000_000);
                }
                total
            });
        });
        eprintln!(
            "  processor time for 1,000,000 lines, writers included: {:?}",
            cpu / rounds.max(1)
        );
    }
    group.finish();
}

/// What a second costs in which 50 services print 50,000 lines, each line by itself, and 10
/// followers take them as JSON. The time shown is processor time, without that of the services.
fn following(c: &mut Criterion) {
    let runtime = runtime();
    let mut group = c.benchmark_group("50,000 lines/s from 50 services");
    group.sample_size(10);
    for (name, followers, with_files) in [
        ("memory, nobody follows", 0, false),
        ("memory, 10 followers", 10, false),
        ("files, 10 followers", 10, true),
    ] {
        group.bench_function(name, |b| {
            b.iter_custom(|count| {
                let seconds = u32::try_from(count).expect("a few");
                let dir = tempfile::tempdir().expect("a directory");
                let mut config = LogsConfig::new(services(50));
                config.dir = with_files.then(|| dir.path().to_owned());
                let logs = Logs::open(config).expect("a log");
                let used = cpu_time(UsageWho::RUSAGE_SELF);
                let writing = runtime.block_on(follow(&logs, followers, seconds));
                cpu_time(UsageWho::RUSAGE_SELF).saturating_sub(used + writing)
            });
        });
    }
    group.finish();
}

/// Tells the processor time of the services.
async fn follow(logs: &Logs, followers: usize, seconds: u32) -> Duration {
    let mut pipes = Vec::new();
    let mut readers = Vec::new();
    for service in 0..50 {
        let (read, write) = std::io::pipe().expect("a pipe");
        readers.push(logs.read_pipe(read.into(), service, Stream::Stdout, None));
        pipes.push(write);
    }
    let lines = u64::from(seconds) * 50_000;
    let follow = |mut cursor: flowlayer_core::logs::Cursor| async move {
        let (mut seen, mut bytes) = (0, 0);
        while seen < lines {
            let taken = cursor.next().await;
            assert_eq!(taken.skipped, 0);
            for batch in &taken.batches {
                bytes += batch.rendered().as_str().len();
                seen = batch.last_seq();
            }
        }
        bytes
    };
    let followers: Vec<_> = (0..followers)
        .map(|_| tokio::spawn(follow(logs.cursor())))
        .collect();
    let writer = std::thread::spawn(move || {
        let used = cpu_time(UsageWho::RUSAGE_THREAD);
        let begun = Instant::now();
        for round in 0..seconds * 1000 {
            for pipe in &mut pipes {
                pipe.write_all(b"GET /api/v1/items/17?page=2 200 3ms\n")
                    .expect("somebody reads");
            }
            let next = begun + Duration::from_millis(1) * (round + 1);
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        cpu_time(UsageWho::RUSAGE_THREAD).saturating_sub(used)
    });
    for reader in &mut readers {
        reader.ended().await;
    }
    for follower in followers {
        follower.await.expect("it has seen all");
    }
    logs.close().await;
    writer.join().expect("it has written all")
}

/// Processor time so far.
fn cpu_time(who: UsageWho) -> Duration {
    let usage = getrusage(who).expect("of ourselves");
    let time = |t: nix::sys::time::TimeVal| {
        Duration::from_secs(t.tv_sec().unsigned_abs())
            + Duration::from_micros(t.tv_usec().unsigned_abs())
    };
    time(usage.user_time()) + time(usage.system_time())
}

criterion_group!(
    benches,
    splitting,
    adding,
    rendering,
    asking_memory,
    asking_files,
    flood,
    following
);
criterion_main!(benches);
