//! A frame of the cockpit at 200×60: what a key press costs between the model and the bytes for the
//! terminal, and what it costs to take lines in. The goal is 2 ms a frame.

use std::io;
use std::ops::Range;
use std::sync::LazyLock;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use flowlayer::headless::{Cockpit, Lines};
use flowlayer_core::facts::{Status, Stream};
use flowlayer_core::protocol::{Details, ServiceState};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

const COLUMNS: u16 = 200;
const ROWS: u16 = 60;

/// What services print, from plain to nasty.
const TEXTS: [&str; 4] = [
    "GET /api/v1/orders/4711 200 in 12 ms, user agent Mozilla/5.0, cache miss, shard 7, and some more of what goes on",
    "\u{1b}[2m09:21:00\u{1b}[0m \u{1b}[32mINFO\u{1b}[0m \u{1b}[1mapi\u{1b}[0m request \u{1b}[33m201\u{1b}[0m \u{1b}[38;5;208mslow\u{1b}[0m",
    "größer 漢字テキスト 🚀 e\u{301}t\tcetera 👩\u{200d}👩\u{200d}👧 \u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    " 10%\r 20%\r 30%\r 40%\r 50%\r 60%\r 70%\r 80%\r 90%\r100% done",
];

fn service(seq: u64) -> String {
    format!("service-{:02}", seq % 50)
}

static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| (0..50).map(service).collect());

fn lines(seqs: Range<u64>, text: impl Fn(u64) -> String) -> Lines {
    Lines::new(seqs.map(|seq| {
        let stream = if seq.is_multiple_of(9) {
            Stream::Stderr
        } else {
            Stream::Stdout
        };
        let name = &*NAMES[usize::try_from(seq % 50).unwrap_or(0)];
        (seq, name, stream, text(seq))
    }))
}

/// Fifty services and so many lines.
fn cockpit(count: u64, text: impl Fn(u64) -> String) -> Cockpit {
    with_services(50, count, text)
}

/// So many services, of which every seventh has failed, and so many lines of the first fifty.
fn with_services(services: u64, count: u64, text: impl Fn(u64) -> String) -> Cockpit {
    let state = |index: u64| ServiceState {
        name: format!("service-{index:02}"),
        status: if index % 7 == 6 {
            Status::Failed
        } else {
            Status::Ready
        },
        details: Details {
            up: Some(index % 7 != 6),
            wave: usize::try_from(index / 5).ok(),
            ..Details::default()
        },
    };
    let mut cockpit = Cockpit::new(COLUMNS, ROWS, (0..services).map(state).collect());
    cockpit.push(lines(30_000 - count..30_000, text));
    cockpit
}

fn mixed(seq: u64) -> String {
    let index = usize::try_from(seq).unwrap_or(0) % TEXTS.len();
    format!("{seq} {}", TEXTS[index])
}

fn press(cockpit: &mut Cockpit, keys: &str) {
    for key in keys.chars() {
        let code = match key {
            '\t' => KeyCode::Tab,
            '\n' => KeyCode::Enter,
            key => KeyCode::Char(key),
        };
        cockpit.press(KeyEvent::new(code, KeyModifiers::NONE));
    }
}

fn terminal() -> Terminal<CrosstermBackend<io::Sink>> {
    let viewport = Viewport::Fixed(Rect::new(0, 0, COLUMNS, ROWS));
    Terminal::with_options(
        CrosstermBackend::new(io::sink()),
        TerminalOptions { viewport },
    )
    .expect("nothing is asked of a sink")
}

fn draw(terminal: &mut Terminal<CrosstermBackend<io::Sink>>, cockpit: &Cockpit) {
    let draw = |frame: &mut ratatui::Frame<'_>| {
        cockpit.draw(frame.buffer_mut());
    };
    terminal.draw(draw).expect("a sink takes everything");
}

/// Every frame has another log line at its end, so that nearly every cell changes.
fn frames(c: &mut Criterion) {
    let mut group = c.benchmark_group("frame");
    let long = |seq: u64| format!("{seq} ").repeat(8 << 10);
    let cases: [(&str, Cockpit, &str); 8] = [
        ("all logs", cockpit(20_000, mixed), ""),
        ("wrapped", cockpit(20_000, mixed), "\tw"),
        ("searched", cockpit(20_000, mixed), "\tfgo\n"),
        ("plan", cockpit(20_000, mixed), "p"),
        ("3,000 services", with_services(3_000, 20_000, mixed), "!"),
        (
            "3,000 services, filtered",
            with_services(3_000, 20_000, mixed),
            "/9\n",
        ),
        ("lines of 50 KiB", cockpit(200, long), ""),
        ("lines of 50 KiB, wrapped", cockpit(200, long), "\tw"),
    ];
    for (name, mut cockpit, keys) in cases {
        press(&mut cockpit, keys);
        let mut terminal = terminal();
        let mut seq = 30_000;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                seq += 1;
                cockpit.push(lines(seq..seq + 1, |_| TEXTS[0].to_owned()));
                draw(&mut terminal, &cockpit);
            });
        });
    }
    group.finish();
}

/// A thousand lines at once, as they come in a flood.
fn taking(c: &mut Criterion) {
    let mut group = c.benchmark_group("lines taken in");
    group.throughput(Throughput::Elements(1_000));
    for (name, keys) in [
        ("following", ""),
        ("scrolled up", "\tkk"),
        ("filtered", "\t/42\n"),
    ] {
        let mut cockpit = cockpit(20_000, mixed);
        press(&mut cockpit, keys);
        let mut seq = 30_000;
        group.bench_function(name, |bencher| {
            let batch = || {
                seq += 1_000;
                lines(seq..seq + 1_000, mixed)
            };
            bencher.iter_batched(batch, |lines| cockpit.push(lines), BatchSize::SmallInput);
        });
    }
    group.finish();
}

criterion_group!(benches, frames, taking);
criterion_main!(benches);
