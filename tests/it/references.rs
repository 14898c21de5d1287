//! References to the documentation, `docs/FILE.md, HEADING` in comments, name a heading that exists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// All files with one of these extensions, without what is built.
fn files(extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![PathBuf::from(ROOT)];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && name != "target" {
                directories.push(path);
            } else if path
                .extension()
                .is_some_and(|it| extensions.iter().any(|&known| it == known))
            {
                found.push(path);
            }
        }
    }
    found
}

/// The headings of a page, without backticks; comments in code blocks are none.
fn headings(text: &str) -> impl Iterator<Item = String> + '_ {
    let mut in_code = false;
    text.lines().filter_map(move |line| {
        in_code ^= line.trim_start().starts_with("```");
        let heading = line.trim_start_matches('#');
        let is_heading = !in_code && heading.len() < line.len() && heading.starts_with(' ');
        is_heading.then(|| heading.trim().replace('`', ""))
    })
}

fn pages() -> BTreeMap<String, String> {
    fs::read_dir(Path::new(ROOT).join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "md"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

#[test]
fn every_reference_in_the_code_names_a_heading() {
    let pages: BTreeMap<String, BTreeSet<String>> = pages()
        .into_iter()
        .map(|(name, text)| (name, headings(&text).collect()))
        .collect();
    let mut references = 0;
    let mut wrong = Vec::new();
    // Joined at run time, so that this file has neither of them.
    let former = ["SP".to_owned() + "EC", "DES".to_owned() + "IGN"];
    for path in files(&["rs", "py", "sh", "md", "toml"]) {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let place = || format!("{}:{}: {line}", path.display(), number + 1);
            if line
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|word| former.iter().any(|it| it == word))
            {
                wrong.push(place());
            }
            for part in line.split("docs/").skip(1) {
                let Some((page, rest)) = part.split_once(".md, ") else {
                    continue;
                };
                if !page.bytes().all(|it| it.is_ascii_lowercase()) {
                    continue;
                }
                references += 1;
                let rest = rest.replace('`', "");
                let named = pages.get(&format!("{page}.md")).is_some_and(|headings| {
                    headings.iter().any(|heading| {
                        rest.strip_prefix(heading.as_str()).is_some_and(|after| {
                            after.is_empty() || after.starts_with([')', ';', ':', ',', '.'])
                        })
                    })
                });
                if !named {
                    wrong.push(place());
                }
            }
        }
    }
    assert!(wrong.is_empty(), "no such heading:\n{}", wrong.join("\n"));
    assert!(references >= 50, "only {references} references found");
}

/// As GitHub makes it: letters, digits, `-` and `_`, lower case, spaces as `-`.
fn anchor(heading: &str) -> String {
    let lower = heading.to_lowercase().replace(' ', "-");
    lower
        .chars()
        .filter(|&c| c.is_alphanumeric() || c == '-' || c == '_')
        .collect()
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let mut links = 0;
    let mut broken = Vec::new();
    for path in files(&["md"]) {
        let text = fs::read_to_string(&path).unwrap();
        for target in text.split("](").skip(1) {
            let target = target.split(')').next().unwrap();
            if target.contains("://") {
                continue;
            }
            links += 1;
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let linked = match file {
                "" => path.clone(),
                file => path.parent().unwrap().join(file),
            };
            let leads = if heading.is_empty() {
                linked.exists()
            } else {
                let page = fs::read_to_string(&linked).unwrap_or_default();
                headings(&page).any(|it| anchor(&it) == heading)
            };
            if !leads {
                broken.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
    assert!(links >= 50, "only {links} links found");
}
