//! The terminal: taken over at the start, given back however this ends.

use std::io::{self, IsTerminal, Stdout, Write};

use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste};
use crossterm::style::Print;
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::model::Model;
use super::view;

/// Asks for clicks, drags and the wheel, but not for every movement of the mouse.
const MOUSE: &str = "\u{1b}[?1000h\u{1b}[?1002h\u{1b}[?1006h";

/// Whether a person is in front of us.
pub(crate) fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// The terminal while it is ours. Dropping it gives it back.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal over. A panic gives it back before it says anything.
    pub(crate) fn enter() -> io::Result<Self> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
        enable_raw_mode()?;
        // From here on dropping it undoes what was done.
        let screen = Self {
            terminal: Terminal::new(CrosstermBackend::new(io::stdout()))?,
        };
        set_up()?;
        Ok(screen)
    }

    /// Gives the terminal to the shell, as `^Z` does, and takes it over again when the shell wants us
    /// back.
    pub(crate) fn suspend(&mut self) -> io::Result<()> {
        give_back();
        flowlayer::process::suspend_job()?;
        self.resume()
    }

    /// Takes the terminal over again: somebody else may have had it meanwhile.
    pub(crate) fn resume(&mut self) -> io::Result<()> {
        // It may not be raw any more, whatever we remember.
        disable_raw_mode()?;
        enable_raw_mode()?;
        // Clearing the old one would ask the terminal where its cursor is, and wait for the answer.
        self.terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        set_up()?;
        execute!(io::stdout(), Clear(ClearType::All))
    }

    /// Its columns and rows.
    pub(crate) fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Draws the model; only what has changed is written.
    pub(crate) fn draw(&mut self, model: &Model) -> io::Result<()> {
        self.terminal.draw(|frame| {
            if let Some(cursor) = view::draw(model, frame.buffer_mut()) {
                frame.set_cursor_position(cursor);
            }
        })?;
        Ok(())
    }

    /// Writes a sequence that draws nothing.
    #[expect(clippy::unused_self, reason = "only who has the screen may write")]
    pub(crate) fn send(&mut self, sequence: &str) -> io::Result<()> {
        let mut out = io::stdout();
        out.write_all(sequence.as_bytes())?;
        out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn set_up() -> io::Result<()> {
    execute!(
        io::stdout(),
        EnterAlternateScreen,
        Print(MOUSE),
        EnableBracketedPaste,
        SetTitle("flowlayer"),
        cursor::Hide
    )
}

fn give_back() {
    // A terminal that is gone needs nothing back.
    let _ = execute!(
        io::stdout(),
        DisableBracketedPaste,
        DisableMouseCapture,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = disable_raw_mode();
}
