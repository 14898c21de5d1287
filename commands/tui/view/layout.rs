//! Where everything goes, at any size. The view draws by it and the keys page by it.

use ratatui::layout::{Position, Rect};

use crate::tui::format::Clock;
use crate::tui::log::fields::LineView;
use crate::tui::log::{Geometry, Scope};
use crate::tui::model::{Body, Model, Panel};

/// From this width on, list and log are side by side.
const SIDE_BY_SIDE: u16 = 64;
/// From this height on, a narrow screen shows both, one above the other.
const STACKED: u16 = 18;
/// From this height on, panels have edges.
const EDGED: u16 = 12;
/// The list is not wider than this for its names.
const WIDEST_LIST: u16 = 46;
/// Names in the log take no more columns than this.
const WIDEST_NAME: u16 = 18;

/// What panels have around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Edges {
    /// A line on all sides.
    #[default]
    Box,
    /// A line above, with the title.
    Rule,
    /// The title alone.
    Title,
}

/// The areas of the screen; what has no space is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Areas {
    /// The first row.
    pub(crate) header: Rect,
    /// The list, its edges included.
    pub(crate) list: Rect,
    /// The log or the details, edges included; the plan takes the list's place too.
    pub(crate) main: Rect,
    /// The last row.
    pub(crate) footer: Rect,
    /// What panels have around them.
    pub(crate) edges: Edges,
}

impl Areas {
    /// The inside of a panel.
    pub(crate) fn inside(&self, panel: Rect) -> Rect {
        if self.edges == Edges::Box {
            Rect {
                x: panel.x.saturating_add(1),
                y: panel.y.saturating_add(1),
                width: panel.width.saturating_sub(2),
                height: panel.height.saturating_sub(2),
            }
        } else {
            Rect {
                y: panel.y.saturating_add(1),
                height: panel.height.saturating_sub(1),
                ..panel
            }
        }
    }

    /// The rows of the log, below the line about its service.
    pub(crate) fn log_rows(&self) -> Rect {
        let inside = self.inside(self.main);
        let strip = u16::from(inside.height > 4);
        Rect {
            y: inside.y + strip,
            height: inside.height - strip,
            ..inside
        }
    }

    /// Whether there is space for one panel only.
    pub(crate) const fn is_single(&self) -> bool {
        self.list.is_empty() || self.main.is_empty()
    }

    /// The panel at this position.
    pub(crate) fn panel_at(&self, column: u16, row: u16) -> Option<Panel> {
        let place = Position::new(column, row);
        if self.list.contains(place) {
            Some(Panel::Services)
        } else if self.main.contains(place) {
            Some(Panel::Logs)
        } else {
            None
        }
    }
}

/// Divides the screen.
pub(crate) fn areas(model: &Model) -> Areas {
    let (columns, rows) = (model.columns, model.rows);
    let header = Rect::new(0, 0, columns, rows.min(1));
    let footer = Rect::new(0, rows.saturating_sub(1), columns, u16::from(rows > 2));
    let body = Rect::new(
        0,
        header.height,
        columns,
        rows.saturating_sub(header.height + footer.height),
    );
    let is_zoomed = model.is_zoomed && model.body != Body::Plan;
    let edges = match rows {
        _ if is_zoomed => Edges::Title,
        0..EDGED => Edges::Rule,
        _ => Edges::Box,
    };
    let mut areas = Areas {
        header,
        footer,
        edges,
        main: body,
        list: Rect::default(),
    };
    if model.body == Body::Plan {
        return areas;
    }
    let is_on_list = model.focus == Panel::Services && model.body == Body::Log;
    if is_zoomed {
        if is_on_list && !model.is_blank() {
            areas.list = body;
            areas.main = Rect::default();
        }
    } else if columns >= SIDE_BY_SIDE {
        let width = list_width(model);
        areas.list = Rect { width, ..body };
        areas.main = Rect {
            x: body.x + width,
            width: body.width - width,
            ..body
        };
    } else if rows >= STACKED {
        let wanted = u16::try_from(model.services.rows())
            .unwrap_or(u16::MAX)
            .saturating_add(3);
        let height = wanted.min(body.height * 2 / 5);
        areas.list = Rect { height, ..body };
        areas.main = Rect {
            y: body.y + height,
            height: body.height - height,
            ..body
        };
    } else if is_on_list && !model.is_blank() {
        areas.list = body;
        areas.main = Rect::default();
    }
    areas
}

/// Where windows may be: above everything but the last row, which says what their keys are and do.
pub(crate) fn window(model: &Model) -> Rect {
    let footer = areas(model).footer.height;
    Rect::new(0, 0, model.columns, model.rows.saturating_sub(footer))
}

/// As wide as names and states ask for, within two fifths of the screen. Reasons are broken to that width, so that none
/// that comes or goes moves the log.
fn list_width(model: &Model) -> u16 {
    let widest = model.services.widest_name().max(12);
    // Edges, wave, symbol and state beside the name.
    let most = (model.columns * 2 / 5).clamp(28, WIDEST_LIST);
    widest.saturating_add(22).clamp(28, most)
}

/// The format of times: as chosen by the user, else as space permits.
pub(crate) fn clock(model: &Model, width: u16) -> Clock {
    // Without names there is more room.
    let least = match model.logs.filter.scope {
        Scope::Service(_) => 40,
        Scope::All | Scope::Several(_) => 48,
    };
    let by_width = if width < least {
        Clock::Off
    } else {
        Clock::Time
    };
    model.logs.clock.unwrap_or(by_width)
}

/// The columns of names in the log, 0 when all lines are of one service.
pub(crate) fn name_width(model: &Model, width: u16) -> u16 {
    if matches!(model.logs.filter.scope, Scope::Service(_)) {
        return 0;
    }
    let widest = model.services.widest_name();
    widest.min(WIDEST_NAME).min(width / 4)
}

/// The columns of the numbers in the log, the blank behind them included; 0 without numbers.
pub(crate) fn number_width(model: &Model) -> u16 {
    if !model.logs.numbers {
        return 0;
    }
    let last = model.logs.recent.last_seq();
    u16::try_from(last.max(1).ilog10() + 2).unwrap_or(0)
}

/// The columns before the text of a log line.
pub(crate) fn gutter(model: &Model, width: u16) -> u16 {
    let name = name_width(model, width);
    let names = if name == 0 { 0 } else { name + 1 };
    (1 + clock(model, width).width() + number_width(model) + names + 2).min(width)
}

/// The space for the text of log lines.
pub(crate) fn geometry(model: &Model) -> Geometry {
    let rows = areas(model).log_rows();
    Geometry {
        height: usize::from(rows.height),
        columns: usize::from(rows.width - gutter(model, rows.width)),
        wrap: model.logs.wrap,
        view: match clock(model, rows.width) {
            _ if model.logs.is_raw => LineView::Raw,
            Clock::Off => LineView::FieldsAndTime,
            Clock::Time | Clock::Full | Clock::SinceStart => LineView::Fields,
        },
    }
}
