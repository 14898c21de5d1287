//! What was probably meant.

use super::quote::quote;

/// Finds the nearest of the words that could have been written, within a budget: a file full of
/// mistakes gets fewer suggestions, not a slow answer.
#[derive(Debug)]
pub(super) struct Suggestions {
    comparisons_left: usize,
}

/// Longer words are not compared: nobody misspells one of them by accident.
const MAX_LENGTH: usize = 48;

impl Default for Suggestions {
    fn default() -> Self {
        Self {
            comparisons_left: 20_000,
        }
    }
}

impl Suggestions {
    /// The nearest word, unless none is near.
    pub(super) fn nearest<'k>(
        &mut self,
        found: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Option<&'k str> {
        let found = folded(found);
        let length = found.chars().count();
        if length == 0 || length > MAX_LENGTH {
            return None;
        }
        let tolerance = (length / 3).clamp(1, 3);
        let mut best = None;
        for word in known {
            self.comparisons_left = self.comparisons_left.checked_sub(1)?;
            if word.len().abs_diff(found.len()) > 4 * tolerance || word.len() > 4 * MAX_LENGTH {
                continue;
            }
            let distance = strsim::osa_distance(&found, &folded(word));
            if distance <= tolerance && best.is_none_or(|(least, _)| distance < least) {
                best = Some((distance, word));
            }
        }
        best.map(|(_, word)| word)
    }

    /// A line of help: the nearest word, or some of all `total` of them.
    pub(super) fn help<'k>(
        &mut self,
        found: &str,
        what: &str,
        known: impl IntoIterator<Item = &'k str> + Clone,
        total: usize,
    ) -> String {
        match self.nearest(found, known.clone()) {
            Some(nearest) => format!("did you mean {}?", quote(nearest)),
            None => format!("known {what}: {}", list(known, total)),
        }
    }
}

/// Whether two words differ in spelling only.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    one.len().abs_diff(other.len()) <= MAX_LENGTH && folded(one) == folded(other)
}

/// Case, underscores and hyphens do not count: `depends_on` means `dependsOn`.
fn folded(word: &str) -> String {
    word.chars()
        .filter(|c| !matches!(c, '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// `a, b, c`, cut after ten of the total.
fn list<'k>(words: impl IntoIterator<Item = &'k str>, total: usize) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<_> = words.into_iter().take(SHOWN).map(readable).collect();
    match total - shown.len() {
        0 if shown.is_empty() => "none".to_owned(),
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A word as it is, unless it could be taken for something else.
fn readable(word: &str) -> String {
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && c != ',';
    if !word.is_empty() && word.len() <= MAX_LENGTH && word.chars().all(plain) {
        word.to_owned()
    } else {
        quote(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found() {
        let known = ["dependsOn", "cmd", "stopCmd", "cwd", "env", "envFile"];
        let nearest = |found: &str| Suggestions::default().nearest(found, known);
        assert_eq!(nearest("dependOn"), Some("dependsOn"));
        assert_eq!(nearest("depends_on"), Some("dependsOn"));
        assert_eq!(nearest("dpeendsOn"), Some("dependsOn"));
        assert_eq!(nearest("CMD"), Some("cmd"));
        assert_eq!(nearest("stop-cmd"), Some("stopCmd"));
        assert_eq!(nearest("envfiles"), Some("envFile"));
        assert_eq!(nearest("healthcheck"), None);
        assert_eq!(nearest(""), None);
        assert_eq!(nearest(&"x".repeat(1000)), None);
    }

    #[test]
    fn help_names_one_or_lists_some() {
        let mut suggestions = Suggestions::default();
        let names: Vec<_> = (0..100).map(|n| format!("service-{n:03}")).collect();
        let known = || names.iter().map(String::as_str);
        assert_eq!(
            suggestions.help("service-01", "services", known(), 100),
            "did you mean \"service-001\"?"
        );
        let help = suggestions.help("zzz", "services", known(), 100);
        assert!(help.starts_with("known services: service-000, service-001, "));
        assert!(help.ends_with("service-009 and 90 more"), "{help}");
        assert_eq!(
            suggestions.help("x", "services", [""; 0], 0),
            "known services: none"
        );
    }

    #[test]
    fn the_budget_ends() {
        let mut suggestions = Suggestions {
            comparisons_left: 1,
        };
        assert_eq!(suggestions.nearest("cmd", ["cmd"]), Some("cmd"));
        assert_eq!(suggestions.nearest("cmd", ["cmd"]), None);
    }
}
