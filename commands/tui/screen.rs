//! The terminal: taken over at the start, given back however this ends.

use std::io::{self, BufWriter, IsTerminal, Stdout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste};
use crossterm::style::Print;
use crossterm::terminal::{
    DisableLineWrap, EnableLineWrap, EnterAlternateScreen, LeaveAlternateScreen, SetTitle,
    disable_raw_mode, enable_raw_mode, size,
};
use crossterm::{cursor, execute};

use super::frame_writer::FrameWriter;
use super::model::Model;
use super::view;

/// A frame is rarely larger, so that it is written at once.
const FRAME_BYTES: usize = 64 * 1024;

/// Asks for clicks, drags and the wheel, but not for every movement of the mouse.
const MOUSE: &str = "\u{1b}[?1000h\u{1b}[?1002h\u{1b}[?1006h";

/// Whether there is a terminal.
pub(crate) fn is_there() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// The terminal while the cockpit uses it. Dropping it restores the terminal.
pub(crate) struct Screen {
    frames: FrameWriter<BufWriter<Stdout>>,
    title: Title,
}

/// The title of the terminal's window: put aside while ours is there, and given back. Terminals keep a
/// stack of them, which must not grow when we are told to go on without having left. A panic asks for
/// it from another place than the end, so it is shared.
#[derive(Debug, Clone, Default)]
struct Title(Arc<AtomicBool>);

impl Title {
    /// What puts the title aside, unless it is.
    fn put_aside(&self) -> &'static str {
        if self.0.swap(true, Ordering::Relaxed) {
            ""
        } else {
            "\u{1b}[22;2t"
        }
    }

    /// What brings it back, if it is put aside.
    fn bring_back(&self) -> &'static str {
        if self.0.swap(false, Ordering::Relaxed) {
            "\u{1b}[23;2t"
        } else {
            ""
        }
    }
}

impl Screen {
    /// Takes the terminal over. A panic gives it back before it says anything.
    pub(crate) fn enter() -> io::Result<Self> {
        let title = Title::default();
        let (before, at_panic) = (std::panic::take_hook(), title.clone());
        std::panic::set_hook(Box::new(move |panic| {
            give_back(&at_panic);
            before(panic);
        }));
        enable_raw_mode()?;
        // From here on, dropping it restores the terminal.
        let screen = Self {
            frames: FrameWriter::new(BufWriter::with_capacity(FRAME_BYTES, io::stdout())),
            title,
        };
        set_up(&screen.title)?;
        Ok(screen)
    }

    /// Gives the terminal to the shell, as `^Z` does, and takes it over again when the shell wants us
    /// back.
    pub(crate) fn suspend(&mut self) -> io::Result<()> {
        give_back(&self.title);
        flowlayer_core::process::suspend_job()?;
        self.resume()
    }

    /// Takes the terminal over again: another program may have used it meanwhile.
    pub(crate) fn resume(&mut self) -> io::Result<()> {
        // It may not be raw any more, whatever we remember.
        disable_raw_mode()?;
        enable_raw_mode()?;
        self.frames.forget();
        set_up(&self.title)
    }

    /// Writes the next frame whole: something else may have written to the terminal.
    pub(crate) const fn redraw(&mut self) {
        self.frames.forget();
    }

    /// Its columns and rows.
    #[expect(clippy::unused_self, reason = "only who has the screen asks for it")]
    pub(crate) fn size(&self) -> io::Result<(u16, u16)> {
        size()
    }

    /// Draws the model; only what has changed is written.
    pub(crate) fn draw(&mut self, model: &Model) -> io::Result<()> {
        self.frames.draw((model.columns, model.rows), |buffer| {
            view::draw(model, buffer)
        })
    }

    /// Puts text on the terminal's clipboard (OSC 52), which works over ssh too.
    #[expect(clippy::unused_self, reason = "only who has the screen may write")]
    pub(crate) fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back(&self.title);
    }
}

fn set_up(title: &Title) -> io::Result<()> {
    execute!(
        io::stdout(),
        EnterAlternateScreen,
        // What a terminal thinks wider than we do must not run into the next row.
        DisableLineWrap,
        Print(MOUSE),
        EnableBracketedPaste,
        Print(title.put_aside()),
        SetTitle("flowlayer"),
        cursor::Hide
    )
}

fn give_back(title: &Title) {
    // A terminal that is gone needs nothing back.
    let _ = execute!(
        io::stdout(),
        DisableBracketedPaste,
        DisableMouseCapture,
        EnableLineWrap,
        LeaveAlternateScreen,
        Print(title.bring_back()),
        cursor::Show
    );
    let _ = disable_raw_mode();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_is_put_aside_once_and_brought_back_once() {
        let title = Title::default();
        assert_eq!(title.bring_back(), "");
        assert_eq!(title.put_aside(), "\u{1b}[22;2t");
        assert_eq!(title.put_aside(), "", "told to go on without having left");
        assert_eq!(title.clone().bring_back(), "\u{1b}[23;2t");
        assert_eq!(title.bring_back(), "");
    }
}
