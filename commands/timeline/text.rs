//! A timeline as text: a bar for each service, the critical path, and what happened since.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use flowlayer_core::history::{Gate, Happened, Step, Timeline};
use unicode_width::UnicodeWidthStr;

use crate::terminal::color::paint;
use crate::terminal::lines::count;
use crate::terminal::moment::{duration, time_of_day};
use crate::terminal::sanitize;
use crate::terminal::wrap::truncate;

/// The width where there is no terminal.
const USUAL: usize = 100;
/// Bars are no narrower and no wider than this.
const BAR: (usize, usize) = (12, 120);
const NAMES: usize = 24;
/// Lines of what happened since; the newest.
const MOST_SINCE: usize = 200;

/// The boot. `width` is that of the terminal.
pub(crate) fn boot(boot: Option<&Timeline>, width: Option<usize>, colored: bool) -> String {
    let Some(boot) = boot else {
        return "no boot is on record\n".to_owned();
    };
    let name = |step: &Step| truncate(&sanitize::text(&step.service), NAMES);
    let names = boot.services.iter().map(|step| name(step).width());
    let names = names.max().unwrap_or(0).max(7);
    let said: Vec<String> = boot.services.iter().map(said).collect();
    let longest = said.iter().map(|it| it.width()).max().unwrap_or(0);
    let room = width.unwrap_or(USUAL).saturating_sub(names + 4);
    let bar = room.saturating_sub(longest).clamp(BAR.0, BAR.1);
    let room = width.map_or(usize::MAX, |_| room.saturating_sub(bar));
    let mut text = String::new();
    for (step, said) in boot.services.iter().zip(&said) {
        let name = name(step);
        let pad = " ".repeat(names - name.width());
        let bar = drawn(step, boot.total_ms, bar, colored);
        let said = truncate(said, room);
        let _ = writeln!(text, "{name}{pad}  {bar}  {said}");
    }
    let all_up = boot
        .services
        .iter()
        .all(|step| step.up || step.started_ms.is_none());
    let total = duration(boot.total_ms);
    let _ = match (boot.ended, all_up) {
        (true, true) => writeln!(text, "\nup in {total}"),
        (true, false) => writeln!(text, "\nthe boot took {total}, and not everything came up"),
        (false, _) => writeln!(text, "\nthe boot has not ended after {total}"),
    };
    let path: Vec<_> = boot
        .critical_path
        .iter()
        .map(|it| sanitize::text(it))
        .collect();
    if !path.is_empty() {
        let _ = writeln!(text, "critical path: {}", path.join(" → "));
    }
    if boot.waves_cost_ms >= 100 {
        let _ = writeln!(
            text,
            "waves cost {} beyond dependencies",
            duration(boot.waves_cost_ms)
        );
    }
    text
}

/// The bar of a service in this many columns.
fn drawn(step: &Step, total: u64, columns: usize, colored: bool) -> String {
    let column = |ms: u64| {
        let at = u128::from(ms) * columns as u128 / u128::from(total.max(1));
        usize::try_from(at).map_or(columns, |at| at.min(columns))
    };
    let Some(started) = step.started_ms else {
        return " ".repeat(columns);
    };
    let end = step.resolved_ms.unwrap_or(total);
    let running = step.running_ms.unwrap_or(end).min(end);
    let from = column(started).min(columns - 1);
    // However short, it is seen.
    let to = column(end).max(from + 1);
    let run = column(running).clamp(from, to);
    let color = if step.up {
        AnsiColor::Green
    } else if step.resolved_ms.is_some() {
        AnsiColor::Red
    } else {
        AnsiColor::Yellow
    };
    let style = Style::new().fg_color(Some(color.into()));
    let bar = format!("{}{}", "░".repeat(run - from), "█".repeat(to - run));
    let waits = paint(Style::new().dimmed(), &"·".repeat(from), colored);
    let rest = " ".repeat(columns - to);
    format!("{waits}{}{rest}", paint(style, &bar, colored))
}

/// What held a service up, and when it was up.
fn said(step: &Step) -> String {
    let (Some(started), Some(resolved)) = (step.started_ms, step.resolved_ms) else {
        return sanitize::text(step.outcome.as_deref().unwrap_or("not started")).into_owned();
    };
    let running = step.running_ms.unwrap_or(resolved).clamp(started, resolved);
    let mut parts = vec![duration(resolved)];
    if let Some(wait) = step.waited_for.as_ref().filter(|_| started > 0) {
        let service = sanitize::text(&wait.service);
        parts.push(if wait.is_dependency {
            format!("waited for {service}")
        } else {
            format!("its wave waited for {service}")
        });
    }
    match step.gate {
        Some(Gate::Start) if running > started => {
            parts.push(format!("start {}", duration(running - started)));
        }
        Some(Gate::Work) => parts.push(format!("work {}", duration(resolved - running))),
        Some(Gate::Probe) => parts.push(format!("probe {}", duration(resolved - running))),
        _ => parts.push(format!("own {}", duration(resolved - started))),
    }
    if let Some(outcome) = step.outcome.as_deref().filter(|_| !step.up) {
        parts.push(sanitize::text(outcome).into_owned());
    }
    parts.join(", ")
}

/// What happened after the boot.
pub(crate) fn since(since: &[Happened]) -> String {
    let mut text = String::new();
    let shown = &since[since.len().saturating_sub(MOST_SINCE)..];
    if !shown.is_empty() {
        text.push_str("\nsince then\n");
    }
    if shown.len() < since.len() {
        let left = (since.len() - shown.len()) as u64;
        let _ = writeln!(text, "({} earlier: --format json)", count(left, "line"));
    }
    for happened in shown {
        let time = time_of_day(happened.timestamp);
        let _ = writeln!(text, "{time}  {}", sanitize::text(&happened.text));
    }
    text
}

/// A line about records that are missing.
pub(crate) fn lost(records: u64) -> String {
    match records {
        0 => String::new(),
        _ => format!(
            "\n{} missing: the disk did not take them\n",
            count(records, "record")
        ),
    }
}
