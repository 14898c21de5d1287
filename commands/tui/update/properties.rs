//! Whatever is pressed, whatever comes, at whatever size: nothing panics, and who reads is not
//! moved.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use flowlayer_core::facts::{Status, Stream, Timestamp};
use flowlayer_core::protocol::{Details, ServiceState};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::fixture::{self, NOW};
use super::super::log::window::Cursor;
use super::super::log::{Content, Item, Place, Scope};
use super::super::message::{Choice, Link, Listener, Message, NoPage, Outcome, Page, UiEffect};
use super::super::model::Model;
use super::super::services::Targets;
use super::super::view;
use super::update;

const NAMES: [&str; 4] = ["api", "store", "worker", "no such service"];

fn item(seq: u64, name: usize, text: String) -> Arc<Item> {
    Arc::new(Item {
        place: Place::line(seq),
        at: NOW,
        service: Some(NAMES[name % NAMES.len()].into()),
        phase: None,
        content: Content::Line {
            stream: if seq.is_multiple_of(3) {
                Stream::Stderr
            } else {
                Stream::Stdout
            },
            partial: seq.is_multiple_of(7),
            text: text.into(),
        },
    })
}

/// What may happen: `Reply` answers a question the model has asked.
#[derive(Debug, Clone)]
enum Step {
    Message(Message),
    Lines(Vec<(usize, String)>),
    Gap(u64),
    Reply {
        count: u64,
        truncated: bool,
        fails: bool,
    },
    Wait(i64),
}

fn key() -> impl Strategy<Value = KeyEvent> {
    let code = prop_oneof![
        8 => prop::sample::select("qSsxr/iojkhlgGnNvwteym'YyfpdR?0 !FOuQ#zb:".chars().collect::<Vec<_>>())
            .prop_map(KeyCode::Char),
        2 => any::<char>().prop_map(KeyCode::Char),
        4 => prop::sample::select(vec![
            KeyCode::Up, KeyCode::Down, KeyCode::Left, KeyCode::Right, KeyCode::PageUp,
            KeyCode::PageDown, KeyCode::Home, KeyCode::End, KeyCode::Enter, KeyCode::Esc,
            KeyCode::Tab, KeyCode::Backspace, KeyCode::Delete, KeyCode::F(5),
        ]),
    ];
    let modifiers = prop_oneof![
        9 => Just(KeyModifiers::NONE), 1 => Just(KeyModifiers::CONTROL), 1 => Just(KeyModifiers::SHIFT)
    ];
    (code, modifiers).prop_map(|(code, modifiers)| KeyEvent::new(code, modifiers))
}

fn link() -> impl Strategy<Value = Link> {
    let why = || "gone".to_owned();
    prop::sample::select(vec![
        Link::Choosing,
        Link::Connecting,
        Link::Connected,
        Link::Connected,
        Link::TokenRequired,
        Link::InvalidToken,
        Link::Incompatible { why: why() },
        Link::Reconnecting {
            retry_at: NOW + 500,
            why: why(),
        },
        Link::Unreachable {
            retry_at: NOW - 500,
            why: why(),
            listener: Listener::Unknown,
        },
    ])
}

fn state(name: &str, status: Status, detail: Option<String>) -> ServiceState {
    ServiceState {
        name: name.to_owned(),
        status,
        details: Details {
            detail,
            ..Details::default()
        },
    }
}

fn status() -> impl Strategy<Value = Message> {
    let status = prop::sample::select(vec![
        Status::Unknown,
        Status::Starting,
        Status::Running,
        Status::Ready,
        Status::Stopping,
        Status::Stopped,
        Status::Failed,
    ]);
    (0..NAMES.len(), status, prop::option::of(".{0,90}")).prop_map(|(name, status, detail)| {
        Message::Status {
            state: state(NAMES[name], status, detail),
            at: Timestamp(0),
        }
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z ]{0,40}",
        "(\\PC|[\u{1b}\\[\\]0-9;m\r\t\u{8}漢🚀\u{200d}]){0,40}",
        Just("x".repeat(500)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let size = prop_oneof![(0_u16..12, 0_u16..8), (0_u16..250, 0_u16..80)];
    let mouse = (
        0_u16..200,
        0_u16..60,
        prop::sample::select(vec![
            MouseEventKind::ScrollUp,
            MouseEventKind::ScrollDown,
            MouseEventKind::Down(MouseButton::Left),
            MouseEventKind::Drag(MouseButton::Left),
            MouseEventKind::Up(MouseButton::Left),
        ]),
    );
    let outcome = prop::sample::select(vec![
        Outcome::Done,
        Outcome::Refused("busy".to_owned()),
        Outcome::Lost("closed".to_owned()),
        Outcome::Failed {
            why: "no".to_owned(),
            services: vec!["api".to_owned()],
        },
    ]);
    let choice = Choice {
        address: "127.0.0.1:1".to_owned(),
        token: None,
        config: None,
        pid: None,
    };
    prop_oneof![
        12 => key().prop_map(|event| Step::Message(Message::Key(event))),
        8 => prop::collection::vec((0_usize..4, text()), 0..30).prop_map(Step::Lines),
        1 => (1_u64..5_000).prop_map(Step::Gap),
        8 => (0_u64..1_100, any::<bool>(), prop::bool::weighted(0.1))
            .prop_map(|(count, truncated, fails)| Step::Reply { count, truncated, fails }),
        3 => size.prop_map(|(columns, rows)| Step::Message(Message::Resize { columns, rows })),
        3 => mouse.prop_map(|(column, row, kind)| Step::Message(Message::Mouse(MouseEvent {
            kind, column, row, modifiers: KeyModifiers::NONE,
        }))),
        3 => status().prop_map(Step::Message),
        1 => ".{0,50}".prop_map(|text| Step::Message(Message::Paste(text))),
        2 => link().prop_map(|link| Step::Message(Message::Link(link))),
        1 => any::<bool>().prop_map(|is_new| Step::Message(Message::Hello { session_id: None, is_new })),
        1 => (0_usize..8).prop_map(|count| {
            let mut states = fixture::states();
            states.truncate(count);
            Step::Message(Message::Snapshot(states))
        }),
        1 => (0_u64..4, outcome).prop_map(|(id, outcome)| Step::Message(Message::Finished { id, outcome })),
        1 => (0_u64..4).prop_map(|id| Step::Message(Message::Accepted(id))),
        1 => (0_usize..3).prop_map(move |count| Step::Message(Message::Sessions(vec![choice.clone(); count]))),
        1 => ".{0,20}".prop_map(|detail| Step::Message(Message::Detail(state("api", Status::Ready, Some(detail))))),
        1 => (0_i64..30_000).prop_map(Step::Wait),
    ]
}

/// A model, the questions it has asked, and a server that numbers lines.
struct World {
    model: Model,
    now: i64,
    next_seq: u64,
    questions: Vec<super::super::log::page::PageRequest>,
}

impl World {
    fn new() -> Self {
        Self {
            model: fixture::model(100, 30, true),
            now: NOW,
            next_seq: 20_000,
            questions: Vec::new(),
        }
    }

    fn take(&mut self, message: Message) {
        for effect in update(&mut self.model, self.now, message) {
            if let UiEffect::FetchPage(request) = effect {
                self.questions.push(request);
            }
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Message(message) => self.take(message),
            Step::Wait(duration) => {
                self.now += duration;
                self.take(Message::Tick);
            }
            Step::Gap(count) => {
                let first = self.next_seq + 1;
                self.next_seq += count;
                self.take(Message::Gap {
                    first,
                    last: self.next_seq,
                });
            }
            Step::Lines(lines) => {
                let lines = lines.into_iter().map(|(name, text)| {
                    self.next_seq += 1;
                    item(self.next_seq, name, text)
                });
                let lines = lines.collect();
                self.take(Message::Lines(lines));
            }
            Step::Reply {
                count,
                truncated,
                fails,
            } => {
                let Some(request) = self.questions.pop() else {
                    return;
                };
                let before = match request.cursor {
                    Cursor::End => self.next_seq + 1,
                    Cursor::Before(seq) => seq.min(self.next_seq + 1),
                };
                let entries = (before.saturating_sub(count).max(1)..before)
                    .map(|seq| item(seq, 0, format!("line {seq}")))
                    .collect();
                let page = Page {
                    entries,
                    is_truncated: truncated,
                };
                let result = if fails {
                    Err(NoPage::Failed("no".to_owned()))
                } else {
                    Ok(page)
                };
                self.take(Message::Page { request, result });
            }
        }
    }

    fn draw(&self) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, self.model.columns, self.model.rows));
        view::draw(&self.model, &mut buffer);
        buffer
    }
}

/// The item at the top of the log.
fn top(model: &Model) -> Option<Place> {
    let geometry = view::layout::geometry(model);
    let start = model.logs.position.start(&model.logs.window, geometry);
    model
        .logs
        .window
        .items()
        .get(start.index)
        .map(|item| item.place)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn nothing_panics_and_the_screen_is_always_drawn(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
            let screen = world.draw();
            prop_assert!(screen.content.iter().all(|cell| !cell.symbol().contains(char::is_control)));
            let places: Vec<Place> = world.model.logs.window.items().iter().map(|item| item.place).collect();
            prop_assert!(places.is_sorted_by(|one, other| one < other), "in order, without doubles");
            let services = &world.model.services;
            let is_listed = |name: &Arc<str>| services.shown().any(|service| service.name == *name);
            let (scope, is_visible) = match services.targets() {
                Targets::All => (Scope::All, true),
                Targets::None => (Scope::Several(Arc::default()), true),
                Targets::One(name) => (Scope::Service(Arc::clone(&name)), is_listed(&name)),
                Targets::Several(names) => {
                    let is_visible = names.iter().all(is_listed);
                    (Scope::Several(names), is_visible)
                }
            };
            prop_assert_eq!(&world.model.logs.filter.scope, &scope, "the log is of what keys act on");
            prop_assert!(is_visible, "what is not listed is not acted on");
        }
    }

    #[test]
    fn what_arrives_never_moves_a_reader(
        up in 1_usize..40, steps in prop::collection::vec(step(), 0..40)
    ) {
        let mut world = World::new();
        world.step(Step::Message(Message::Key(KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE))));
        world.step(Step::Lines((0..200).map(|n| (n % 3, format!("line {n}"))).collect()));
        for _ in 0..up {
            world.step(Step::Message(Message::Key(KeyEvent::new(KeyCode::Up, KeyModifiers::NONE))));
        }
        let before = top(&world.model);
        for step in steps {
            // Only what comes by itself.
            if matches!(step, Step::Lines(_) | Step::Gap(_) | Step::Reply { fails: false, .. } | Step::Wait(_)) {
                world.step(step);
                prop_assert_eq!(top(&world.model), before);
            }
        }
    }
}
