//! The output on a real pipe: order, floods, readers that stop, readers that go away.

use std::io::{BufRead, BufReader, PipeReader, Read, pipe};
use std::sync::Arc;

use flowlayer_core::facts::Status;
use flowlayer_core::logs::{Logs, LogsConfig};
use tokio::runtime::Runtime;

use super::*;

struct Fixture {
    runtime: Runtime,
    logs: Logs,
    output: Output,
    reader: BufReader<PipeReader>,
}

fn start() -> Fixture {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let names: Vec<Arc<str>> = vec!["api".into(), "db".into(), "quiet".into()];
    let logs = Logs::open(LogsConfig::new(names.clone())).unwrap();
    for service in 0..names.len() {
        logs.set_phase(service, Status::Running);
    }
    let (reader, writer) = pipe().unwrap();
    let mut output = Output::start_on(writer.into(), runtime.handle().clone()).unwrap();
    output.line("first");
    output.follow(
        &logs,
        Lines::new(&names[..2], false),
        vec![false, false, true],
    );
    Fixture {
        runtime,
        logs,
        output,
        reader: BufReader::new(reader),
    }
}

impl Fixture {
    #[track_caller]
    fn reads(&mut self, wanted: &[&str]) {
        for wanted in wanted {
            let mut line = String::new();
            self.reader.read_line(&mut line).unwrap();
            assert_eq!(line.trim_end(), *wanted);
        }
    }
}

#[test]
fn own_lines_stand_where_they_were_said() {
    let mut f = start();
    f.reads(&["first"]);
    f.logs.note(0, "one");
    f.output.line("api → ready");
    f.logs.note(1, "two");
    f.logs.note(2, "not shown");
    f.logs.note(0, "three");
    f.output.line("db → ready");
    f.output.line("done");
    f.reads(&[
        "api │ [flowlayer] one",
        "api → ready",
        "db  │ [flowlayer] two",
        "api │ [flowlayer] three",
        "db → ready",
        "done",
    ]);
}

#[test]
fn closing_writes_all_there_is() {
    let mut f = start();
    for number in 0..1000 {
        f.logs.note(number % 2, &number.to_string());
    }
    f.output.line("last");
    let reading = std::thread::spawn(move || {
        let mut all = String::new();
        f.reader.read_to_string(&mut all).unwrap();
        all
    });
    f.output.close();
    let all = reading.join().unwrap();
    assert_eq!(all.lines().count(), 1002);
    assert!(all.ends_with("db  │ [flowlayer] 999\nlast\n"));
    drop(f.runtime);
}

#[test]
fn a_reader_that_stops_is_not_waited_for_and_told_what_it_missed() {
    let mut f = start();
    f.reads(&["first"]);
    // Far more than a pipe holds and than is kept for followers.
    let text = "x".repeat(10_000);
    let mut written = 0;
    for _ in 0..40 {
        for _ in 0..100 {
            f.logs.note(0, &text);
            written += 1;
        }
        f.output.line("own");
    }
    f.output.line("end");
    let (mut own, mut shown, mut skipped) = (0, 0, 0);
    let mut line = String::new();
    loop {
        line.clear();
        f.reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "end" => break,
            "own" => own += 1,
            other if other.starts_with("api │ ") => shown += 1,
            other => {
                let count = other.strip_prefix("… ").unwrap().split(' ').next().unwrap();
                skipped += count.replace(',', "").parse::<u64>().unwrap();
            }
        }
    }
    assert_eq!(own, 40, "own lines are never skipped");
    assert!(skipped > 0);
    assert_eq!(shown + skipped, written, "every line is shown or counted");
}

#[test]
fn closing_does_not_wait_for_a_reader_that_takes_nothing() {
    let f = start();
    for _ in 0..100 {
        f.logs.note(0, &"x".repeat(10_000));
    }
    let (done, is_done) = channel();
    std::thread::spawn(move || {
        f.output.close();
        done.send(()).unwrap();
    });
    is_done.recv_timeout(Duration::from_secs(20)).unwrap();
    drop(f.reader);
}

#[test]
fn a_reader_that_goes_away_ends_the_thread_and_nothing_else() {
    let mut f = start();
    f.reads(&["first"]);
    drop(f.reader);
    f.logs.note(0, "into the void");
    let ended = f.output.ended.recv_timeout(Duration::from_secs(20));
    assert_eq!(ended, Err(RecvTimeoutError::Disconnected));
    f.output.line("nobody reads this");
    f.output.close();
    drop(f.runtime);
}
