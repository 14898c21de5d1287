//! Whole numbers out of JSON, which has only one kind of number.

use serde_json::Number;

/// The number as a whole one that is not negative; `1.0` and `1e3` are whole numbers too.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked: whole, not negative, and below 2^64"
)]
pub(super) fn whole(number: &Number) -> Option<u64> {
    const TWO_TO_THE_64: f64 = 18_446_744_073_709_551_616.0;
    if let Some(whole) = number.as_u64() {
        return Some(whole);
    }
    let float = number.as_f64()?;
    let fits = (0.0..TWO_TO_THE_64).contains(&float);
    (fits && float.fract() == 0.0).then_some(float as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_is_what_has_no_fraction() {
        let read = |text: &str| whole(&serde_json::from_str(text).unwrap());
        assert_eq!(read("0"), Some(0));
        assert_eq!(read("-0"), Some(0));
        assert_eq!(read("500"), Some(500));
        assert_eq!(read("1.0"), Some(1));
        assert_eq!(read("1e3"), Some(1000));
        assert_eq!(read("18446744073709551615"), Some(u64::MAX));
        for odd in ["1.5", "-1", "-1.0", "1e300", "18446744073709551616", "1e-3"] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
