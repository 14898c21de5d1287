//! Disks that fail, hang, fill up or disappear: services go on, the files hold whole lines, and
//! people are told once.

use std::fs;
use std::io;
use std::sync::Condvar;
use std::sync::atomic::AtomicBool;

use super::*;
use crate::logs::disk::{FileInfo, LogFile, open_file};

/// What the disk does now; shared between a test and the writer.
#[derive(Default)]
pub(super) struct Disk {
    /// Bytes it takes before it is full.
    space: AtomicUsize,
    /// It cannot cut files off either.
    stuck: AtomicBool,
    /// New files cannot be opened.
    no_descriptors: AtomicBool,
    /// Writes wait while this is true.
    hangs: Mutex<bool>,
    changed: Condvar,
}

impl Disk {
    pub(super) fn with_space(space: usize) -> Arc<Self> {
        let disk = Self::default();
        disk.space.store(space, Ordering::Relaxed);
        Arc::new(disk)
    }

    fn hang(&self, hangs: bool) {
        *self.hangs.lock().unwrap() = hangs;
        self.changed.notify_all();
    }

    fn wait(&self) {
        let hangs = self.hangs.lock().unwrap();
        drop(self.changed.wait_while(hangs, |hangs| *hangs).unwrap());
    }

    pub(super) fn add_space(&self, bytes: usize) {
        self.space.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn logs(self: &Arc<Self>, config: LogsConfig) -> Logs {
        let disk = Arc::clone(self);
        let open = move |path: &Path| -> io::Result<Box<dyn LogFile>> {
            if disk.no_descriptors.load(Ordering::Relaxed) {
                return Err(nix::errno::Errno::EMFILE.into());
            }
            let (file, disk) = (open_file(path)?, Arc::clone(&disk));
            Ok(Box::new(OnDisk { file, disk }))
        };
        Logs::open_with(config, Box::new(open)).unwrap()
    }
}

struct OnDisk {
    file: Box<dyn LogFile>,
    disk: Arc<Disk>,
}

impl LogFile for OnDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.disk.wait();
        let space = self.disk.space.load(Ordering::Relaxed);
        if space == 0 {
            return Err(nix::errno::Errno::ENOSPC.into());
        }
        let written = self.file.write(&bytes[..bytes.len().min(space)])?;
        self.disk.space.fetch_sub(written, Ordering::Relaxed);
        Ok(written)
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        if self.disk.stuck.load(Ordering::Relaxed) {
            return Err(nix::errno::Errno::EIO.into());
        }
        self.file.set_len(len)
    }

    fn info(&self) -> io::Result<FileInfo> {
        self.file.info()
    }
}

pub(super) const PLENTY: usize = 1 << 40;

/// Notes until a warning comes: what failed is tried again only after a while.
async fn notes_until_warned(logs: &Logs, warnings: &mut Warnings) -> LogWarning {
    let mut tick = tokio::time::interval(Duration::from_millis(5));
    soon(async {
        loop {
            tokio::select! {
                warning = warnings.next() => return warning,
                _ = tick.tick() => logs.note(0, "more"),
            }
        }
    })
    .await
}

async fn a_full_disk(stuck: bool) {
    let dir = tempdir();
    // Enough for a few lines of 100 bytes and a torn one.
    let disk = Disk::with_space(1234);
    let mut config = config(dir.path());
    config.buffer_size = 1;
    let logs = disk.logs(config.clone());
    let mut warnings = logs.warnings();
    disk.stuck.store(stuck, Ordering::Relaxed);
    for number in 0..20 {
        logs.note(number % 2, "a line that takes some space");
    }
    logs.flush().await;
    let first = soon(warnings.next()).await;
    assert!(matches!(first, LogWarning::Failing { .. }), "{first:?}");
    assert_eq!(warnings.try_next(), None, "one warning is enough");
    assert!(!logs.holding());

    disk.stuck.store(false, Ordering::Relaxed);
    disk.space.store(PLENTY, Ordering::Relaxed);
    let second = notes_until_warned(&logs, &mut warnings).await;
    let LogWarning::Resumed { missed, .. } = second else {
        panic!("{second:?}");
    };
    // Memory holds the last one of each service, and that is in the files then.
    logs.note(1, "more");
    logs.note(0, "more");
    logs.flush().await;
    let last = logs.last_seq();
    let kept = stored(dir.path(), "all");
    assert_eq!(kept.last(), Some(&last), "writing goes on");
    assert!(missed >= last - kept.len() as u64);
    let (api, db) = (stored(dir.path(), "api"), stored(dir.path(), "db"));
    assert!(api.len() + db.len() < usize::try_from(last).unwrap());

    // What the disk has missed is not there, and the answer says so.
    let page = logs.query(all(1000)).await;
    assert!(page.truncated);
    assert_eq!(seqs(&page), kept);
    let page = logs
        .query(Query {
            after_seq: Some(last - 1),
            ..all(9)
        })
        .await;
    assert!(!page.truncated);
    soon(logs.close()).await;
    assert_eq!(stored(dir.path(), "all"), kept);
    let again = Logs::open(config).unwrap();
    assert_eq!(again.last_seq(), last);
}

#[tokio::test]
async fn a_full_disk_leaves_whole_lines_and_one_warning() {
    a_full_disk(false).await;
}

#[tokio::test]
async fn a_torn_line_is_cut_off_as_soon_as_that_works() {
    a_full_disk(true).await;
}

#[tokio::test]
async fn a_hung_disk_holds_readers_up_for_a_while_only() {
    let dir = tempdir();
    let disk = Disk::with_space(PLENTY);
    disk.hang(true);
    let mut config = config(dir.path());
    config.limits.unwritten_bytes = 100_000;
    config.limits.recent_bytes = 10_000;
    config.limits.stall = Duration::from_millis(300);
    config.buffer_size = 10;
    let logs = disk.logs(config);
    let mut warnings = logs.warnings();

    let (read, mut write) = std::io::pipe().unwrap();
    let mut reader = logs.read_pipe(read.into(), 0, Stream::Stdout, None);
    let lines = 100_000;
    let writer = std::thread::spawn(move || {
        for _ in 0..lines / 1000 {
            write.write_all(&b"x\n".repeat(1000)).unwrap();
        }
    });
    soon(async {
        while !logs.holding() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(logs.last_seq() < lines);
    let warning = soon(warnings.next()).await;
    assert!(matches!(warning, LogWarning::Stalled { .. }), "{warning:?}");
    soon(reader.ended()).await;
    writer.join().unwrap();
    assert!(!logs.holding());
    assert_eq!(logs.last_seq(), lines);

    disk.hang(false);
    soon(logs.flush()).await;
    let warning = soon(warnings.next()).await;
    let kept = stored(dir.path(), "all");
    let missed = lines - kept.len() as u64;
    assert!(missed > 0 && !kept.is_empty());
    assert!(
        matches!(warning, LogWarning::Resumed { missed: it, .. } if it == missed),
        "{warning:?}, {missed} missed"
    );
    assert_eq!(kept.last(), Some(&lines));
    assert_eq!(stored(dir.path(), "api"), kept);
    let page = logs
        .query(Query {
            service: Some(0),
            ..all(200_000)
        })
        .await;
    assert_eq!((seqs(&page), page.truncated), (kept, true));
    soon(logs.close()).await;
}

#[tokio::test]
async fn closing_gives_up_on_a_hung_disk() {
    let dir = tempdir();
    let disk = Disk::with_space(PLENTY);
    disk.hang(true);
    let mut config = config(dir.path());
    config.limits.stall = Duration::from_millis(50);
    let logs = disk.logs(config);
    logs.note(0, "a");
    soon(logs.close()).await;
    disk.hang(false);
}

#[tokio::test]
async fn a_removed_directory_is_made_anew() {
    let parent = tempdir();
    let dir = parent.path().join("logs");
    let logs = Logs::open(config(&dir)).unwrap();
    let mut warnings = logs.warnings();
    logs.note(0, "a");
    logs.flush().await;
    fs::remove_dir_all(&dir).unwrap();
    let warning = notes_until_warned(&logs, &mut warnings).await;
    assert!(
        matches!(warning, LogWarning::Recreated { .. }),
        "{warning:?}"
    );
    soon(logs.flush()).await;
    assert_eq!(stored(&dir, "all").last(), Some(&logs.last_seq()));
    assert!(Logs::open(config(&dir)).is_err(), "it is ours again");
    let last = logs.last_seq();
    soon(logs.close()).await;
    assert_eq!(warnings.try_next(), None);
    assert_eq!(Logs::open(config(&dir)).unwrap().last_seq(), last);
}

#[tokio::test]
async fn a_file_that_was_moved_away_is_left_alone() {
    let dir = tempdir();
    let logs = Logs::open(config(dir.path())).unwrap();
    let mut warnings = logs.warnings();
    logs.note(0, "a");
    logs.flush().await;
    let moved = dir.path().join("all.old");
    fs::rename(dir.path().join("all.jsonl"), &moved).unwrap();
    notes_until_warned(&logs, &mut warnings).await;
    soon(logs.close()).await;
    let (old, new) = (entries(&moved), stored(dir.path(), "all"));
    assert_eq!(old.len() + new.len(), stored(dir.path(), "api").len());
}

#[tokio::test]
async fn rotation_without_descriptors_costs_what_cannot_be_written_only() {
    let dir = tempdir();
    let disk = Disk::with_space(PLENTY);
    let mut config = config(dir.path());
    config.max_file_bytes = 1000;
    let logs = disk.logs(config);
    let mut warnings = logs.warnings();
    logs.note(0, "a");
    logs.flush().await;
    disk.no_descriptors.store(true, Ordering::Relaxed);
    let warning = notes_until_warned(&logs, &mut warnings).await;
    assert!(warning.to_string().contains("EMFILE") || warning.to_string().contains("open files"));
    disk.no_descriptors.store(false, Ordering::Relaxed);
    let warning = notes_until_warned(&logs, &mut warnings).await;
    assert!(matches!(warning, LogWarning::Resumed { .. }), "{warning:?}");
    soon(logs.close()).await;
    assert_eq!(stored(dir.path(), "all").last(), Some(&logs.last_seq()));
}

#[tokio::test]
async fn a_file_grows_on_when_it_cannot_be_rotated() {
    let dir = tempdir();
    fs::create_dir(dir.path().join("api.1.jsonl")).unwrap();
    fs::write(dir.path().join("api.1.jsonl/x"), "").unwrap();
    let mut config = config(dir.path());
    config.max_file_bytes = 500;
    // Opening refuses what it sees; this one appears later.
    fs::rename(dir.path().join("api.1.jsonl"), dir.path().join("other")).unwrap();
    let logs = Logs::open(config).unwrap();
    fs::rename(dir.path().join("other"), dir.path().join("api.1.jsonl")).unwrap();
    for _ in 0..20 {
        logs.note(0, "a");
    }
    soon(logs.close()).await;
    assert_eq!(entries(&dir.path().join("api.jsonl")).len(), 20);
    assert_eq!(logs.warnings().try_next(), None);
}
