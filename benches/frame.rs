//! A frame of the cockpit at 200×60: what a key press costs between the model and the bytes for the
//! terminal, and what it costs to take lines in. The goal is 2 ms a frame.
//!
//! The cockpit belongs to the binary, which a bench cannot link; its pure parts are compiled in here.

#![expect(
    dead_code,
    unused_imports,
    reason = "only what draws is measured, and it is part of something larger"
)]

use std::hint::black_box;
use std::io;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use flowlayer_core::protocol::{Details, ServiceState, Status, Stream};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use tui::log::{Content, Item, Place};
use tui::message::Message;
use tui::model::Model;
use tui::sample::{self, NOW};

#[path = "../commands/terminal"]
mod terminal {
    pub(crate) mod age;
    pub(crate) mod color;
    pub(crate) mod lines;
    pub(crate) mod sanitize;
}

#[path = "../commands/tui"]
mod tui {
    pub(crate) mod ansi;
    pub(crate) mod causes;
    pub(crate) mod keys;
    pub(crate) mod log;
    pub(crate) mod message;
    pub(crate) mod model;
    pub(crate) mod prompt;
    pub(crate) mod reasons;
    pub(crate) mod sample;
    pub(crate) mod service;
    pub(crate) mod theme;
    pub(crate) mod update;
    pub(crate) mod view;
    pub(crate) mod words;
}

const COLUMNS: u16 = 200;
const ROWS: u16 = 60;

/// What services print, from plain to nasty.
const TEXTS: [&str; 4] = [
    "GET /api/v1/orders/4711 200 in 12 ms, user agent Mozilla/5.0, cache miss, shard 7, and some more of what goes on",
    "\u{1b}[2m09:21:00\u{1b}[0m \u{1b}[32mINFO\u{1b}[0m \u{1b}[1mapi\u{1b}[0m request \u{1b}[33m201\u{1b}[0m \u{1b}[38;5;208mslow\u{1b}[0m",
    "größer 漢字テキスト 🚀 e\u{301}t\tcetera 👩\u{200d}👩\u{200d}👧 \u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    " 10%\r 20%\r 30%\r 40%\r 50%\r 60%\r 70%\r 80%\r 90%\r100% done",
];

fn line(seq: u64, text: &str) -> Arc<Item> {
    Arc::new(Item {
        place: Place::line(seq),
        at: NOW,
        service: Some(format!("service-{:02}", seq % 50).into()),
        phase: Some(Status::Ready),
        content: Content::Line {
            stream: if seq.is_multiple_of(9) {
                Stream::Stderr
            } else {
                Stream::Stdout
            },
            partial: false,
            text: text.into(),
        },
    })
}

/// Fifty services and twenty thousand lines, as full as it gets.
fn model(lines: u64, text: impl Fn(u64) -> String) -> Model {
    let mut model = sample::model(COLUMNS, ROWS, true);
    let state = |index: usize| ServiceState {
        name: format!("service-{index:02}"),
        status: Status::Ready,
        details: Details {
            up: Some(true),
            wave: Some(index / 5),
            ..Details::default()
        },
    };
    take(&mut model, Message::Snapshot((0..50).map(state).collect()));
    let lines = (30_000 - lines..30_000)
        .map(|seq| line(seq, &text(seq)))
        .collect();
    take(&mut model, Message::Lines(lines));
    model
}

fn mixed(seq: u64) -> String {
    let index = usize::try_from(seq).unwrap_or(0) % TEXTS.len();
    format!("{seq} {}", TEXTS[index])
}

fn take(model: &mut Model, message: Message) {
    black_box(tui::update::update(model, NOW, message));
}

fn press(model: &mut Model, keys: &str) {
    for key in keys.chars() {
        let code = match key {
            '\t' => KeyCode::Tab,
            '\n' => KeyCode::Enter,
            key => KeyCode::Char(key),
        };
        take(model, Message::Key(KeyEvent::new(code, KeyModifiers::NONE)));
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

fn draw(terminal: &mut Terminal<CrosstermBackend<io::Sink>>, model: &Model) {
    let draw = |frame: &mut ratatui::Frame<'_>| {
        tui::view::draw(model, frame.buffer_mut());
    };
    terminal.draw(draw).expect("a sink takes everything");
}

/// Every frame has another log line at its end, so that nearly every cell changes.
fn frames(c: &mut Criterion) {
    let mut group = c.benchmark_group("frame");
    let long = |seq: u64| format!("{seq} ").repeat(8 << 10);
    let cases: [(&str, Model, &str); 6] = [
        ("all logs", model(20_000, mixed), ""),
        ("wrapped", model(20_000, mixed), "\tw"),
        ("searched", model(20_000, mixed), "\tfgo\n"),
        ("plan", model(20_000, mixed), "p"),
        ("lines of 50 KiB", model(200, long), ""),
        ("lines of 50 KiB, wrapped", model(200, long), "\tw"),
    ];
    for (name, mut model, keys) in cases {
        press(&mut model, keys);
        let mut terminal = terminal();
        let mut seq = 30_000;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                seq += 1;
                take(&mut model, Message::Lines(vec![line(seq, TEXTS[0])]));
                draw(&mut terminal, &model);
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
        let mut model = model(20_000, mixed);
        press(&mut model, keys);
        let mut seq = 30_000;
        group.bench_function(name, |bencher| {
            let batch = || {
                seq += 1_000;
                (seq..seq + 1_000)
                    .map(|seq| line(seq, &mixed(seq)))
                    .collect()
            };
            bencher.iter_batched(
                batch,
                |lines| take(&mut model, Message::Lines(lines)),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, frames, taking);
criterion_main!(benches);
