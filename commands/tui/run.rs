//! The loop: something happens, the model changes, effects are performed, the screen is drawn.
//!
//! A key is drawn at once. What the server sends is drawn at most sixty times a second, and half as
//! often under a flood, however much comes.

use std::io;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, SystemTime};

use crossterm::event::Event;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use flowlayer_core::session::registry;

use super::choices;
use super::connection::SessionConnection;
use super::input::{self, Request, Signals};
use super::message::{After, Answer, Link, Message, UiEffect};
use super::model::{AtQuit, Modal, Model};
use super::screen::Screen;
use super::update::update;
use crate::browser;
use crate::session::find::{Endpoint, Found, Selector};

/// Between two frames.
const FRAME: Duration = Duration::from_millis(16);
/// Between two frames when lines come faster than anybody reads.
const FLOOD_FRAME: Duration = Duration::from_millis(33);
/// So many lines between two frames are a flood.
const FLOOD: usize = 500;
/// The maximum number of events handled before keys are read again.
const TOGETHER: usize = 8;

/// So many events are taken in at most before the answer to a command: what caused it came before.
const BEFORE_ANSWER: usize = 256;

/// Everything the loop owns.
struct Cockpit {
    model: Model,
    screen: Screen,
    session: Option<SessionConnection>,
    selector: Arc<Selector>,
    epoch: u64,
    answers: UnboundedSender<Answer>,
    /// The user has quit, and this is to happen: nothing more is taken in or drawn.
    has_quit: Option<After>,
    /// Something has changed since the last frame.
    is_dirty: bool,
    last_frame: Instant,
    /// Lines that came since then.
    lines: usize,
}

/// Runs the cockpit until the user quits, or the terminal goes, which leaves the session running.
/// Restores the terminal before it returns.
pub(crate) async fn run(
    model: Model,
    screen: Screen,
    found: Found,
    selector: Selector,
) -> io::Result<After> {
    let (answers, mut inbox) = mpsc::unbounded_channel();
    let mut cockpit = Cockpit {
        model,
        screen,
        session: None,
        selector: Arc::new(selector),
        epoch: 0,
        answers,
        has_quit: None,
        is_dirty: true,
        last_frame: Instant::now() - FLOOD_FRAME,
        lines: 0,
    };
    match found {
        Found::One(endpoint) | Found::Only(endpoint) => cockpit.attach(endpoint),
        Found::Several(live) => {
            cockpit.model.link = Link::Choosing;
            cockpit.model.modal = Some(Modal::Sessions {
                choices: Some(choices::choices(live)),
                row: 0,
                is_moved: false,
                looked: now(),
            });
        }
    }
    let mut keys = input::keys();
    let mut signals = Signals::new()?;
    let mut ticks = interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    cockpit.draw()?;
    loop {
        if let Some(after) = cockpit.has_quit {
            return Ok(after);
        }
        let gap = if cockpit.lines > FLOOD {
            FLOOD_FRAME
        } else {
            FRAME
        };
        let next_frame = cockpit.last_frame + gap;
        let now = now();
        tokio::select! {
            biased;
            key = keys.recv() => match key {
                Some(event) => cockpit.input(event, &mut keys)?,
                None => return Ok(After::Leave),
            },
            request = signals.next() => match request {
                Request::Quit => return Ok(After::Leave),
                Request::Resume => {
                    cockpit.screen.resume()?;
                    cockpit.draw()?;
                }
            },
            () = sleep_until(next_frame), if cockpit.is_dirty => cockpit.draw()?,
            Some(answer) = inbox.recv() => cockpit.answer(answer)?,
            message = next(&mut cockpit.session, now) => cockpit.receive(message)?,
            _ = ticks.tick() => cockpit.take(Message::Tick)?,
        }
    }
}

/// What the session says next; nothing without one.
async fn next(session: &mut Option<SessionConnection>, now: i64) -> Message {
    match session {
        Some(session) => session.next(now).await,
        None => std::future::pending().await,
    }
}

impl Cockpit {
    /// Takes in a key, the mouse or a resize, with those that are queued already, and draws at once.
    /// A key that is held down delays the frame by no more than [`FRAME`].
    fn input(&mut self, first: Event, more: &mut UnboundedReceiver<Event>) -> io::Result<()> {
        let begun = Instant::now();
        let mut next = Some(first);
        while let Some(event) = next {
            let message = match event {
                Event::Key(key) => Some(Message::Key(key)),
                Event::Mouse(mouse) => Some(Message::Mouse(mouse)),
                Event::Paste(text) => Some(Message::Paste(text)),
                Event::Resize(columns, rows) => Some(Message::Resize { columns, rows }),
                Event::FocusGained | Event::FocusLost => None,
            };
            if let Some(message) = message {
                self.take(message)?;
            }
            let goes_on = self.has_quit.is_none() && begun.elapsed() < FRAME;
            next = goes_on.then(|| more.try_recv().ok()).flatten();
        }
        self.draw()
    }

    /// Takes in an event of the session, and those that are queued already.
    fn receive(&mut self, first: Message) -> io::Result<()> {
        self.receive_one(first)?;
        self.receive_ready(TOGETHER)
    }

    /// Handles up to this many queued events.
    fn receive_ready(&mut self, most: usize) -> io::Result<()> {
        for _ in 0..most {
            let next = self.session.as_mut();
            let Some(message) = next.and_then(|session| session.try_next(now())) else {
                break;
            };
            self.receive_one(message)?;
        }
        Ok(())
    }

    fn receive_one(&mut self, message: Message) -> io::Result<()> {
        if let Message::Lines(lines) = &message {
            self.lines += lines.len();
        }
        if let Message::Hello { .. } = message {
            self.look_up_target();
        }
        self.take(message)
    }

    /// Takes in an answer. The events that a command has caused come before its result.
    fn answer(&mut self, answer: Answer) -> io::Result<()> {
        if answer.epoch != self.epoch {
            return Ok(());
        }
        let is_of_command = matches!(
            answer.message,
            Message::Accepted(_) | Message::Finished { .. }
        );
        if is_of_command {
            self.receive_ready(BEFORE_ANSWER)?;
        }
        self.take(answer.message)
    }

    /// After a hello: the session's address may be another.
    fn look_up_target(&mut self) {
        let Some(session) = &self.session else {
            return;
        };
        let endpoint = session
            .endpoint
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        self.model.target = choices::target(&endpoint);
    }

    fn take(&mut self, message: Message) -> io::Result<()> {
        self.is_dirty = true;
        for effect in update(&mut self.model, now(), message) {
            self.perform(effect)?;
        }
        Ok(())
    }

    fn perform(&mut self, effect: UiEffect) -> io::Result<()> {
        match (effect, &mut self.session) {
            (UiEffect::Quit(after), _) => self.has_quit = Some(after),
            (UiEffect::Send { id, order }, Some(session)) => session.send(id, &order),
            (UiEffect::FetchPage(request), Some(session)) => session.fetch(request),
            (UiEffect::Retry, Some(session)) => session.retry(),
            (UiEffect::Export(export), Some(session)) => {
                session.export(*export, file_name(self.model.now));
            }
            (UiEffect::StopSaving, Some(session)) => session.stop_exporting(),
            (
                UiEffect::Send { .. }
                | UiEffect::FetchPage(_)
                | UiEffect::Retry
                | UiEffect::Export(_)
                | UiEffect::StopSaving,
                None,
            ) => {}
            (UiEffect::ListSessions, _) => {
                self.in_background(|| Message::Sessions(choices::choices(registry::list())));
            }
            (UiEffect::Switch(choice), _) => self.attach(choices::endpoint(choice)),
            (UiEffect::Suspend, _) => {
                self.screen.suspend()?;
                self.is_dirty = true;
            }
            (UiEffect::Redraw, _) => {
                self.screen.redraw();
                self.is_dirty = true;
            }
            (UiEffect::Copy(text), _) => self.screen.copy(&text)?,
            (UiEffect::OpenUrl(url), _) => {
                self.in_background(move || Message::Opened(opened(url)));
            }
            (UiEffect::Save(text), _) => {
                let name = file_name(self.model.now);
                self.in_background(move || Message::Saved(save(&name, &text)));
            }
        }
        Ok(())
    }

    /// Does blocking work on another thread; its message comes as an answer.
    fn in_background(&self, work: impl FnOnce() -> Message + Send + 'static) {
        let (answers, epoch) = (self.answers.clone(), self.epoch);
        tokio::task::spawn_blocking(move || {
            let message = work();
            // The receiver is gone once the program ends.
            let _ = answers.send(Answer { epoch, message });
        });
    }

    /// Connects to this session and forgets the one before.
    fn attach(&mut self, endpoint: Endpoint) {
        self.epoch += 1;
        let mut model = Model::new(
            choices::target(&endpoint),
            self.model.theme,
            self.model.zone.clone(),
        );
        (model.columns, model.rows, model.now) =
            (self.model.columns, self.model.rows, self.model.now);
        model.link_since = model.now;
        model.at_quit = match self.model.at_quit {
            // It was about the session left.
            AtQuit::Ask if self.epoch > 1 => AtQuit::Leave,
            at_quit => at_quit,
        };
        self.model = model;
        // The command line was about the first session only.
        let selector = match self.epoch {
            1 => Arc::clone(&self.selector),
            _ => Arc::default(),
        };
        let answers = self.answers.clone();
        self.session = Some(SessionConnection::start(
            endpoint, selector, self.epoch, answers,
        ));
        self.is_dirty = true;
    }

    fn draw(&mut self) -> io::Result<()> {
        if self.has_quit.is_some() {
            return Ok(());
        }
        let (columns, rows) = self.screen.size()?;
        if (columns, rows) != (self.model.columns, self.model.rows) {
            self.take(Message::Resize { columns, rows })?;
        }
        self.screen.draw(&self.model)?;
        (self.is_dirty, self.lines, self.last_frame) = (false, 0, Instant::now());
        Ok(())
    }
}

/// The name of a file for lines that are written at this time.
fn file_name(now: i64) -> String {
    format!("flowlayer-log-{now}.txt")
}

/// Writes text to a new file in the current directory; its name.
fn save(name: &str, text: &str) -> Result<String, String> {
    use std::io::Write as _;
    std::fs::File::create_new(name)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map(|()| name.to_owned())
        .map_err(|error| format!("{name}: {error}"))
}

/// Opens the page of a service in the browser; its url.
fn opened(url: String) -> Result<String, String> {
    match browser::open(&url) {
        Ok(()) => Ok(url),
        Err(why) => Err(format!("{url}: {why}")),
    }
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
