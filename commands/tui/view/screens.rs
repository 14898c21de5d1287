//! Every screen at four sizes, with its colours: below each row of text a letter for the style of each cell.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::fixture::{self, NOW, keys};
use crate::tui::message::{Choice, Link, Message};
use crate::tui::model::{AtQuit, Model};
use crate::tui::update::update;

const SIZES: [(u16, u16); 4] = [(40, 10), (80, 24), (120, 40), (200, 60)];

/// Text and styles of the screen.
fn painted(model: &Model) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, model.columns, model.rows));
    super::draw(model, &mut buffer);
    let mut styles: Vec<Style> = vec![Cell::default().style()];
    let mut text = String::new();
    for row in buffer.content.chunks(usize::from(model.columns)) {
        let symbols: String = row.iter().map(Cell::symbol).collect();
        let letters = row.iter().map(|cell| {
            let style = cell.style();
            let index = styles.iter().position(|known| *known == style);
            let index = index.unwrap_or_else(|| {
                styles.push(style);
                styles.len() - 1
            });
            ['.']
                .into_iter()
                .chain('a'..='z')
                .chain('A'..='Z')
                .nth(index)
                .unwrap()
        });
        let letters: String = letters.collect();
        let letters = letters.trim_end_matches('.');
        // Writing to a `String` does not fail.
        let _ = writeln!(text, " {}", symbols.trim_end());
        if !letters.is_empty() {
            let _ = writeln!(text, "~{letters}");
        }
    }
    for (letter, style) in ('a'..='z').chain('A'..='Z').zip(&styles[1..]) {
        let _ = writeln!(
            text,
            "{letter}: {:?} on {:?} {:?}",
            style.fg, style.bg, style.add_modifier
        );
    }
    text
}

#[test]
fn every_screen_at_every_size() {
    for (name, typed) in [
        ("list", ""),
        ("failed", "!"),
        ("marked", "jjj j j"),
        ("filtered", "/er\n"),
        ("down", "F"),
        ("detail", "!!d"),
        ("plan", "jjjjjp"),
        ("boot", "b"),
        ("log", "\tz"),
        ("searched", "\tfhealth\n"),
        ("palette", ":st"),
        ("help", "?"),
        ("question", "x"),
        ("connection", "i"),
        ("typing", "/er"),
        ("sessions", "o"),
        ("leaving", "q"),
        ("offline", ""),
    ] {
        let mut all = String::new();
        for (columns, rows) in SIZES {
            let mut model = fixture::model(columns, rows, true);
            model.at_quit = AtQuit::Ask;
            keys(&mut model, typed);
            if name == "sessions" {
                update(&mut model, NOW, Message::Sessions(sessions()));
            }
            if name == "offline" {
                let (retry_at, why) = (NOW + 2_000, "closed by the server".to_owned());
                let link = Link::Reconnecting { retry_at, why };
                update(&mut model, NOW, Message::Link(link));
            }
            let _ = writeln!(all, "{columns}x{rows}");
            all.push_str(&painted(&model));
        }
        insta::assert_snapshot!(name, all);
    }
}

fn sessions() -> Vec<Choice> {
    let choice = |(port, stack): (u16, &str)| Choice {
        address: format!("127.0.0.1:{port}"),
        token: None,
        config: Some(format!("/home/me/{stack}/flowlayer.jsonc")),
        pid: Some(4100),
    };
    [(6999, "quickstart"), (7001, "shop")].map(choice).to_vec()
}

/// No size makes it panic, whatever is shown.
#[test]
fn every_size_is_drawn() {
    let sides = [
        1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 17, 18, 27, 28, 40, 63, 64, 80, 199, 200, 500,
    ];
    let views = [
        "", "\t", "!d", "\u{1b}p", "pb", "b?", "\u{1b}:", "\u{1b}i", "\u{1b}z", "x",
    ];
    let mut model = fixture::model(80, 24, true);
    for typed in views {
        keys(&mut model, typed);
        for columns in sides {
            for rows in sides.into_iter().filter(|rows| *rows <= 200) {
                update(&mut model, NOW, Message::Resize { columns, rows });
                let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
                super::draw(&model, &mut buffer);
            }
        }
    }
}
