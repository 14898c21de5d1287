//! Words as a POSIX shell reads them.

/// One word for a shell: as it is where that is safe, else in single quotes.
///
/// ```
/// use flowlayer_core::shell::quoted;
/// assert_eq!(quoted("--port=80"), "--port=80");
/// assert_eq!(quoted("it's"), r"'it'\''s'");
/// ```
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,%@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A command line that a shell takes apart into these words again.
pub fn command_line(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn a_shell_takes_it_apart_into_the_same_words(
            words in prop::collection::vec("[^\0]{0,8}|[a-z' \n\"$\\\\*=~-]{0,8}", 1..6)
        ) {
            let script = format!("printf '%s\\0' {}", command_line(&words));
            let output = Command::new("sh").arg("-c").arg(script).output().unwrap();
            let expected: String = words.iter().flat_map(|word| [word, "\0"]).collect();
            prop_assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        }
    }
}
