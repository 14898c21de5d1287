//! Variables in a YAML source: what docker compose and process-compose replace before they read a
//! value (`$NAME`, `${NAME:-default}`, `$$`).

use super::shell::quoted;

/// Whether anything would be replaced.
pub(super) fn refers(text: &str) -> bool {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '$' {
            continue;
        }
        match chars.next() {
            Some(next) if next == '{' || next == '_' || next.is_ascii_alphabetic() => return true,
            _ => {}
        }
    }
    false
}

/// Takes the second dollar away that keeps the first from meaning a variable.
pub(super) fn unescape(text: &str) -> String {
    text.replace("$$", "$")
}

/// The text as a word for a shell, which replaces its variables as they would be replaced here.
pub(super) fn for_shell(text: &str) -> String {
    if !text.contains('$') {
        return quoted(text);
    }
    let mut word = "\"".to_owned();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        match c {
            '$' if next.is_some_and(|c| c == '{' || c == '_' || c.is_ascii_alphabetic()) => {}
            '$' if next == Some('$') => {
                chars.next();
                word.push('\\');
            }
            '$' | '"' | '\\' | '`' => word.push('\\'),
            _ => {}
        }
        word.push(c);
    }
    word.push('"');
    word
}

/// Looks up a variable: its name, and whether the text has a default for it.
pub(super) type Lookup<'a> = dyn Fn(&str, bool) -> Option<String> + 'a;

/// Replaces variables by what `lookup` knows, else by their defaults, else by nothing.
pub(super) fn replace(text: &str, lookup: &Lookup<'_>) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        result.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            result.push('$');
            rest = after;
        } else if let Some(inside) = rest.strip_prefix('{') {
            let Some(end) = closing(inside) else {
                result.push('$');
                continue;
            };
            result.push_str(&braced(&inside[..end], lookup));
            rest = &inside[end + 1..];
        } else {
            let (name, after) = rest.split_at(name_length(rest));
            if name.is_empty() {
                result.push('$');
            } else {
                result.push_str(&lookup(name, false).unwrap_or_default());
            }
            rest = after;
        }
    }
    result.push_str(rest);
    result
}

fn braced(inside: &str, lookup: &Lookup<'_>) -> String {
    let length = name_length(inside);
    let (name, rest) = inside.split_at(length);
    let value = lookup(name, rest.trim_start_matches(':').starts_with(['-', '+']));
    let (counts_empty, rest) = match rest.strip_prefix(':') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let is_set = value
        .as_ref()
        .is_some_and(|value| !(counts_empty && value.is_empty()));
    match rest.chars().next() {
        Some('-') if !is_set => default(&rest[1..], lookup),
        Some('+') if is_set => default(&rest[1..], lookup),
        Some('+') => String::new(),
        _ => value.unwrap_or_default(),
    }
}

/// A default may hold variables itself; each level is shorter than the one around it, and a value
/// is not looked into again.
fn default(text: &str, lookup: &Lookup<'_>) -> String {
    if text.matches("${").count() > 32 {
        return String::new();
    }
    replace(text, lookup)
}

/// Where the brace closes that is open before the text.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn name_length(text: &str) -> usize {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_as_compose_does() {
        let lookup = |name: &str, _: bool| match name {
            "A" => Some("1".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        for (text, wanted) in [
            ("$A-${A}-$$A", "1-1-$A"),
            ("${B:-x}${EMPTY:-y}${EMPTY-z}", "xy"),
            ("${B:-${A}0}", "10"),
            ("${A:+x}${B:+y}", "x"),
            ("${A:?needed}${B?needed}", "1"),
            ("$ $1 ${", "$ $1 ${"),
            ("a$", "a$"),
        ] {
            assert_eq!(replace(text, &lookup), wanted, "{text}");
        }
        assert!(refers("a${B}") && refers("$B") && !refers("5$ $$B $1"));
        assert_eq!(unescape("$$A"), "$A");
        assert_eq!(
            for_shell("a \"$A\" $$B ${C:-`d`} $(e) $"),
            r#""a \"$A\" \$B ${C:-\`d\`} \$(e) \$""#
        );
    }
}
