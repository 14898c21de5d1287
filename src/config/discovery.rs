//! Which file is the config of a directory (docs/config.md, Which file).

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The names looked for in a directory, best first.
pub const FILE_NAMES: [&str; 4] = [
    "flowlayer.jsonc",
    "flowlayer.json",
    "flowlayer.config.jsonc",
    "flowlayer.config.json",
];

/// The config of a directory: the first of [`FILE_NAMES`] that is there.
pub fn discover(dir: &Path) -> Option<PathBuf> {
    // `flowlayer.jsonc` reads better than `./flowlayer.jsonc`.
    let dir = if dir == Path::new(".") {
        Path::new("")
    } else {
        dir
    };
    // Whatever is there counts, even if it cannot be read: that error is then reported.
    candidates(dir).find(|path| path.symlink_metadata().is_ok())
}

/// The config of the nearest directory above this one that has one: up to `home` inclusive, a mount
/// point or the root. Only files of this user or root count there, because anybody may be able to put
/// one into a directory above, `/tmp` for example.
pub fn discover_above(dir: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let mut dir = dir.canonicalize().ok()?;
    let home = home.and_then(|home| home.canonicalize().ok());
    let device = dir.metadata().ok()?.dev();
    while home.as_ref() != Some(&dir) && dir.pop() {
        if dir.metadata().ok()?.dev() != device {
            return None;
        }
        if let Some(path) = candidates(&dir).find(|path| is_trusted(path)) {
            return Some(path);
        }
    }
    None
}

/// The path by which a config is known, whatever links lead to it. What is not there has the
/// canonical path of its directory.
pub fn canonical(path: &Path) -> PathBuf {
    let missing = || {
        let absolute = std::path::absolute(path).ok()?;
        let directory = absolute.parent()?.canonicalize().ok()?;
        Some(directory.join(absolute.file_name()?))
    };
    path.canonicalize()
        .ok()
        .or_else(missing)
        .unwrap_or_else(|| path.to_owned())
}

fn candidates(dir: &Path) -> impl Iterator<Item = PathBuf> {
    FILE_NAMES.iter().map(move |name| dir.join(name))
}

/// Whether it belongs to this user or to root; of a link, both ends have to.
fn is_trusted(path: &Path) -> bool {
    let user = nix::unistd::geteuid().as_raw();
    let is_ours = |found: std::io::Result<Metadata>| {
        found.is_ok_and(|found| [user, 0].contains(&found.uid()))
    };
    is_ours(path.symlink_metadata()) && is_ours(path.metadata())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// `home/shop/src/deep`, canonical.
    struct Tree {
        root: tempfile::TempDir,
        home: PathBuf,
    }

    impl Tree {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            let home = root.path().canonicalize().unwrap().join("home");
            fs::create_dir_all(home.join("shop/src/deep")).unwrap();
            Self { root, home }
        }

        /// Puts a config into a directory below the root.
        fn config(&self, directory: &str) -> PathBuf {
            let root = self.root.path().canonicalize().unwrap();
            let path = root.join(directory).join(FILE_NAMES[1]);
            fs::write(&path, "{}").unwrap();
            path
        }

        fn above(&self, directory: &str) -> Option<PathBuf> {
            discover_above(&self.root.path().join(directory), Some(&self.home))
        }
    }

    #[test]
    fn the_nearest_above_counts_and_the_home_directory_is_the_last() {
        let tree = Tree::new();
        assert_eq!(tree.above("home/shop/src/deep"), None);
        let beyond = tree.config("");
        assert_eq!(tree.above("home/shop/src/deep"), None, "beyond the home");
        assert_eq!(tree.above("home"), None);
        let elsewhere = discover_above(&tree.home, Some(Path::new("/nowhere")));
        assert_eq!(elsewhere, Some(beyond));
        let at_home = tree.config("home");
        assert_eq!(tree.above("home/shop/src/deep"), Some(at_home.clone()));
        let shop = tree.config("home/shop");
        assert_eq!(tree.above("home/shop/src/deep"), Some(shop));
        assert_eq!(
            tree.above("home/shop"),
            Some(at_home),
            "its own is not above"
        );
    }

    #[test]
    fn above_is_where_the_directory_is_and_not_the_link_to_it() {
        let tree = Tree::new();
        tree.config("home/shop");
        let other = tree.root.path().join("home/other");
        fs::create_dir_all(other.join("src")).unwrap();
        let linked = tree.config("home/other");
        symlink(other.join("src"), tree.home.join("shop/src/link")).unwrap();
        assert_eq!(tree.above("home/shop/src/link"), Some(linked));
    }

    #[test]
    fn a_file_of_another_user_counts_only_where_one_is() {
        let tree = Tree::new();
        // What does not belong to this user and not to root, on every system these tests run on:
        // made by root for somebody else, if we are root.
        if !nix::unistd::geteuid().is_root() {
            return;
        }
        let path = tree.config("home/shop");
        let stranger = Some(nix::unistd::Uid::from_raw(65_534));
        nix::unistd::chown(&path, stranger, None).unwrap();
        assert_eq!(tree.above("home/shop/src"), None);
        assert_eq!(discover(path.parent().unwrap()), Some(path.clone()));
        let link = tree.home.join("shop").join(FILE_NAMES[0]);
        symlink(&path, &link).unwrap();
        assert_eq!(tree.above("home/shop/src"), None, "a link of ours to it");
    }

    #[test]
    fn a_config_has_one_canonical_path() {
        let tree = Tree::new();
        let path = tree.config("home/shop");
        symlink(tree.home.join("shop"), tree.home.join("link")).unwrap();
        symlink(&path, tree.home.join("other.jsonc")).unwrap();
        let name = FILE_NAMES[1];
        for way in ["shop/../link", "link", "shop/src/.."] {
            assert_eq!(canonical(&tree.home.join(way).join(name)), path);
        }
        assert_eq!(canonical(&tree.home.join("other.jsonc")), path);
        fs::remove_file(&path).unwrap();
        assert_eq!(canonical(&tree.home.join("link").join(name)), path);
    }
}
