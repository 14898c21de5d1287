//! Values that compose and process-compose write alike.

use super::yaml::Node;

/// Variables as a list of `NAME=value` or as a mapping.
pub(super) fn environment(node: Option<&Node>) -> Vec<(String, String)> {
    let Some(node) = node else { return Vec::new() };
    let listed = node.items().iter().filter_map(|item| {
        let (name, value) = item.text()?.split_once('=')?;
        Some((name.trim().to_owned(), value.to_owned()))
    });
    let mapped = node
        .entries()
        .iter()
        .filter(|(_, value)| !value.is_null())
        .filter_map(|(name, value)| Some((name.clone(), value.text()?.to_owned())));
    listed.chain(mapped).collect()
}

/// What a key says of a time, in ms.
pub(super) fn time(node: &Node, key: &str) -> Option<u64> {
    node.get(key).and_then(Node::text).and_then(milliseconds)
}

/// A time as Go writes it (`1m30s`, `500ms`) or in seconds, in ms.
pub(super) fn milliseconds(text: &str) -> Option<u64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(u64::from(seconds) * 1000);
    }
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let end = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        total += number
            * match &rest[..end] {
                "h" => 3_600_000.0,
                "m" => 60_000.0,
                "s" => 1000.0,
                "ms" => 1.0,
                "us" | "µs" => 0.001,
                "ns" => 0.000_001,
                _ => return None,
            };
        rest = &rest[end..];
    }
    // What a config can hold.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within the bounds"
    )]
    (text.len() < 32 && (0.0..4_294_967_295.0).contains(&total)).then_some(total as u64)
}

/// Whether it can name a file or a directory.
pub(super) fn is_path(path: &str) -> bool {
    !path.is_empty() && !path.contains('\0')
}

/// Whether these words can be run.
pub(super) fn is_command(argv: &[String]) -> bool {
    argv.first().is_some_and(|program| !program.is_empty())
        && argv.iter().all(|word| !word.contains('\0'))
}

/// Whether a shell can set a variable of this name.
pub(super) fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A key that is not carried over, and what it says.
pub(super) fn unknown(key: &str, value: &Node) -> String {
    let shown = value
        .text()
        .map(|text| format!(": {text}"))
        .unwrap_or_default();
    format!("{key}{shown} (line {})", value.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, ms) in [
            ("10s", 10_000),
            ("1m30s", 90_000),
            ("500ms", 500),
            ("5", 5000),
            ("1.5s", 1500),
        ] {
            assert_eq!(milliseconds(text), Some(ms), "{text}");
        }
        for text in ["", "x", "5x", "-5s", "9999999h", "1e9s", "s"] {
            assert!(matches!(milliseconds(text), None | Some(0)), "{text}");
        }
    }
}
