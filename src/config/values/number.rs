//! Whole numbers: counts, ports, durations.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

use super::{FromValue, schema, wrong_type};
use crate::config::code::Code;
use crate::config::fault::{Fault, Help};
use crate::config::model::PortChoice;

/// Above this a JSON number no longer says exactly which integer is meant.
const MAX_EXACT: u64 = 1 << 53;

/// An integer above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct Positive(pub(in crate::config) u64);

impl FromValue for Positive {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        integer(value, 1, MAX_EXACT).map(Self)
    }
}

schema!(Positive, { "type": "integer", "minimum": 1, "maximum": MAX_EXACT });

/// How many entries to keep: more than 0, and not more than can be counted in 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct Capacity(pub(in crate::config) usize);

impl FromValue for Capacity {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        integer(value, 1, u32::MAX as usize).map(Self)
    }
}

schema!(Capacity, { "type": "integer", "minimum": 1, "maximum": u32::MAX });

/// The port of a service; 0 means none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct ServicePort(pub(in crate::config) Option<PortChoice>);

impl FromValue for ServicePort {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        if value == "auto" {
            return Ok(Self(Some(PortChoice::Auto)));
        }
        match (integer(value, 0, u16::MAX), value) {
            (Ok(port), _) => Ok(Self((port > 0).then_some(PortChoice::Fixed(port)))),
            (Err(fault), Value::String(text)) if fault.help == Help::None => {
                Err(fault.with_known(text, &["auto"]))
            }
            (Err(fault), _) => Err(fault),
        }
    }
}

schema!(ServicePort, {
    "oneOf": [{ "type": "integer", "minimum": 0, "maximum": u16::MAX }, { "const": "auto" }],
});

/// A port that can be listened on: 1–65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct Port(pub(in crate::config) u16);

impl FromValue for Port {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        integer(value, 1, u16::MAX).map(Self)
    }
}

schema!(Port, { "type": "integer", "minimum": 1, "maximum": u16::MAX });

/// A duration in milliseconds, more than 0 and at most 4,294,967,295 (49 days), so that adding it
/// to a point in time cannot overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct Millis(pub(in crate::config) Duration);

impl FromValue for Millis {
    fn from_value(value: &Value) -> Result<Self, Fault> {
        integer(value, 1, u32::MAX).map(|ms| Self(Duration::from_millis(ms.into())))
    }
}

schema!(Millis, { "type": "integer", "minimum": 1, "maximum": u32::MAX });

/// Reads a whole number within bounds. `3000.0` is a whole number, as in JSON Schema.
pub(super) fn integer<T>(value: &Value, min: T, max: T) -> Result<T, Fault>
where
    T: Display + FromStr + PartialOrd + TryFrom<u64>,
{
    let bounds = format!("an integer from {min} to {max}");
    let Value::Number(number) = value else {
        let fault = wrong_type(&bounds, value);
        let meant = value.as_str().and_then(|text| text.trim().parse().ok());
        let meant = meant.filter(|number: &T| (min..=max).contains(number));
        return Err(match meant {
            Some(number) => fault.with_help(format!("write {number}, without quotes")),
            None => fault,
        });
    };
    let whole = number.as_u64().or_else(|| {
        let float = number.as_f64()?;
        // Beyond 2^53 a float no longer says which whole number was meant.
        let exact = float.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&float);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked just above: whole, not negative, at most 2^53"
        )]
        exact.then_some(float as u64)
    });
    let whole = whole.and_then(|whole| T::try_from(whole).ok());
    whole.filter(|n| (min..=max).contains(n)).ok_or_else(|| {
        let message = format!("expected {bounds}, found {number}");
        Fault::new(Code::OutOfRange, message)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::fault::Help;

    #[test]
    fn integers_stay_in_their_bounds() {
        assert_eq!(integer(&json!(3000), 1, u16::MAX), Ok(3000));
        assert_eq!(integer(&json!(3000.0), 1, u16::MAX), Ok(3000));
        for wrong in [json!(0), json!(-1), json!(65536), json!(1.5), json!(1e300)] {
            let fault = integer(&wrong, 1, u16::MAX).unwrap_err();
            assert_eq!(fault.code, Code::OutOfRange, "{wrong}");
        }
        let fault = integer(&json!("80"), 1, u16::MAX).unwrap_err();
        assert_eq!(
            fault.message,
            "expected an integer from 1 to 65535, found the string \"80\""
        );
        assert_eq!(
            fault.help,
            Help::Text("write 80, without quotes".to_owned())
        );
        let fault = integer(&json!("8080:80"), 1, u16::MAX).unwrap_err();
        assert_eq!(fault.help, Help::None);
    }
}
