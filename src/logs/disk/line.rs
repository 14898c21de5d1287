//! Quick checks of a line of a file.

/// How entries and records begin: with their number.
const BEGINNINGS: [&[u8]; 2] = [b"{\"seq\":", b"{\"number\":"];

/// The highest number that every JSON reader takes as it is (2^53). A higher one is not ours: no
/// session gets that far, and going on from there would.
pub(crate) const MAX_SEQ: u64 = 1 << 53;

/// The number of the entry or record on a line (without its `\n`), if it is one of ours and whole. Looks
/// at both ends only.
pub(crate) fn seq(line: &[u8]) -> Option<u64> {
    if !line.ends_with(b"}") {
        return None;
    }
    let rest = after_beginning(line)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if rest.get(digits) != Some(&b',') {
        return None;
    }
    let seq = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    (seq <= MAX_SEQ).then_some(seq)
}

fn after_beginning(line: &[u8]) -> Option<&[u8]> {
    BEGINNINGS.iter().find_map(|it| line.strip_prefix(*it))
}

/// Whether a record is for the directory alone.
pub(crate) fn is_private(line: &[u8]) -> bool {
    let Some(rest) = after_beginning(line) else {
        return true;
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    rest[digits..].starts_with(b",\"private\":")
}

/// Whether a line is a whole JSON object of ours. Reads all of it.
pub(crate) fn is_whole(line: &[u8]) -> bool {
    // What is skipped over in bytes is not looked at: whether it is text has to be asked for.
    seq(line).is_some()
        && std::str::from_utf8(line)
            .is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
}

/// Whether a file that begins with these bytes may be ours: it begins like a line, as far as it
/// goes.
pub(crate) fn may_be_ours(bytes: &[u8]) -> bool {
    BEGINNINGS.iter().any(|beginning| {
        let length = bytes.len().min(beginning.len());
        bytes[..length] == beginning[..length]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_whole_lines_only() {
        assert_eq!(seq(br#"{"seq":42,"service":"a"}"#), Some(42));
        for line in [
            &br#"{"seq":42,"service":"a""#[..],
            br#"{"seq":42}"#,
            br#"{"seq":,"a":1}"#,
            br#"{"seq":99999999999999999999,"a":1}"#,
            br#"{"seq":9007199254740993,"a":1}"#,
            br#"{"sequel":1,"a":1}"#,
            b"",
            b"}",
        ] {
            assert_eq!(seq(line), None, "{}", line.escape_ascii());
        }
        assert!(is_whole(br#"{"seq":42,"service":"a"}"#));
        assert!(!is_whole(br#"{"seq":42,"service":"a}"#));
        assert!(!is_whole(b"{\"seq\":42,\"service\":\"\x80\"}"));
        assert_eq!(seq(br#"{"number":7,"event":"x"}"#), Some(7));
        assert!(is_private(br#"{"number":7,"private":true,"event":"x"}"#));
        assert!(!is_private(br#"{"number":7,"event":"private"}"#));
        assert!(may_be_ours(b"{\"numb"));
        assert!(may_be_ours(b"{\"se") && may_be_ours(b"") && !may_be_ours(b"{\"id\":"));
    }
}
