//! What stands above the lines of the log: whose they are, what of them is shown and how much that
//! is, where the reader is, and how the service is that prints them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

use flowlayer_core::facts::Stream;
use flowlayer_core::logs::Level;

use super::blank;
use super::row_writer::RowWriter;
use crate::terminal::lines::grouped;
use crate::tui::cells::plain;
use crate::tui::format;
use crate::tui::log::Scope;
use crate::tui::log::window::{Direction, Newer};
use crate::tui::model::Model;
use crate::tui::prompt::Purpose;
use crate::tui::reasons;

/// Columns of a pattern that the right side always leaves.
const PATTERN: usize = 12;
/// Columns of a name that are left to it when all else has given way.
const NAME: usize = 4;

/// A filter or a search.
struct Pattern {
    before: &'static str,
    text: String,
    /// What it finds, in numbers; never cut.
    count: String,
}

impl Pattern {
    /// Columns beside those of its text.
    fn fixed(&self) -> usize {
        self.before.width() + self.count.width()
    }
}

/// The title and what is at its right, in so many columns. The right side is shortened first, then
/// the patterns, then the name; what is counted never.
pub(super) fn titles(
    model: &Model,
    has_focus: bool,
    room: usize,
) -> (Vec<Span<'static>>, Vec<Span<'static>>) {
    let theme = model.theme;
    let name = name(model);
    let stream = match model.logs.filter.stream {
        None => "",
        Some(Stream::Stderr) => "stderr only ",
        Some(Stream::Stdout) => "stdout only ",
    };
    let level = match model.logs.filter.level {
        None => String::new(),
        Some(Level::Error) => "errors only ".to_owned(),
        Some(level) => format!("{level} and worse "),
    };
    let stream = format!("{stream}{level}");
    let mut patterns = patterns(model, true);
    let fixed = |patterns: &[Pattern]| -> usize {
        let widths = patterns.iter().map(Pattern::fixed);
        widths.sum::<usize>() + stream.width()
    };
    let least = patterns.iter().map(|it| it.text.width().min(PATTERN));
    let least: usize = least.sum();
    if fixed(&patterns) + name.width() + 2 + least > room {
        patterns = self::patterns(model, false);
    }
    let fixed = fixed(&patterns);
    let (places, style) = place(model);
    let fits = |place: &&String| fixed + name.width() + 2 + least + place.width() < room;
    let right = places.iter().find(fits).cloned().unwrap_or_default();

    let mut left = room
        .saturating_sub(fixed + right.width())
        .saturating_sub(usize::from(!right.is_empty()));
    let name_width = (name.width() + 2).min(left.max(NAME + 2));
    left = left.saturating_sub(name_width);
    let name = format::truncate(&name, name_width - 2);
    let mut title = vec![Span::styled(format!(" {name} "), theme.title(has_focus))];
    if !stream.is_empty() {
        title.push(Span::styled(stream, theme.warning()));
    }
    let mut others = patterns.len();
    for Pattern {
        before,
        text,
        count,
    } in patterns
    {
        let text = format::truncate(&text, left / others);
        (left, others) = (left - text.width(), others - 1);
        let text = format!("{before}{text}{count}");
        title.push(Span::styled(text, theme.warning()));
    }
    let right = (!right.is_empty()).then(|| Span::styled(right, style));
    (title, right.into_iter().collect())
}

fn name(model: &Model) -> String {
    match &model.logs.filter.scope {
        _ if model.is_blank() => "connection".to_owned(),
        Scope::All => match model.logs.filter.hidden.len() {
            0 => "all logs".to_owned(),
            hidden => format!("all logs but {hidden} quiet"),
        },
        Scope::Service(name) => plain(name),
        Scope::Several(names) if names.is_empty() => "no service".to_owned(),
        Scope::Several(names) => {
            let names: Vec<&str> = names.iter().map(|name| &**name).collect();
            plain(&names.join(" + "))
        }
    }
}

/// The filter and the search, with or without the unit of the count.
fn patterns(model: &Model, with_noun: bool) -> Vec<Pattern> {
    let logs = &model.logs;
    let more = if logs.window.is_part() { "+" } else { "" };
    let mut patterns = Vec::new();
    if logs.filter.pattern.is_some()
        || logs.filter.members.is_some()
        || model.is_typing(Purpose::FilterLogs)
    {
        let lines = logs.window.lines();
        let matches = if with_noun {
            format::count(lines as u64, "match")
        } else {
            grouped(lines as u64)
        };
        patterns.push(Pattern {
            before: "/",
            text: plain(&model.logs_filter),
            count: format!(" · {matches}{more} "),
        });
    }
    if let Some(search) = &logs.search {
        let at = logs.window.current();
        let at = at.map(|number| format!("{number} of ")).unwrap_or_default();
        let hits = grouped(logs.window.hits() as u64);
        patterns.push(Pattern {
            before: "search ",
            text: plain(&search.text),
            count: format!(" · {at}{hits}{more} "),
        });
    }
    patterns
}

/// Where the reader is, at the right of the title; longest wording first.
fn place(model: &Model) -> (Vec<String>, Style) {
    let (logs, theme) = (&model.logs, model.theme);
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    if model.is_blank() {
        return (Vec::new(), theme.text());
    }
    if let Some(direction) = logs.window.loading
        && !logs.is_following()
    {
        let texts: &[&str] = match direction {
            Direction::Older => &[" loading older… ", " loading… ", " … "],
            Direction::Newer | Direction::Gap => &[" loading… ", " … "],
        };
        return (owned(texts), theme.dim());
    }
    if logs.selection.is_some() {
        return (
            owned(&[" selecting: y copies ", " y copies "]),
            theme.warning(),
        );
    }
    if logs.has_given_up() && logs.filter.leaves_out() && logs.window.is_part() {
        return (
            owned(&[" paused: a key goes on ", " paused "]),
            theme.warning(),
        );
    }
    if logs.is_following() && !model.is_connected() {
        return (owned(&[" not connected "]), theme.warning());
    }
    if logs.is_following() {
        return (owned(&[" following "]), theme.good());
    }
    let texts = match (logs.unseen, logs.window.newer) {
        (0, Newer::Live) => owned(&[" scrolled: G follows ", " G follows "]),
        (0, Newer::Above { .. }) => owned(&[" history: G follows ", " G follows "]),
        (unseen, _) => {
            let unseen = grouped(unseen);
            vec![
                format!(" ↓ {unseen} new: G follows "),
                format!(" ↓ {unseen} new "),
                format!(" ↓ {unseen} "),
            ]
        }
    };
    (texts, theme.warning())
}

/// The state of the service of this log, and the reason; above its lines.
pub(super) fn strip(model: &Model, inside: Rect, buffer: &mut Buffer) {
    let theme = model.theme;
    let mut writer = RowWriter::new(buffer, inside, 0);
    if let Some(trouble) = blank::trouble(&model.link) {
        // How the services are is not known; why it is not, is worth more than how they were.
        writer.skip(1).write(trouble, theme.bad());
        return;
    }
    if let Scope::Several(names) = &model.logs.filter.scope {
        writer.skip(1);
        for service in names.iter().filter_map(|name| model.services.get(name)) {
            let state = service.state();
            writer.write(state.symbol(), theme.state(state)).skip(1);
            writer.write(&plain(&service.name), theme.text()).skip(2);
        }
        return;
    }
    let scope = model.logs.filter.scope.service();
    let Some(service) = scope.and_then(|name| model.services.get(name)) else {
        writer.skip(1).spans(&super::header::tally(model));
        let seq = model.logs.recent.last_seq();
        if seq > 0 {
            let text = format!("seq {} ", grouped(seq));
            writer.right(&[Span::styled(text, theme.dim())]);
        }
        if let Some(held) = model.held() {
            writer.write(" · ", theme.dim()).write(&held, theme.dim());
        }
        return;
    };
    let state = service.state();
    writer
        .skip(1)
        .write(state.symbol(), theme.state(state))
        .skip(1)
        .write(state.word(), theme.state(state));
    let since = service.details.since.map_or_else(String::new, |since| {
        let since = format::duration(model.now - since.0);
        format!(" {since}")
    });
    let reason = reasons::of(service);
    let reason = reason.map_or_else(String::new, |reason| format!(" · {reason}"));
    // Why goes before since when.
    if since.width() + reason.width() <= usize::from(writer.left()) || reason.is_empty() {
        writer.write(&since, theme.dim());
    }
    let newest = model.logs.newest_of(&service.name);
    let spec = service.details.spec.as_ref();
    let facts = [
        service
            .is_quiet()
            .then(|| "quiet: not in all logs".to_owned()),
        spec.and_then(|spec| spec.url.as_deref().map(plain)),
        service.details.pid.map(|pid| format!("pid {pid}")),
        service.details.wave.map(|wave| format!("wave {wave}")),
        newest.map(|seq| format!("seq {}", grouped(seq))),
    ];
    let mut facts: Vec<String> = facts.into_iter().flatten().collect();
    // As many as there is space for.
    while !facts.is_empty() {
        let text = format!("  {} ", facts.join(" · "));
        if reason.width() + text.width() < usize::from(writer.left()) {
            writer.right(&[Span::styled(text, theme.dim())]);
            break;
        }
        facts.pop();
    }
    if let Some(reason) = reason.strip_prefix(" · ") {
        writer
            .write(" · ", theme.dim())
            .write(reason, theme.reason(state));
    }
}
