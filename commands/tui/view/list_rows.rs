//! Which row of the screen shows what of the list. The view draws by it and the mouse points by it.
//!
//! Services have a row each. Reasons have rows of their own below them, whose number depends on the space alone, so
//! that no row moves while somebody aims at it.

use std::ops::Range;

use ratatui::layout::Rect;

use crate::terminal::status::State;
use crate::terminal::wrap::wrapped;
use crate::tui::cells::plain;
use crate::tui::model::Model;
use crate::tui::reasons;
use crate::tui::service::ServiceModel;

/// Rows a reason takes at most.
const MOST: usize = 3;
/// From so many rows on, a rule separates reasons from services.
const RULED: usize = 4;

/// A row about a reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReasonRow {
    /// The row of the list whose service it is about.
    pub(crate) row: usize,
    /// What goes before the reason: the name, in its first row.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The list on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListRows {
    /// The rows of the list that are on the screen.
    pub(crate) shown: Range<usize>,
    /// The row of the screen with the rule, if there is one.
    pub(crate) rule: Option<usize>,
    /// The row of the screen with the first reason.
    pub(crate) start: usize,
    pub(crate) reasons: Vec<ReasonRow>,
    /// Services with a reason for which there was no space.
    pub(crate) more: usize,
}

impl ListRows {
    /// The row of the list at this row of the screen.
    pub(crate) fn at(&self, y: usize) -> Option<usize> {
        if y < self.shown.len() {
            return Some(self.shown.start + y);
        }
        let reason = self.reasons.get(y.checked_sub(self.start)?)?;
        Some(reason.row)
    }
}

/// Why a service is not up; nothing for one that is up: what is unusual about
/// that is in the line above its log.
fn reason(service: &ServiceModel) -> Option<String> {
    if matches!(service.state(), State::Up | State::Done) {
        return None;
    }
    let reason = reasons::of(service)?;
    Some(match service.state() {
        // Its state is not beside it here.
        State::Waiting => format!("waiting {reason}"),
        _ => reason,
    })
}

/// The rank of what was left out of the boot on purpose.
const LEFT_OUT: u8 = 5;

/// Which reasons matter most: that of the selected service, then those of what has failed, is blocked, is under way,
/// was stopped, was left out.
fn rank(service: &ServiceModel) -> Option<u8> {
    Some(match service.state() {
        State::Up | State::Done => return None,
        State::Failed => 1,
        State::Blocked => 2,
        State::Stopped if service.is_left_out() => LEFT_OUT,
        State::Stopped => 4,
        _ => 3,
    })
}

/// Rows for reasons: what the services leave free, and a few in any case.
fn reserved(height: usize, total: usize) -> usize {
    let least = match height {
        0..=5 => 0,
        6..=11 => 2,
        _ => RULED,
    };
    least.max(height.saturating_sub(total))
}

/// What the list shows in this area.
pub(crate) fn list_rows(model: &Model, inside: Rect) -> ListRows {
    let height = usize::from(inside.height);
    let total = model.services.rows();
    let space = reserved(height, total);
    let rows = height - space;
    // The selected row stays in the middle as long as there is something on both sides.
    let selected = model.services.row().unwrap_or(0);
    let last = total.saturating_sub(rows);
    let first = selected.saturating_sub(rows / 2).min(last);
    let ruled = usize::from(space >= RULED);
    let (reasons, more) = shown_reasons(model, usize::from(inside.width), space - ruled);
    ListRows {
        shown: first..(first + rows).min(total),
        rule: (ruled > 0 && !reasons.is_empty()).then_some(rows),
        start: rows + ruled,
        reasons,
        more,
    }
}

/// The reasons that fit, and how many do not. All are in full where there is space, then shorter.
fn shown_reasons(model: &Model, columns: usize, space: usize) -> (Vec<ReasonRow>, usize) {
    let selected = model.services.row();
    let ranked = (1..).zip(model.services.shown());
    let mut ranked: Vec<(u8, usize)> = ranked
        .filter_map(|(row, service)| {
            let rank = rank(service)?;
            Some((if Some(row) == selected { 0 } else { rank }, row))
        })
        .collect();
    ranked.sort_unstable();
    let mut texts: Vec<(usize, Vec<ReasonRow>)> = Vec::new();
    let mut left = ranked.iter();
    for (rank, row) in left.by_ref() {
        if texts.len() == space {
            // What was left out on purpose is not missed.
            let is_missed = |(rank, _): &&(u8, usize)| *rank != LEFT_OUT;
            let more = usize::from(*rank != LEFT_OUT) + left.filter(is_missed).count();
            return fitted(texts, space, more);
        }
        let reason = model.services.in_row(*row).and_then(|service| {
            let lines = lines(*row, service, columns)?;
            Some((usize::from(*rank), lines))
        });
        texts.extend(reason);
    }
    fitted(texts, space, 0)
}

/// Shortens them until they fit.
fn fitted(
    texts: Vec<(usize, Vec<ReasonRow>)>,
    space: usize,
    more: usize,
) -> (Vec<ReasonRow>, usize) {
    let height = |most: usize| -> usize {
        let heights = texts.iter().map(|(_, lines)| lines.len().min(most));
        heights.sum()
    };
    let most = (1..=MOST).rev().find(|most| height(*most) <= space);
    let most = most.unwrap_or(1);
    // What is left over goes to the first.
    let mut over = space.saturating_sub(height(most));
    let mut rows = Vec::new();
    for (_, lines) in texts {
        let own = most + over.min(lines.len().saturating_sub(most)).min(MOST - most);
        over -= own - most;
        rows.extend(shortened(lines, own));
    }
    rows.truncate(space);
    (rows, more)
}

/// The rows of one reason, as many as it takes.
fn lines(row: usize, service: &ServiceModel, columns: usize) -> Option<Vec<ReasonRow>> {
    let reason = with_whole_tally(&reason(service)?);
    let name = plain(&service.name);
    let text = format!("{name}: {reason}");
    let lines = wrapped(&text, columns.saturating_sub(3).max(8));
    let line = |(index, line): (usize, String)| match line.strip_prefix(&*name) {
        Some(rest) if index == 0 => ReasonRow {
            row,
            name: name.clone(),
            text: rest.to_owned(),
        },
        _ => ReasonRow {
            row,
            name: String::new(),
            text: line,
        },
    };
    Some(lines.into_iter().enumerate().map(line).collect())
}

/// What stands in parentheses at the end, `(65 attempts, 13.0 s)`, is not broken: as it grows it would
/// move what is below, time and again.
fn with_whole_tally(reason: &str) -> String {
    match reason.rfind(" (") {
        Some(at) if reason.ends_with(')') => {
            let (before, tally) = reason.split_at(at + 1);
            format!("{before}{}", tally.replace(' ', "\u{a0}"))
        }
        _ => reason.to_owned(),
    }
}

/// At most this many rows; the last one has the rest, and is cut when drawn.
fn shortened(mut lines: Vec<ReasonRow>, most: usize) -> Vec<ReasonRow> {
    let rest = lines.split_off(lines.len().min(most));
    if let Some(last) = lines.last_mut() {
        for ReasonRow { text, .. } in rest {
            last.text.push(' ');
            last.text.push_str(&text);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use flowlayer_core::facts::Status;
    use flowlayer_core::protocol::{Details, ServiceState};

    use super::*;
    use crate::tui::fixture::{self, NOW};
    use crate::tui::message::Message;
    use crate::tui::services::Selected;
    use crate::tui::update::update;

    fn with(states: &[(&str, Status, &str)]) -> Model {
        let state = |(name, status, detail): &(&str, Status, &str)| ServiceState {
            name: (*name).to_owned(),
            status: *status,
            details: Details {
                detail: Some((*detail).to_owned()),
                up: Some(*status == Status::Ready),
                ..Details::default()
            },
        };
        let mut model = fixture::model(80, 24, true);
        let states = states.iter().map(state).collect();
        update(&mut model, NOW, Message::Snapshot(states));
        model
    }

    fn reasons_of(model: &Model, height: u16) -> Vec<usize> {
        let rows = list_rows(model, Rect::new(0, 0, 40, height));
        let all = rows.start + rows.reasons.len();
        assert!(all <= usize::from(height), "{rows:?}");
        rows.reasons.iter().map(|reason| reason.row).collect()
    }

    #[test]
    fn what_has_failed_comes_first_and_the_selected_service_before_it() {
        let mut model = with(&[
            ("a", Status::Running, "waiting for tcp :1"),
            ("b", Status::Failed, "exit code 1"),
            ("c", Status::Failed, "exit code 2"),
            ("d", Status::Running, "waiting for tcp :2"),
        ]);
        assert_eq!(reasons_of(&model, 5), [] as [usize; 0]);
        assert_eq!(reasons_of(&model, 6), [2, 3]);
        assert_eq!(reasons_of(&model, 9), [2, 3, 1]);
        assert_eq!(reasons_of(&model, 12), [2, 3, 1, 4]);
        model.services.selected = Selected::Service("d".into());
        assert_eq!(reasons_of(&model, 6), [4, 2]);
        let rows = list_rows(&model, Rect::new(0, 0, 40, 6));
        assert_eq!((rows.more, rows.at(5)), (2, Some(2)));
    }

    #[test]
    fn no_row_moves_when_reasons_come_and_go() {
        let long = "a reason that is much longer than a row of the list, and takes several of them";
        let calm = with(&[("a", Status::Ready, ""), ("b", Status::Ready, "")]);
        let troubled = with(&[("a", Status::Failed, long), ("b", Status::Failed, long)]);
        for height in 0..30 {
            let rows = |model: &Model| list_rows(model, Rect::new(0, 0, 30, height));
            assert_eq!(rows(&calm).shown, rows(&troubled).shown, "{height}");
            assert_eq!(rows(&calm).start, rows(&troubled).start, "{height}");
        }
    }

    #[test]
    fn the_selected_service_is_on_the_screen_among_thousands() {
        let names: Vec<String> = (0..3_000).map(|index| format!("s{index:04}")).collect();
        let states: Vec<_> = names
            .iter()
            .map(|name| (&**name, Status::Failed, "no"))
            .collect();
        let mut model = with(&states);
        for name in ["s0000", "s1500", "s2999"] {
            model.services.selected = Selected::Service(name.into());
            let rows = list_rows(&model, Rect::new(0, 0, 30, 20));
            let selected = model.services.row().unwrap();
            assert!(rows.shown.contains(&selected), "{rows:?}");
            assert_eq!(rows.reasons[0].row, selected);
            assert_eq!(rows.more, 2_997);
        }
    }
}
