//! Which row of the screen shows what of the list. The view draws by it and the mouse points by it.

use ratatui::layout::Rect;

use crate::terminal::status::State;
use crate::terminal::wrap::wrapped;
use crate::tui::model::Model;
use crate::tui::reasons;
use crate::tui::service::ServiceModel;

/// Columns before a reason: below the name, after `└ `.
pub(super) const INDENT: u16 = 5;
/// Rows a reason takes at most.
const MOST: usize = 3;
/// From this height on, the reason of the service that is selected has two rows.
const ROOMY: usize = 8;

/// A row of the screen in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListRow {
    /// This row of the list.
    Main(usize),
    /// The reason that belongs to it.
    Reason {
        /// The row of the list.
        row: usize,
        /// The text, or what of it that did not fit the row above.
        text: String,
        /// Whether these are the first.
        is_first: bool,
    },
}

impl ListRow {
    /// The row of the list.
    pub(crate) const fn row(&self) -> usize {
        match self {
            Self::Main(row) | Self::Reason { row, .. } => *row,
        }
    }
}

/// Why a service is not up; nothing for one that is up: what is unusual about
/// that is in the line above its log.
fn reason(service: &ServiceModel) -> Option<String> {
    if matches!(service.state(), State::Up | State::Done) {
        return None;
    }
    reasons::of(service)
}

/// What the list shows in this area. All reasons are in full where there is space, then shorter, then
/// those of services that were stopped are left out, then only the first ones have one; at last only
/// the selected service has.
pub(crate) fn list_rows(model: &Model, inside: Rect) -> Vec<ListRow> {
    let height = usize::from(inside.height);
    let columns = usize::from(inside.width.saturating_sub(INDENT)).max(8);
    let services: Vec<&ServiceModel> = model.services.shown().collect();
    let selected = model.services.row().unwrap_or(0);
    let total = services.len() + 1;
    let lines = |row: usize| {
        let service = row.checked_sub(1).and_then(|index| services.get(index));
        let reason = service.and_then(|service| reason(service));
        reason.map_or_else(Vec::new, |reason| {
            wrapped(&with_whole_tally(&reason), columns)
        })
    };
    let all = height.checked_sub(total).and_then(|free| {
        let all: Vec<Vec<String>> = (0..total).map(lines).collect();
        let shapes = [
            (MOST, true),
            (2, true),
            (MOST, false),
            (2, false),
            (1, false),
        ];
        let whole = shapes.into_iter().find_map(|(most, with_stopped)| {
            let shown = all.iter().enumerate().map(|(row, lines)| {
                let is_stopped = row > 0 && services[row - 1].state() == State::Stopped;
                let is_shown = with_stopped || row == selected || !is_stopped;
                let most = if is_shown { most } else { 0 };
                shortened(lines, most)
            });
            let shown: Vec<Vec<String>> = shown.collect();
            (shown.iter().map(Vec::len).sum::<usize>() <= free).then_some(shown)
        });
        whole.or_else(|| (free > 0).then(|| first_ones(&services, &all, selected, free)))
    });
    let most = if height < ROOMY { 1 } else { 2 };
    let of_selected = shortened(&lines(selected), most);
    // The selected row stays in the middle as long as there is something on both sides.
    let first = if all.is_some() {
        0
    } else {
        let last = (total + of_selected.len()).saturating_sub(height);
        selected.saturating_sub(height / 2).min(last)
    };
    let mut rows = Vec::with_capacity(height);
    for row in first..total {
        rows.push(ListRow::Main(row));
        let lines = match &all {
            Some(all) => &*all[row],
            None if row == selected => &of_selected,
            None => &[],
        };
        rows.extend(lines.iter().enumerate().map(|(at, text)| ListRow::Reason {
            row,
            text: text.clone(),
            is_first: at == 0,
        }));
        if rows.len() >= height {
            break;
        }
    }
    rows.truncate(height);
    rows
}

/// The reasons that matter most, a row each, when there is no space for all: that of the selected
/// service, which may have two, then those of services that have failed, are blocked, are on their way, were stopped.
fn first_ones(
    services: &[&ServiceModel],
    all: &[Vec<String>],
    selected: usize,
    mut free: usize,
) -> Vec<Vec<String>> {
    let rank = |row: usize| match services[row - 1].state() {
        _ if row == selected => 0,
        State::Failed => 1,
        State::Blocked => 2,
        State::Stopped => 4,
        _ => 3,
    };
    let mut rows: Vec<usize> = (1..all.len()).filter(|&row| !all[row].is_empty()).collect();
    rows.sort_by_key(|&row| rank(row));
    let mut shown = vec![Vec::new(); all.len()];
    for row in rows {
        let most = if row == selected { 2 } else { 1 };
        shown[row] = shortened(&all[row], most.min(free));
        free -= shown[row].len();
    }
    shown
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

/// At most this many lines; the last one has the rest, and is cut when drawn.
fn shortened(lines: &[String], most: usize) -> Vec<String> {
    match most.checked_sub(1) {
        None => Vec::new(),
        Some(last) if last < lines.len() => {
            let mut shown = lines[..last].to_vec();
            shown.push(lines[last..].join(" "));
            shown
        }
        Some(_) => lines.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use flowlayer_core::facts::Status;
    use flowlayer_core::protocol::{Details, ServiceState};

    use super::*;
    use crate::tui::fixture::{self, NOW};
    use crate::tui::message::Message;
    use crate::tui::service::Selected;
    use crate::tui::update::update;

    #[test]
    fn rows_that_are_free_go_to_what_has_failed_first() {
        let state = |(name, status, detail): (&str, Status, &str)| ServiceState {
            name: name.to_owned(),
            status,
            details: Details {
                detail: Some(detail.to_owned()),
                up: Some(false),
                ..Details::default()
            },
        };
        let states = [
            ("a", Status::Running, "waiting for tcp :1"),
            ("b", Status::Failed, "exit code 1"),
            ("c", Status::Failed, "exit code 2"),
            ("d", Status::Running, "waiting for tcp :2"),
        ];
        let mut model = fixture::model(80, 24, true);
        update(
            &mut model,
            NOW,
            Message::Snapshot(states.map(state).to_vec()),
        );
        let with_reasons = |model: &Model, height| {
            let rows = list_rows(model, Rect::new(0, 0, 40, height));
            assert!(rows.len() <= usize::from(height));
            let is_reason = |row: &&ListRow| matches!(row, ListRow::Reason { .. });
            let rows: Vec<usize> = rows.iter().filter(is_reason).map(ListRow::row).collect();
            rows
        };
        assert_eq!(with_reasons(&model, 5), [] as [usize; 0]);
        assert_eq!(with_reasons(&model, 6), [2]);
        assert_eq!(with_reasons(&model, 7), [2, 3]);
        assert_eq!(with_reasons(&model, 8), [1, 2, 3]);
        assert_eq!(with_reasons(&model, 9), [1, 2, 3, 4]);
        model.services.selected = Selected::Service("d".into());
        assert_eq!(
            with_reasons(&model, 5),
            [4],
            "that of the selected one always"
        );
        assert_eq!(with_reasons(&model, 7), [2, 4]);
    }
}
