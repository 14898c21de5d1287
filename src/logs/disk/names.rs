//! The names of files (docs/logs.md, Files).

/// The file with the lines of all services, without its ending.
pub(crate) const ALL: &str = "all";

/// The file with the records of what happened, without its ending. The name of no service encodes to it.
pub(crate) const RECORDS: &str = "@events";

pub(crate) const ENDING: &str = ".jsonl";

/// What a file that has reached its size is called before the ending.
const ROTATED: &str = ".1";

/// The longest name that every file system takes is 255 bytes; endings need some.
const LONGEST: usize = 230;

/// The file of a service without its ending: bytes outside `A-Za-z0-9._-` percent-encoded, and
/// what would be the name of another file too: `all` is `%61ll`, `.` is `%2E`, `api.1` is
/// `api%2E1`. A name that is too long for a file keeps its beginning and gets a number made from
/// the whole, after `%-`, which no encoded name contains.
pub(crate) fn stem(service: &str) -> String {
    let mut stem = String::with_capacity(service.len());
    for byte in service.bytes() {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            stem.push(char::from(byte));
        } else {
            push_encoded(&mut stem, byte);
        }
    }
    if stem == ALL {
        stem = String::from("%61ll");
    } else if stem.bytes().all(|byte| byte == b'.') {
        stem = stem.replace('.', "%2E");
    } else if let Some(rest) = stem.strip_suffix(ROTATED) {
        stem = format!("{rest}%2E1");
    }
    if stem.len() > LONGEST {
        stem.truncate(LONGEST - 20);
        stem = format!("{stem}%-{:016x}", fingerprint(service));
    }
    stem
}

pub(crate) fn current(stem: &str) -> String {
    format!("{stem}{ENDING}")
}

/// The file name of the older part of a stem.
pub(crate) fn rotated(stem: &str) -> String {
    format!("{stem}{ROTATED}{ENDING}")
}

/// The stem of a file name, if it is the current file of one.
pub(crate) fn stem_of(file: &str) -> Option<&str> {
    let stem = file.strip_suffix(ENDING)?;
    (!stem.is_empty() && !stem.ends_with(ROTATED)).then_some(stem)
}

/// The service a stem belongs to; `None` for [`ALL`] and for what [`stem`] never makes.
pub(crate) fn service_of(stem: &str) -> Option<String> {
    let mut name = Vec::with_capacity(stem.len());
    let mut rest = stem.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'%' {
            name.push(byte);
            rest = after;
            continue;
        }
        let digits = std::str::from_utf8(after.get(..2)?).ok()?;
        name.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &after[2..];
    }
    let name = String::from_utf8(name).ok()?;
    (self::stem(&name) == stem).then_some(name)
}

fn push_encoded(stem: &mut String, byte: u8) {
    let digit = |value: u8| char::from(b"0123456789ABCDEF"[usize::from(value)]);
    stem.extend(['%', digit(byte >> 4), digit(byte & 15)]);
}

/// FNV-1a: the same in every version of this program, which is all that is asked of it.
fn fingerprint(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_would_clash_are_encoded() {
        let stems = [
            ("api", "api"),
            ("all", "%61ll"),
            (".", "%2E"),
            ("..", "%2E%2E"),
            ("...", "%2E%2E%2E"),
            ("api.1", "api%2E1"),
            ("api.12", "api.12"),
            (".1", "%2E1"),
            ("a/b", "a%2Fb"),
            ("a b", "a%20b"),
            ("über", "%C3%BCber"),
            ("50%", "50%25"),
        ];
        for (name, wanted) in stems {
            assert_eq!(stem(name), wanted);
            assert_eq!(service_of(wanted).as_deref(), Some(name));
        }
        assert_eq!(service_of(ALL), None);
        assert_eq!(service_of("a%2"), None);
        assert_eq!(service_of("%41"), None);
    }

    #[test]
    fn files_are_known_by_their_ending() {
        assert_eq!(stem_of("api.jsonl"), Some("api"));
        assert_eq!(stem_of("api.1.jsonl"), None);
        assert_eq!(stem_of("api.json"), None);
        assert_eq!(stem_of(".jsonl"), None);
    }

    proptest! {
        #[test]
        fn no_two_services_share_a_file(
            names in proptest::collection::hash_set("[a-c.%1/ü ]{1,6}|(al|é){1,200}", 2..9),
        ) {
            let mut owners = HashMap::new();
            for name in &names {
                let stem = stem(name);
                for file in [current(&stem), rotated(&stem)] {
                    prop_assert!(file.len() <= 255);
                    prop_assert!(!file.starts_with(".flowlayer"));
                    let other = owners.insert(file.clone(), name.clone());
                    prop_assert_eq!(other, None, "{}", file);
                }
            }
        }
    }
}
