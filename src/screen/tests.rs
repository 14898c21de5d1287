//! Screens, what is drawn of them, and input.

use std::io::{Read, pipe};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::sync::Notify;
use vt100::{Parser, Screen};

use super::answers::Answers;
use super::redraw::redraw;
use super::*;
use crate::logs::TerminalWatch;

const SIZE: Size = Size { rows: 5, cols: 20 };

fn screen(output: &str) -> Screen {
    let mut parser = Parser::new(SIZE.rows, SIZE.cols, 0);
    parser.process(output.as_bytes());
    parser.screen().clone()
}

/// A terminal that is larger than the screens, once it has been sent this.
fn shows(bytes: &[&[u8]]) -> Screen {
    let mut parser = Parser::new(SIZE.rows + 3, SIZE.cols + 7, 0);
    parser.process(b"something else\r\n\x1b[31mwas there");
    for bytes in bytes {
        parser.process(bytes);
    }
    parser.screen().clone()
}

/// Cells, cursor and modes of what two terminals show, as far as the screen goes.
fn seen(screen: &Screen) -> (Vec<String>, Vec<vt100::Cell>, bool, bool) {
    let text = screen.rows(0, SIZE.cols).take(usize::from(SIZE.rows));
    let cells = (0..SIZE.rows).flat_map(|row| (0..SIZE.cols).map(move |col| (row, col)));
    let cells = cells.filter_map(|(row, col)| screen.cell(row, col).cloned());
    let cells = cells.filter(vt100::Cell::has_contents);
    (
        text.collect(),
        cells.collect(),
        screen.hide_cursor(),
        screen.bracketed_paste(),
    )
}

#[test]
fn what_matters_of_vttest_is_drawn() {
    for output in [
        "",
        "plain\r\ntext",
        "\x1b[1;32mcolour\x1b[0m \x1b[7minverse\x1b[m",
        "日本語 wide\x1b[1;19H語",
        "\x1b[2;4rone\r\ntwo\r\nthree\r\nfour\r\nfive\r\nsix",
        "\x1b[3;3H\x1b[Jx\x1b[1A\x1b[2Ky\x1bMz",
        "main\x1b[?1049h\x1b[2;2Halternate",
        "main\x1b[?1049hgone\x1b[?1049l again",
        "\x1b[?2004h\x1b[?1h\x1b[?25l$ ",
        "a line that is longer than the screen is wide",
    ] {
        let now = screen(output);
        assert_eq!(
            seen(&shows(&[&redraw(&now, None)])),
            seen(&now),
            "{output:?}"
        );
    }
}

proptest! {
    #[test]
    fn changes_lead_to_the_same_screen(
        output in prop::collection::vec("(\x1b\\[[0-9]{0,2}(;[0-9]{1,2})?[A-HJKLMPX@mr])|[a-z日é ]{0,9}|\r\n|\x1b\\[\\?(1049|2004)[hl]", 1..20),
        at in any::<prop::sample::Index>(),
    ) {
        let at = at.index(output.len());
        let before = screen(&output[..at].concat());
        let now = screen(&output.concat());
        let bytes = [redraw(&before, None), redraw(&now, Some(&before))];
        prop_assert_eq!(seen(&shows(&[&bytes[0], &bytes[1]])), seen(&now));
    }

    /// Whatever a service prints, at whatever size: nothing that is drawn makes a terminal answer.
    #[test]
    fn any_output_is_taken(bytes in prop::collection::vec(any::<u8>(), 0..300), rows in 1..4_u16, cols in 1..4_u16) {
        let console = Arc::new(Console::default());
        let (master, _terminal) = terminal();
        runtime().block_on(async {
            console.run_in_terminal(&master).unwrap();
            let size = Size { rows, cols };
            let mut attachment = console.attach(size, Arc::default()).unwrap();
            console.output(&bytes);
            let drawn = attachment.draw().unwrap();
            let mut parser = Parser::new_with_callbacks(rows, cols, 0, Answers::default());
            parser.process(&drawn.bytes);
            assert_eq!(parser.callbacks_mut().take(), "");
        });
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

/// Both ends of a pseudo terminal.
fn terminal() -> (OwnedFd, OwnedFd) {
    let pty = nix::pty::openpty(None, None).unwrap();
    let mut raw = nix::sys::termios::tcgetattr(&pty.slave).unwrap();
    nix::sys::termios::cfmakeraw(&mut raw);
    nix::sys::termios::tcsetattr(&pty.slave, nix::sys::termios::SetArg::TCSANOW, &raw).unwrap();
    (pty.master, pty.slave)
}

#[test]
fn questions_are_answered_by_the_screen_and_not_drawn() {
    let mut parser = Parser::new_with_callbacks(5, 20, 0, Answers::default());
    for (question, answer) in [
        ("\x1b[c", "\x1b[?62;22c"),
        ("\x1b[>c", "\x1b[>1;10;0c"),
        ("\x1b[5n", "\x1b[0n"),
        ("\x1b[2;3H\x1b[6n", "\x1b[2;3R"),
        ("\x1b[18t", "\x1b[8;5;20t"),
        ("\x1b]10;?\x07", "\x1b]10;rgb:ffff/ffff/ffff\x1b\\"),
        ("\x1b]11;?\x1b\\", "\x1b]11;rgb:0000/0000/0000\x1b\\"),
        ("\x1b[?2026$p", "\x1b[?2026;0$y"),
        ("\x1b[2;21Hx", ""),
    ] {
        parser.process(question.as_bytes());
        assert_eq!(parser.callbacks_mut().take(), answer, "{question:?}");
        let drawn = redraw(parser.screen(), None);
        let mut other = Parser::new_with_callbacks(5, 20, 0, Answers::default());
        other.process(&drawn);
        assert_eq!(other.callbacks_mut().take(), "");
    }
}

#[test]
fn a_run_gets_answers_as_input() {
    let (master, slave) = terminal();
    runtime().block_on(async {
        let console = Console::default();
        console.run_in_terminal(&master).unwrap();
        console.output(b"\x1b[6n");
        let mut answer = [0; 6];
        let read = move || {
            std::fs::File::from(slave)
                .read_exact(&mut answer)
                .map(|()| answer)
        };
        let answer = tokio::task::spawn_blocking(read).await.unwrap().unwrap();
        assert_eq!(&answer, b"\x1b[1;1R");
    });
}

#[test]
fn the_smallest_that_is_attached_decides_the_size() {
    let (master, slave) = terminal();
    let size_of = |console: &Console| TerminalWatch::size(console);
    runtime().block_on(async {
        let console = Arc::new(Console::default());
        assert!(console.attach(SIZE, Arc::default()).is_err());
        console.run_in_terminal(&master).unwrap();
        assert_eq!(size_of(&console), (24, 80));
        let attach = |rows, cols| console.attach(Size { rows, cols }, Arc::default()).unwrap();
        let large = attach(50, 60);
        assert_eq!(size_of(&console), (50, 60));
        let wide = attach(10, 100);
        assert_eq!(size_of(&console), (10, 60));
        wide.resize(Size {
            rows: 0,
            cols: 10_000,
        });
        assert_eq!(size_of(&console), (1, 60));
        drop(wide);
        assert_eq!(size_of(&console), (50, 60));
        drop(large);
        assert_eq!(size_of(&console), (50, 60), "the last one's stays");
        let all = attach(10_000, 10_000);
        assert_eq!(size_of(&console), (1000, 1000));
        drop(all);
    });
    let stty = std::process::Command::new("stty")
        .arg("size")
        .stdin(slave)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&stty.stdout).trim(), "1000 1000");
}

#[test]
fn a_client_that_was_away_gets_the_screen_as_it_is() {
    let (master, _slave) = terminal();
    runtime().block_on(async {
        let console = Arc::new(Console::default());
        console.run_in_terminal(&master).unwrap();
        let wake = Arc::new(Notify::new());
        let mut attachment = console.attach(SIZE, Arc::clone(&wake)).unwrap();
        let first = attachment.draw().unwrap().bytes;
        assert_eq!(attachment.due(), None);
        for n in 0..10_000 {
            console.output(format!("line {n}\r\n").as_bytes());
        }
        tokio::time::timeout(Duration::from_secs(5), wake.notified())
            .await
            .unwrap();
        assert!(attachment.due().is_some());
        let then = attachment.draw().unwrap().bytes;
        assert!(then.len() < 500, "{}", then.len());
        let shown = shows(&[&first, &then]).contents();
        assert!(
            shown.contains("line 9999") && !shown.contains("line 9995"),
            "{shown}"
        );
    });
}

#[test]
fn input_is_bounded_and_refused_while_nobody_reads() {
    let (mut reader, writer) = pipe().unwrap();
    runtime().block_on(async {
        let console = Console::default();
        assert_eq!(console.send(b"x"), Err(InputRefused::NotRunning));
        console.run_with_pipe(None);
        assert_eq!(console.send(b"x"), Err(InputRefused::NoInput));
        console.run_with_pipe(Some(writer.into()));
        let piece = vec![b'x'; MAX_INPUT];
        assert!(matches!(
            console.send(&[piece.clone(), vec![1]].concat()),
            Err(InputRefused::TooLong(_))
        ));
        let mut sent = 0;
        let waiting = loop {
            match console.send(&piece) {
                Ok(()) => sent += piece.len(),
                Err(InputRefused::NotReading(waiting)) if sent >= 2 * MAX_INPUT => break waiting,
                Err(InputRefused::NotReading(_)) => tokio::task::yield_now().await,
                Err(other) => panic!("{other}"),
            }
        };
        assert!(waiting > 0 && sent <= 4 * MAX_INPUT, "{waiting} of {sent}");
        // All that was taken arrives.
        let read = move || {
            let mut all = vec![0; sent];
            reader.read_exact(&mut all).map(|()| all)
        };
        let all = tokio::task::spawn_blocking(read).await.unwrap().unwrap();
        assert!(all.iter().all(|&byte| byte == b'x'));
        console.run_ended();
        assert_eq!(console.send(b"x"), Err(InputRefused::NotRunning));
    });
}
