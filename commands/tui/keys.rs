//! The key table: what can be pressed, where, and what it does. The help and the hints are made
//! from it, so that they cannot disagree.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Where a key counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Context {
    Services,
    Logs,
    Plan,
    Detail,
    Help,
    Palette,
    Info,
    /// A line in full.
    Line,
    Sessions,
    Question,
    /// The question at quitting.
    Quitting,
    /// While a filter or a search is being typed.
    Typing,
    /// Wherever no nearer context binds the key.
    Everywhere,
}

impl Context {
    /// In the order of the help.
    pub(crate) const ALL: [Self; 13] = [
        Self::Everywhere,
        Self::Services,
        Self::Logs,
        Self::Typing,
        Self::Plan,
        Self::Detail,
        Self::Help,
        Self::Palette,
        Self::Info,
        Self::Line,
        Self::Sessions,
        Self::Question,
        Self::Quitting,
    ];

    /// The heading in the help.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::Services => "services",
            Self::Logs => "log",
            Self::Typing => "while typing",
            Self::Plan => "plan",
            Self::Detail => "details",
            Self::Help => "help",
            Self::Palette => "palette",
            Self::Info => "connection info",
            Self::Line => "a line in full",
            Self::Sessions => "sessions",
            Self::Question => "questions",
            Self::Quitting => "quitting up",
        }
    }
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    Quit,
    SwitchPanel,
    Filter,
    Close,
    Info,
    Help,
    Palette,
    Sessions,
    Plan,
    Boot,
    Detail,
    Start,
    Stop,
    Restart,
    ToggleMark,
    NextProblem,
    OnlyDown,
    Order,
    OpenUrl,
    Zoom,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Top,
    Bottom,
    Find,
    NextHit,
    PreviousHit,
    Context,
    Stream,
    Level,
    Fields,
    NextError,
    PreviousError,
    Quiet,
    Numbers,
    Clock,
    Wrap,
    LineStart,
    Mark,
    PreviousMark,
    Select,
    Copy,
    Save,
    RevealToken,
    ToggleRegex,
    Accept,
    Retry,
    Suspend,
    Redraw,
}

/// A key, with or without Ctrl. Shift is in the character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Press {
    code: KeyCode,
    ctrl: bool,
    /// Nothing is bound to it: what a terminal sends for it is what it sends for `esc` and the key,
    /// and who types those fast does not mean the key.
    alt: bool,
    /// The key before it, where two make a sequence.
    after: Option<char>,
}

const fn char(character: char) -> Press {
    key(KeyCode::Char(character))
}

const fn ctrl(character: char) -> Press {
    Press {
        ctrl: true,
        ..char(character)
    }
}

const fn key(code: KeyCode) -> Press {
    Press {
        code,
        ctrl: false,
        alt: false,
        after: None,
    }
}

/// One key after another.
const fn sequence(first: char, second: char) -> Press {
    Press {
        after: Some(first),
        ..char(second)
    }
}

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) context: Context,
    keys: &'static [Press],
    /// The keys as they are written.
    pub(crate) shown: &'static str,
    pub(crate) action: Action,
    /// For the help.
    pub(crate) help: &'static str,
    /// For the footer: one word, or empty if the key is not shown there.
    pub(crate) hint: &'static str,
}

macro_rules! bindings {
    ($($context:ident: $([$($press:expr),+] $shown:literal $action:ident, $help:literal, $hint:literal;)+)+) => {
        &[$($(Binding {
            context: Context::$context,
            keys: &[$($press),+],
            shown: $shown,
            action: Action::$action,
            help: $help,
            hint: $hint,
        },)+)+]
    };
}

/// The table. Within a context the order is the order of importance: hints are cut from its end.
pub(crate) const BINDINGS: &[Binding] = bindings! {
    Services:
        [key(KeyCode::Up), char('k')] "↑ k" Up, "one up", "";
        [key(KeyCode::Down), char('j')] "↓ j" Down, "one down", "";
        [char('/')] "/" Filter, "show only services whose name contains…", "filter";
        [key(KeyCode::Enter), char('d')] "enter d" Detail, "details of the service", "details";
        [char(' ')] "space" ToggleMark, "mark it: one log, and one command for all that are marked", "mark";
        [char('O')] "O" Order, "sort by wave, by state, by name", "";
        [key(KeyCode::PageUp)] "pgup" PageUp, "a page up", "";
        [key(KeyCode::PageDown)] "pgdn" PageDown, "a page down", "";
        [char('g'), key(KeyCode::Home)] "g home" Top, "all logs", "";
        [char('G'), key(KeyCode::End)] "G end" Bottom, "the last service", "";
    Logs:
        [key(KeyCode::Up), char('k')] "↑ k" Up, "one row up; stops following", "";
        [key(KeyCode::Down), char('j')] "↓ j" Down, "one row down; follows again at the end", "";
        [char('/')] "/" Filter, "show only lines that contain…", "filter";
        [char('f'), ctrl('f')] "f" Find, "search: matches stand out, everything stays", "search";
        [char('n')] "n" NextHit, "next match, downwards, through the whole log", "next";
        [char('N')] "N" PreviousHit, "next match, upwards, through the whole log", "previous";
        [char('v')] "v" Select, "select lines: move to extend, y copies", "select";
        [char('w')] "w" Wrap, "break long lines, or not", "wrap";
        [char('t')] "t" Clock, "times: short, full, since the start of the service, none", "times";
        [char('#')] "#" Numbers, "numbers of the entries, or none", "";
        [char('e')] "e" Stream, "both streams, stderr only, stdout only", "stream";
        [char('J')] "J" Fields, "JSON and logfmt as fields, or as printed", "";
        [char('Q')] "Q" Quiet, "all logs: with or without quiet services", "";
        [char('\'')] "'" PreviousMark, "up to the next mark", "";
        [key(KeyCode::Enter)] "enter" Context, "the line in full; filtered: what stands around it", "context";
        [char('d')] "d" Detail, "details of the service", "";
        [char('y')] "y" Copy, "copy the selection, or the screen", "copy";
        [key(KeyCode::Left), char('h')] "← h" Left, "to the left", "";
        [key(KeyCode::Right), char('l')] "→ l" Right, "to the right, in long lines", "";
        [char('0')] "0" LineStart, "back to the start of the lines", "";
        [key(KeyCode::PageUp), ctrl('b'), ctrl('u')] "pgup" PageUp, "a page up; older lines are loaded", "";
        [key(KeyCode::PageDown), char(' '), ctrl('d')] "pgdn space" PageDown, "a page down", "";
        [char('g'), key(KeyCode::Home)] "g home" Top, "the beginning of the log", "";
        [char('G'), key(KeyCode::End)] "G end" Bottom, "the end; new lines are followed", "follow";
    Plan:
        [key(KeyCode::Up), char('k')] "↑ k" Up, "one up in the wave", "";
        [key(KeyCode::Down), char('j')] "↓ j" Down, "one down in the wave", "";
        [key(KeyCode::Left), char('h')] "← h" Left, "a wave earlier", "";
        [key(KeyCode::Right), char('l')] "→ l" Right, "a wave later", "";
        [char('g'), key(KeyCode::Home)] "g" Top, "the first service", "";
        [char('G'), key(KeyCode::End)] "G" Bottom, "the last service", "";
        [key(KeyCode::Enter), char('d')] "enter d" Detail, "details of the service", "details";
        [char('p'), key(KeyCode::Esc)] "p esc" Plan, "back to the log", "back";
    Detail:
        [key(KeyCode::Up), char('k')] "↑ k" Up, "up", "";
        [key(KeyCode::Down), char('j')] "↓ j" Down, "down", "";
        [key(KeyCode::PageUp)] "pgup" PageUp, "a page up", "";
        [key(KeyCode::PageDown), char(' ')] "pgdn" PageDown, "a page down", "";
        [char('g'), key(KeyCode::Home)] "g home" Top, "the beginning", "";
        [char('G'), key(KeyCode::End)] "G end" Bottom, "the end", "";
        [key(KeyCode::Esc), key(KeyCode::Enter), char('d')] "esc enter d" Close, "close", "close";
    Help:
        [key(KeyCode::Up), char('k')] "↑ k" Up, "up", "";
        [key(KeyCode::Down), char('j')] "↓ j" Down, "down", "";
        [char('/')] "/" Filter, "show only lines that contain…", "search";
        [key(KeyCode::PageUp)] "pgup" PageUp, "a page up", "";
        [key(KeyCode::PageDown), char(' ')] "pgdn" PageDown, "a page down", "";
        [char('g'), key(KeyCode::Home)] "g home" Top, "the beginning", "";
        [char('G'), key(KeyCode::End)] "G end" Bottom, "the end", "";
        [key(KeyCode::Esc), char('?'), key(KeyCode::Enter)] "esc ?" Close, "close", "close";
    Palette:
        [key(KeyCode::Up), ctrl('p')] "↑ ^p" Up, "up", "";
        [key(KeyCode::Down), ctrl('n'), key(KeyCode::Tab)] "↓ ^n" Down, "down", "";
        [key(KeyCode::Enter)] "enter" Accept, "do it", "do it";
        [key(KeyCode::Esc)] "esc" Close, "close", "close";
    Info:
        [key(KeyCode::Up), char('k')] "↑ k" Up, "up", "";
        [key(KeyCode::Down), char('j')] "↓ j" Down, "down", "";
        [key(KeyCode::PageUp)] "pgup" PageUp, "a page up", "";
        [key(KeyCode::PageDown), char(' ')] "pgdn" PageDown, "a page down", "";
        [char('g'), key(KeyCode::Home)] "g home" Top, "the beginning", "";
        [char('G'), key(KeyCode::End)] "G end" Bottom, "the end", "";
        [char('t')] "t" RevealToken, "show or hide the token", "token";
        [char('y')] "y" Copy, "copy the command that connects here", "copy";
        [key(KeyCode::Esc), char('i'), key(KeyCode::Enter)] "esc i" Close, "close", "close";
    Line:
        [key(KeyCode::Up), char('k')] "↑ k" Up, "up", "";
        [key(KeyCode::Down), char('j')] "↓ j" Down, "down", "";
        [key(KeyCode::PageUp)] "pgup" PageUp, "a page up", "";
        [key(KeyCode::PageDown), char(' ')] "pgdn" PageDown, "a page down", "";
        [char('g'), key(KeyCode::Home)] "g home" Top, "the beginning", "";
        [char('G'), key(KeyCode::End)] "G end" Bottom, "the end", "";
        [char('y')] "y" Copy, "copy it as it was printed", "copy";
        [key(KeyCode::Esc), key(KeyCode::Enter)] "esc enter" Close, "close", "close";
    Sessions:
        [key(KeyCode::Up), char('k')] "↑ k" Up, "up", "";
        [key(KeyCode::Down), char('j')] "↓ j" Down, "down", "";
        [key(KeyCode::Enter)] "enter" Accept, "go there", "connect";
        [char('o')] "o" Sessions, "look again", "refresh";
        [key(KeyCode::Esc)] "esc" Close, "stay", "close";
    Question:
        [char('y'), key(KeyCode::Enter)] "y enter" Accept, "yes", "yes";
        [char('n'), key(KeyCode::Esc)] "n esc" Close, "no", "no";
    Quitting:
        [key(KeyCode::Enter), char('q'), ctrl('c')] "enter q ^c" Accept, "leave the session running", "leave it running";
        [char('x')] "x" Stop, "stop it: all services, and their server", "stop it";
        [key(KeyCode::Esc)] "esc" Close, "back to the cockpit", "back";
    Typing:
        [key(KeyCode::Enter)] "enter" Accept, "keep it and go on", "keep";
        [key(KeyCode::Esc)] "esc" Close, "drop it", "drop";
        [ctrl('r'), key(KeyCode::Tab)] "tab ^r" ToggleRegex, "plain text or regular expression", "regex";
    Everywhere:
        [char('?')] "?" Help, "this help", "help";
        [char(':')] ":" Palette, "everything that can be done now, with search", "";
        [char('s'), char('S')] "s" Start, "start, or restart what is up; on all logs: start all", "start";
        [char('x')] "x" Stop, "stop; on all logs: stop all", "stop";
        [char('r')] "r" Restart, "restart the service", "restart";
        [char('u')] "u" OpenUrl, "open the url of the service", "open";
        [char('!')] "!" NextProblem, "the next problem: failed, blocked, not ready for 10 s", "problem";
        [char('F')] "F" OnlyDown, "list only what is not up, or everything", "";
        [key(KeyCode::Tab), key(KeyCode::BackTab)] "tab" SwitchPanel, "to the other panel", "panel";
        [sequence(']', 'e')] "]e" NextError, "the next error, downwards, through the whole log", "";
        [sequence('[', 'e')] "[e" PreviousError, "the next error, upwards, through the whole log", "";
        [char('L')] "L" Level, "all lines, or those of level info, warn, error and worse", "";
        [char('m')] "m" Mark, "mark the log: a line under what is there now", "";
        [char('Y')] "Y" Save, "write the selection, or the whole log as filtered, to a file", "";
        [char('z')] "z" Zoom, "the panel with the focus alone, without frames", "";
        [char('p')] "p" Plan, "the plan: waves as columns, live", "plan";
        [char('b')] "b" Boot, "the boot: each service as a bar, and what it waits for", "";
        [char('o')] "o" Sessions, "switch to another live session", "sessions";
        [char('i')] "i" Info, "connection info", "info";
        [key(KeyCode::Esc)] "esc" Close, "close a window, a selection, a search, a filter, marks", "";
        [char('R')] "R" Retry, "reload an edited configuration, or connect again", "";
        [ctrl('l')] "^l" Redraw, "draw the screen anew", "";
        [ctrl('z')] "^z" Suspend, "back to the shell for a while; fg returns here", "";
        [char('q'), ctrl('c')] "q ^c" Quit, "quit; the services go on; up asks", "quit";
};

impl Binding {
    /// Its first key, as if it had been pressed.
    pub(crate) fn event(&self) -> Option<KeyEvent> {
        let press = self.keys.first()?;
        let modifiers = if press.ctrl {
            KeyModifiers::CONTROL
        } else {
            KeyModifiers::NONE
        };
        Some(KeyEvent::new(press.code, modifiers))
    }

    /// What is pressed before [`Self::event`], if it is a sequence.
    pub(crate) fn prefix(&self) -> Option<char> {
        self.keys.first()?.after
    }

    /// Its first key as it is written.
    pub(crate) fn key(&self) -> &'static str {
        self.shown.split(' ').next().unwrap_or_default()
    }
}

/// What a key does where these contexts count, the first first.
pub(crate) fn action(event: KeyEvent, contexts: &[Context]) -> Option<Action> {
    action_after(None, event, contexts)
}

/// What a key does after this one.
pub(crate) fn action_after(
    first: Option<char>,
    event: KeyEvent,
    contexts: &[Context],
) -> Option<Action> {
    let press = Press {
        code: event.code,
        ctrl: event.modifiers.contains(KeyModifiers::CONTROL),
        alt: event.modifiers.contains(KeyModifiers::ALT),
        after: first,
    };
    let mut bindings = contexts.iter().flat_map(|context| of(*context));
    let found = bindings.find(|binding| binding.keys.contains(&press))?;
    Some(found.action)
}

/// The sequences that begin with this key where these contexts count.
pub(crate) fn sequences(
    first: char,
    contexts: &'static [Context],
) -> impl Iterator<Item = &'static Binding> {
    let bindings = contexts.iter().flat_map(|context| of(*context));
    bindings.filter(move |binding| binding.prefix() == Some(first))
}

/// The rows of a context.
pub(crate) fn of(context: Context) -> impl Iterator<Item = &'static Binding> {
    BINDINGS
        .iter()
        .filter(move |binding| binding.context == context)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn press(character: char) -> KeyEvent {
        KeyEvent::new(KeyCode::Char(character), KeyModifiers::NONE)
    }

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for context in Context::ALL {
            let mut seen = HashSet::new();
            for binding in of(context) {
                for key in binding.keys {
                    assert!(
                        seen.insert((key.code, key.ctrl, key.after)),
                        "{context:?} {:?}",
                        binding.shown
                    );
                }
            }
            assert!(!seen.is_empty(), "{context:?}");
        }
    }

    #[test]
    fn the_nearer_context_wins() {
        let contexts = [Context::Logs, Context::Everywhere];
        assert_eq!(action(press('t'), &contexts), Some(Action::Clock));
        assert_eq!(
            action(press('t'), &[Context::Info]),
            Some(Action::RevealToken)
        );
        assert_eq!(action(press('q'), &contexts), Some(Action::Quit));
        assert_eq!(
            action(press('S'), &contexts),
            Some(Action::Start),
            "as in the original"
        );
        assert_eq!(action(press('§'), &contexts), None);
    }

    /// The page about the cockpit names every key.
    #[test]
    fn the_page_is_complete() {
        let page = include_str!("../../docs/tui.md");
        for binding in BINDINGS {
            let keys = binding.shown.split(' ').map(|key| format!("`{key}`"));
            let keys = keys.collect::<Vec<_>>().join(" ");
            let row = format!("| {keys} | {} |", binding.help);
            assert!(page.contains(&row), "docs/tui.md lacks: {row}");
        }
    }

    #[test]
    fn shift_is_in_the_character() {
        let event = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(action(event, &[Context::Logs]), Some(Action::Bottom));
        let event = KeyEvent::new(KeyCode::Char('x'), KeyModifiers::ALT);
        assert_eq!(action(event, &[Context::Everywhere]), None);
    }
}
