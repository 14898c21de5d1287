//! What of the log is wanted on the screen.

use std::collections::BTreeSet;
use std::sync::Arc;

use flowlayer_core::facts::Stream;
use flowlayer_core::logs::Level;

use super::item::{Content, Item};
use super::matcher::Matcher;
use crate::tui::services::Names;

/// Which services' lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Scope {
    /// All services.
    #[default]
    All,
    /// Those of one service.
    Service(Arc<str>),
    /// Those of these services.
    Several(Names),
}

impl Scope {
    /// Whether an item of this service is shown; items about the whole stack are.
    pub(crate) fn covers(&self, service: Option<&str>) -> bool {
        match (self, service) {
            (Self::All, _) | (_, None) => true,
            (Self::Service(wanted), Some(service)) => **wanted == *service,
            (Self::Several(names), Some(service)) => names.contains(service),
        }
    }

    /// The service, when it is one.
    pub(crate) const fn service(&self) -> Option<&Arc<str>> {
        match self {
            Self::All | Self::Several(_) => None,
            Self::Service(name) => Some(name),
        }
    }
}

/// Scope, stream and filter together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LogFilter {
    pub(crate) scope: Scope,
    /// Services whose lines are left out.
    pub(crate) hidden: Names,
    /// Only these services, hidden ones among them.
    pub(crate) members: Option<BTreeSet<Arc<str>>>,
    /// Only lines written there.
    pub(crate) stream: Option<Stream>,
    /// Only lines of this level or a worse one.
    pub(crate) level: Option<Level>,
    /// Only what contains this.
    pub(crate) pattern: Option<Matcher>,
}

impl LogFilter {
    /// Whether the item is wanted.
    pub(crate) fn admits(&self, item: &Item) -> bool {
        if !self.scope.covers(item.service.as_deref()) {
            return false;
        }
        if let (Some(members), Some(service)) = (&self.members, &item.service)
            && !members.contains(service)
        {
            return false;
        }
        let is_wanted_stream = match &item.content {
            Content::Line { stream, .. } => {
                let mut service = item.service.iter();
                self.stream.is_none_or(|wanted| wanted == *stream)
                    && (self.members.is_some()
                        || !service.any(|service| self.hidden.contains(service)))
            }
            Content::Event { .. } => self.stream.is_none() && self.level.is_none(),
            Content::Mark(_) => return true,
        };
        is_wanted_stream
            && self
                .pattern
                .as_ref()
                .is_none_or(|pattern| pattern.matches(item))
            && self.level.is_none_or(|level| item.is_at_least(level))
    }

    /// Whether lines of this service are wanted.
    pub(crate) fn has(&self, service: &str) -> bool {
        self.scope.covers(Some(service))
            && match &self.members {
                Some(members) => members.contains(service),
                None => !self.hidden.contains(service),
            }
    }

    /// Whether a person has asked for less than the scope.
    pub(crate) const fn is_narrow(&self) -> bool {
        self.stream.is_some()
            || self.level.is_some()
            || self.pattern.is_some()
            || self.members.is_some()
    }

    /// Whether it lets through less than its scope.
    pub(crate) fn leaves_out(&self) -> bool {
        let is_part = matches!(self.scope, Scope::Several(_));
        is_part || self.is_narrow() || !self.hidden.is_empty()
    }

    /// Whether it lets everything through.
    pub(crate) fn is_everything(&self) -> bool {
        self.scope == Scope::All && !self.leaves_out()
    }
}
