//! Rust source as words and punctuation, without comments and literals.

/// One token, and the line it is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// A word, `::`, or one other character.
    pub(super) text: &'a str,
    pub(super) line: usize,
}

pub(super) fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(first) = rest.chars().next() {
        let (length, is_token) = first_of(rest, first);
        let (text, after) = rest.split_at(length);
        if is_token {
            found.push(Token { text, line });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    found
}

/// The length of what a text begins with, and whether that is a token.
fn first_of(text: &str, first: char) -> (usize, bool) {
    if text.starts_with("//") {
        return (text.find('\n').unwrap_or(text.len()), false);
    }
    if text.starts_with("/*") {
        return (block_comment(text), false);
    }
    if let Some(length) = string(text) {
        return (length, false);
    }
    if first == '\'' {
        return (character_or_lifetime(text), false);
    }
    if is_word(first) {
        let end = text.find(|c| !is_word(c));
        return (end.unwrap_or(text.len()), true);
    }
    if text.starts_with("::") {
        return (2, true);
    }
    (first.len_utf8(), !first.is_whitespace())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Block comments nest.
fn block_comment(text: &str) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of a string literal of any kind: `"…"`, `b"…"`, `c"…"`, `r#"…"#`, `br"…"`.
fn string(text: &str) -> Option<usize> {
    let prefix = text.find(|c| !matches!(c, 'b' | 'c' | 'r'))?;
    let is_raw = text[..prefix].contains('r');
    let hashes = text[prefix..].find(|c| c != '#')?;
    let body = prefix + hashes + 1;
    if prefix > 2 || !text[prefix + hashes..].starts_with('"') || hashes > 0 && !is_raw {
        return None;
    }
    if is_raw {
        let end = format!("\"{}", "#".repeat(hashes));
        let at = text[body..].find(&end)?;
        return Some(body + at + end.len());
    }
    let mut escaped = false;
    for (at, c) in text[body..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(body + at + 1),
            _ => {}
        }
    }
    Some(text.len())
}

fn character_or_lifetime(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((escaped, c))) => {
            let after = escaped + c.len_utf8();
            text[after..]
                .find('\'')
                .map_or(text.len(), |at| after + at + 1)
        }
        (Some(_), Some((end, '\''))) => end + 1,
        _ => 1,
    }
}

#[test]
fn comments_and_literals_are_left_out() {
    let text = r##"
        // crate::a
        /* super::b /* */ crate::c */
        x("crate::d \" ", b"e", r#"crate::"f"#, 'g', '\'', '\u{68}', br"i\");
        fn j<'k>(r: &'k str) -> crate::l {}
    "##;
    let found: Vec<_> = tokens(text).iter().map(|token| token.text).collect();
    assert_eq!(
        found.join(" "),
        "x ( , , , , , , ) ; fn j < k > ( r : & k str ) - > crate :: l { }"
    );
    let last = tokens(text).last().map(|token| token.line);
    assert_eq!(last, Some(5));
}
