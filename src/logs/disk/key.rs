//! The key of a directory: what stands for a value in its records is made with it, so that the records alone do not
//! betray the value.

use std::io::{self, Read, Write};
use std::path::Path;

use super::error::OpenError;
use super::open;

const NAME: &str = ".flowlayer.key";

/// A new key.
pub(crate) fn new() -> [u8; 16] {
    uuid::Uuid::new_v4().into_bytes()
}

/// The key of a directory; a new one where there is none that can be used.
pub(crate) fn of(dir: &Path) -> Result<[u8; 16], OpenError> {
    let path = dir.join(NAME);
    read_or_write(&path).map_err(|source| OpenError::file(&path, source))
}

fn read_or_write(path: &Path) -> io::Result<[u8; 16]> {
    // Makes it readable by its owner only, too.
    let mut file = open::append(path)?;
    let mut known = Vec::new();
    (&file).take(17).read_to_end(&mut known)?;
    if let Ok(key) = known.try_into() {
        return Ok(key);
    }
    let key = new();
    file.set_len(0)?;
    file.write_all(&key)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_stays_and_a_damaged_one_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let first = of(dir.path()).unwrap();
        assert_eq!(of(dir.path()).unwrap(), first);
        let path = dir.path().join(NAME);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&path, "short").unwrap();
        let second = of(dir.path()).unwrap();
        assert_ne!(second, first);
        assert_eq!(of(dir.path()).unwrap(), second);
    }
}
