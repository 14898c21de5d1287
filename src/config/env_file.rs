//! Dotenv files (`envFile`): read when a service starts, not with the config
//! (docs/config.md, Environment and `envFile`).
//!
//! One variable a line: `KEY=VALUE`, with `export` in front if one likes. A value is verbatim in
//! single quotes; in double quotes `\n`, `\r`, `\t`, `\\`, `\"` and `\$` are escapes; both may span
//! lines. Without quotes it ends at the end of the line or at a `#` after white space, trimmed.
//! Lines that are empty or begin with `#` are skipped. Nothing is ever interpolated.

use std::path::{Path, PathBuf};

use super::read::{self, ReadError};
use crate::facts::shown_path;

/// Why a dotenv file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EnvFileError {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// A line of it makes no sense.
    #[error("{}:{line}: {what}", shown_path(path))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        what: Fault,
    },
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No `=`.
    #[error("expected KEY=VALUE")]
    NoAssignment,
    /// Nothing, or white space, in front of the `=`.
    #[error("the name in front of `=` is empty or contains white space or quotes")]
    Name,
    /// A quote without its end.
    #[error("the quoted value is not closed")]
    Unclosed,
    /// Something behind a closing quote.
    #[error("there is more after the closing quote")]
    AfterQuote,
    /// NUL, which no variable can hold.
    #[error("a variable cannot contain NUL")]
    Nul,
    /// Bytes that are not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
}

/// Reads a dotenv file: its variables in order. The same name may come twice; the last one counts.
pub fn read(path: &Path) -> Result<Vec<(String, String)>, EnvFileError> {
    let bytes = read::file(path)?;
    parse(&bytes).map_err(|(line, what)| EnvFileError::Malformed {
        path: path.to_owned(),
        line,
        what,
    })
}

/// A variable whose value has nothing that keeps a shell from expanding it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expandable {
    pub(super) line: usize,
    pub(super) name: String,
    /// As it stands in the file, without quotes and what is escaped.
    pub(super) text: String,
}

/// The variables of a file, except for those in single quotes; none when it cannot be read.
pub(super) fn expandable(path: &Path) -> Vec<Expandable> {
    let bytes = read::file(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    text.lines()
        .zip(1..)
        .filter_map(|(line, number)| {
            let (name, value) = line.split_once('=')?;
            let value = value.trim_start();
            if value.starts_with('\'') || line.trim_start().starts_with('#') {
                return None;
            }
            let text = match value.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next().unwrap_or_default(),
                None => unquoted(value),
            };
            Some(Expandable {
                line: number,
                name: self::name(name).ok()?,
                text: text.replace("\\\\", "").replace("\\$", ""),
            })
        })
        .collect()
}

/// The variables in a dotenv text, or the line that is wrong and why.
pub(crate) fn parse(bytes: &[u8]) -> Result<Vec<(String, String)>, (usize, Fault)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let line_of = |at: usize| bytes[..at].split(|&byte| byte == b'\n').count();
    let text = std::str::from_utf8(bytes)
        .map_err(|error| (line_of(error.valid_up_to()), Fault::NotUtf8))?;
    let mut variables = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Ok(variables);
        }
        let at = text.len() - rest.len();
        if rest.starts_with('#') {
            rest = line_end(rest).1;
            continue;
        }
        let (variable, after) = variable(rest).map_err(|fault| (line_of(at), fault))?;
        variables.push(variable);
        rest = after;
    }
}

/// One assignment, and what follows its line.
fn variable(text: &str) -> Result<((String, String), &str), Fault> {
    let (line, _) = line_end(text);
    let equals = line.find('=').ok_or(Fault::NoAssignment)?;
    let name = name(&line[..equals])?;
    let value = text[equals + 1..].trim_start_matches([' ', '\t']);
    let (value, after) = if let Some(quote @ ('\'' | '"')) = value.chars().next() {
        quoted(&value[1..], quote)?
    } else {
        let (line, after) = line_end(value);
        (unquoted(line).to_owned(), after)
    };
    if value.contains('\0') {
        return Err(Fault::Nul);
    }
    Ok(((name, value), after))
}

fn name(text: &str) -> Result<String, Fault> {
    let text = text.trim();
    let name = match text.strip_prefix("export") {
        Some(name) if name.starts_with(char::is_whitespace) => name.trim_start(),
        _ => text,
    };
    let wrong = |c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '\0');
    if name.is_empty() || name.contains(wrong) {
        return Err(Fault::Name);
    }
    Ok(name.to_owned())
}

/// Up to a comment, which begins with a `#` after white space or at once.
fn unquoted(line: &str) -> &str {
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        if c == '#' && before.is_whitespace() {
            return line[..at].trim();
        }
        before = c;
    }
    line.trim()
}

/// A value after its opening quote, and what follows its line.
fn quoted(text: &str, quote: char) -> Result<(String, &str), Fault> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            let (line, after) = line_end(&text[at + 1..]);
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                return Err(Fault::AfterQuote);
            }
            return Ok((value, after));
        }
        if c == '\\' && quote == '"' {
            match chars.next().ok_or(Fault::Unclosed)?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                c @ ('\\' | '"' | '$') => value.push(c),
                c => value.extend(['\\', c]),
            }
        } else {
            value.push(c);
        }
    }
    Err(Fault::Unclosed)
}

/// The first line, and what follows it.
fn line_end(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> Vec<(String, String)> {
        parse(text.as_bytes()).unwrap()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn every_spelling() {
        let text = "\u{feff}# comment\r\n\nA=1\n  export B = two words  # comment\r\nC=a#b\n\
            D='$X \\n # \"' # comment\nE=\"a\\tb\\n\\\"\\$\\x\"\nF=\nG=\"two\nlines\"\nH='x\ny'\n\
            exported=1\nA=2\nI==\nJ=#\nK=it's";
        assert_eq!(
            parsed(text),
            pairs(&[
                ("A", "1"),
                ("B", "two words"),
                ("C", "a#b"),
                ("D", "$X \\n # \""),
                ("E", "a\tb\n\"$\\x"),
                ("F", ""),
                ("G", "two\nlines"),
                ("H", "x\ny"),
                ("exported", "1"),
                ("A", "2"),
                ("I", "="),
                ("J", ""),
                ("K", "it's"),
            ])
        );
        assert_eq!(parsed(""), []);
    }

    #[test]
    fn a_wrong_line_is_named() {
        for (text, line, fault) in [
            ("A=1\nB", 2, Fault::NoAssignment),
            ("\n\n=1", 3, Fault::Name),
            ("A B=1", 1, Fault::Name),
            ("X=\"a\nb\"\nA='b\nc", 3, Fault::Unclosed),
            ("A=\"b\\", 1, Fault::Unclosed),
            ("A=\"b\"c", 1, Fault::AfterQuote),
            ("A=1\nB=\0", 2, Fault::Nul),
        ] {
            assert_eq!(parse(text.as_bytes()), Err((line, fault)), "{text:?}");
        }
        assert_eq!(parse(b"A=1\nB=\xff\n"), Err((2, Fault::NotUtf8)));
    }

    #[test]
    fn errors_name_file_and_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".env");
        let error = read(&path).unwrap_err().to_string();
        assert!(error.ends_with(".env: there is no such file"), "{error}");
        std::fs::write(&path, "A=1\nB").unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.ends_with(".env:2: expected KEY=VALUE"), "{error}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn quoted_values_come_back(
            name in "[A-Za-z_][A-Za-z0-9_.-]{0,8}",
            value in "[^\0]{0,20}",
        ) {
            prop_assume!(name != "export");
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            let text = format!("x=1\nexport {name}=\"{escaped}\" # y\nz=2");
            let expected = pairs(&[("x", "1"), (&name, &value), ("z", "2")]);
            prop_assert_eq!(parse(text.as_bytes()), Ok(expected));
        }
    }
}
