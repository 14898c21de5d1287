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
use super::input::{self, Request, Signals};
use super::message::{Answer, Effect, Link, Message};
use super::model::{Modal, Model};
use super::screen::Screen;
use super::session::Session;
use super::update::update;
use crate::session::find::{Endpoint, Found, Selector};

/// Between two frames.
const FRAME: Duration = Duration::from_millis(16);
/// Between two frames when lines come faster than anybody reads.
const FLOOD_FRAME: Duration = Duration::from_millis(33);
/// So many lines between two frames are a flood.
const FLOOD: usize = 500;
/// How many events are taken in before keys are looked at again.
const TOGETHER: usize = 8;

/// So many events are taken in at most before the answer to a command: what caused it came before.
const BEFORE_ANSWER: usize = 256;

/// Whether the loop goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
#[must_use]
enum Flow {
    Continue,
    Quit,
}

/// Everything the loop owns.
struct Cockpit {
    model: Model,
    screen: Screen,
    session: Option<Session>,
    selector: Arc<Selector>,
    epoch: u64,
    answers: UnboundedSender<Answer>,
    /// Something has changed since the last frame.
    is_dirty: bool,
    last_frame: Instant,
    /// Lines that came since then.
    lines: usize,
}

/// Runs the cockpit until somebody quits. The terminal is given back when this returns.
pub(crate) async fn run(
    model: Model,
    screen: Screen,
    found: Found,
    selector: Selector,
) -> io::Result<()> {
    let (answers, mut inbox) = mpsc::unbounded_channel();
    let mut cockpit = Cockpit {
        model,
        screen,
        session: None,
        selector: Arc::new(selector),
        epoch: 0,
        answers,
        is_dirty: true,
        last_frame: Instant::now() - FLOOD_FRAME,
        lines: 0,
    };
    match found {
        Found::One(endpoint) => cockpit.attach(endpoint),
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
        let gap = if cockpit.lines > FLOOD {
            FLOOD_FRAME
        } else {
            FRAME
        };
        let next_frame = cockpit.last_frame + gap;
        let now = now();
        let flow = tokio::select! {
            biased;
            key = keys.recv() => match key {
                Some(event) => cockpit.input(event, &mut keys)?,
                None => Flow::Quit,
            },
            request = signals.next() => match request {
                Request::Quit => Flow::Quit,
                Request::Resume => {
                    cockpit.screen.resume()?;
                    cockpit.draw()?;
                    Flow::Continue
                }
            },
            () = sleep_until(next_frame), if cockpit.is_dirty => {
                cockpit.draw()?;
                Flow::Continue
            }
            Some(answer) = inbox.recv() => cockpit.answer(answer)?,
            message = next(&mut cockpit.session, now) => cockpit.receive(message)?,
            _ = ticks.tick() => cockpit.take(Message::Tick)?,
        };
        if flow == Flow::Quit {
            return Ok(());
        }
    }
}

/// What the session says next; nothing without one.
async fn next(session: &mut Option<Session>, now: i64) -> Message {
    match session {
        Some(session) => session.next(now).await,
        None => std::future::pending().await,
    }
}

impl Cockpit {
    /// A key, the mouse, another size: drawn at once, those together that are there already. They
    /// wait for no picture of each before the next, and no key that is held down keeps all pictures
    /// back.
    fn input(&mut self, first: Event, more: &mut UnboundedReceiver<Event>) -> io::Result<Flow> {
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
            if let Some(message) = message
                && self.take(message)? == Flow::Quit
            {
                return Ok(Flow::Quit);
            }
            let is_time_left = begun.elapsed() < FRAME;
            next = is_time_left.then(|| more.try_recv().ok()).flatten();
        }
        self.draw()?;
        Ok(Flow::Continue)
    }

    /// What the server has said, and what else is there already.
    fn receive(&mut self, first: Message) -> io::Result<Flow> {
        if self.receive_one(first)? == Flow::Quit {
            return Ok(Flow::Quit);
        }
        self.receive_ready(TOGETHER)
    }

    /// What is there already, up to so many events.
    fn receive_ready(&mut self, most: usize) -> io::Result<Flow> {
        for _ in 0..most {
            let next = self
                .session
                .as_mut()
                .and_then(|session| session.try_next(now()));
            let Some(message) = next else { break };
            if self.receive_one(message)? == Flow::Quit {
                return Ok(Flow::Quit);
            }
        }
        Ok(Flow::Continue)
    }

    fn receive_one(&mut self, message: Message) -> io::Result<Flow> {
        if let Message::Lines(lines) = &message {
            self.lines += lines.len();
        }
        if let Message::Hello { .. } = message {
            self.look_up_target();
        }
        self.take(message)
    }

    /// What was asked for. The server says what a command has caused before it says how it ended, and
    /// so does the screen.
    fn answer(&mut self, answer: Answer) -> io::Result<Flow> {
        if answer.epoch != self.epoch {
            return Ok(Flow::Continue);
        }
        let is_of_command = matches!(
            answer.message,
            Message::Accepted(_) | Message::Finished { .. }
        );
        if is_of_command && self.receive_ready(BEFORE_ANSWER)? == Flow::Quit {
            return Ok(Flow::Quit);
        }
        self.take(answer.message)
    }

    /// A server has introduced itself: where it is may have changed.
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

    fn take(&mut self, message: Message) -> io::Result<Flow> {
        self.is_dirty = true;
        for effect in update(&mut self.model, now(), message) {
            if self.perform(effect)? == Flow::Quit {
                return Ok(Flow::Quit);
            }
        }
        Ok(Flow::Continue)
    }

    fn perform(&mut self, effect: Effect) -> io::Result<Flow> {
        match (effect, &self.session) {
            (Effect::Quit, _) => return Ok(Flow::Quit),
            (Effect::Send { id, order }, Some(session)) => session.send(id, &order),
            (Effect::FetchPage(request), Some(session)) => session.fetch(request),
            (Effect::Retry, Some(session)) => session.retry(),
            (Effect::Send { .. } | Effect::FetchPage(_) | Effect::Retry, None) => {}
            (Effect::ListSessions, _) => {
                self.in_background(|| Message::Sessions(choices::choices(registry::list())));
            }
            (Effect::Switch(choice), _) => self.attach(choices::endpoint(choice)),
            (Effect::Suspend, _) => {
                self.screen.suspend()?;
                self.is_dirty = true;
            }
            (Effect::Redraw, _) => {
                self.screen.redraw();
                self.is_dirty = true;
            }
            (Effect::Copy(text), _) => self.screen.copy(&text)?,
            (Effect::Save(text), _) => {
                let name = format!("flowlayer-log-{}.txt", self.model.now);
                self.in_background(move || Message::Saved(save(&name, &text)));
            }
        }
        Ok(Flow::Continue)
    }

    /// Does something that may wait for a disk, and takes its answer when it is there.
    fn in_background(&self, work: impl FnOnce() -> Message + Send + 'static) {
        let (answers, epoch) = (self.answers.clone(), self.epoch);
        tokio::task::spawn_blocking(move || {
            let message = work();
            // Nobody takes it once the program ends.
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
        self.model = model;
        let selector = Arc::clone(&self.selector);
        // What was given on the command line was meant for the first session.
        let selector = if self.epoch == 1 {
            selector
        } else {
            Arc::default()
        };
        self.session = Some(Session::start(
            endpoint,
            selector,
            self.epoch,
            self.answers.clone(),
        ));
        self.is_dirty = true;
    }

    fn draw(&mut self) -> io::Result<()> {
        let (columns, rows) = self.screen.size()?;
        if (columns, rows) != (self.model.columns, self.model.rows)
            && self.take(Message::Resize { columns, rows })? == Flow::Quit
        {
            return Ok(());
        }
        self.screen.draw(&self.model)?;
        (self.is_dirty, self.lines, self.last_frame) = (false, 0, Instant::now());
        Ok(())
    }
}

/// Writes text to a new file in the current directory; its name.
fn save(name: &str, text: &str) -> Result<String, String> {
    use std::io::Write as _;
    let write = || -> io::Result<()> {
        let mut file = std::fs::File::create_new(name)?;
        file.write_all(text.as_bytes())
    };
    write()
        .map(|()| name.to_owned())
        .map_err(|error| format!("{name}: {error}"))
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
