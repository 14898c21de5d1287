//! The HTTP statuses that a probe wants.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::number::integer;
use super::{FromValue, schema, wrong_type};
use crate::config::code::Code;
use crate::config::fault::Fault;
use crate::config::quote::quote;

const FIRST: u16 = 100;
const LAST: u16 = 599;

/// Statuses: one, a range, or a list of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct Statuses(pub(in crate::config) Vec<RangeInclusive<u16>>);

impl FromValue for Statuses {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        let Value::Array(items) = value else {
            return Range::from_value(value).map(|range| Self(vec![range.0]));
        };
        if items.is_empty() {
            return Err(Fault::new(Code::InvalidStatus, "no status passes")
                .with_help("name at least one, or leave `status` out for 200 to 399"));
        }
        let items = items.iter().enumerate();
        let ranges = items.map(|(at, item)| match Range::from_value(item) {
            Ok(range) => Ok(range.0),
            Err(fault) => Err(fault.in_item(at)),
        });
        ranges.collect::<Result<_, _>>().map(Self)
    }
}

schema!(Statuses, generator => {
    "oneOf": [
        generator.subschema_for::<Range>(),
        { "type": "array", "items": generator.subschema_for::<Range>(), "minItems": 1 },
    ],
});

/// One status, or those from one to another.
struct Range(RangeInclusive<u16>);

impl FromValue for Range {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        let text = match value {
            Value::Number(_) => {
                let status = integer(value, FIRST, LAST)?;
                return Ok(Self(status..=status));
            }
            Value::String(text) => text,
            other => {
                return Err(wrong_type("a status, or a range as in \"200-299\"", other));
            }
        };
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let status = |text: &str| {
            let is_status = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
            let status = text.parse().ok().filter(|_| is_status);
            status.filter(|status| (FIRST..=LAST).contains(status))
        };
        match status(first).zip(status(last)) {
            Some((first, last)) if first <= last => Ok(Self(first..=last)),
            _ => {
                let message = format!("{} is no status or range from 100 to 599", quote(text));
                Err(Fault::new(Code::InvalidStatus, message)
                    .with_help("write 204, \"200-299\", or a list: [200, \"400-404\"]"))
            }
        }
    }
}

schema!(Range, {
    "oneOf": [
        { "type": "integer", "minimum": FIRST, "maximum": LAST },
        { "type": "string", "pattern": "^[1-5][0-9]{2}(-[1-5][0-9]{2})?$" },
    ],
});

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_status_a_range_or_a_list_of_these() {
        for (value, ranges) in [
            (json!(204), vec![204..=204]),
            (json!("204"), vec![204..=204]),
            (json!("200-299"), vec![200..=299]),
            (json!([200, "400-404"]), vec![200..=200, 400..=404]),
        ] {
            assert_eq!(
                Statuses::from_value(&value),
                Ok(Statuses(ranges)),
                "{value}"
            );
        }
        for (value, code, item) in [
            (json!(99), Code::OutOfRange, None),
            (json!([200, 600]), Code::OutOfRange, Some(1)),
            (json!("2xx"), Code::InvalidStatus, None),
            (json!("0200"), Code::InvalidStatus, None),
            (json!("299-200"), Code::InvalidStatus, None),
            (json!([]), Code::InvalidStatus, None),
            (json!({}), Code::WrongType, None),
            (json!([[200]]), Code::WrongType, Some(0)),
        ] {
            let fault = Statuses::from_value(&value).unwrap_err();
            assert_eq!((fault.code, fault.item), (code, item), "{value}");
        }
    }
}
