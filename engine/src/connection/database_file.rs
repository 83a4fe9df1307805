//! What the file system tells of the file that a local database is in.

use std::fs::File;

/// A file whose stamp is another after every write.
pub(super) struct DatabaseFile(File);

/// When a file was last written.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "no file is looked at there"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    changed: (i64, i64),
    /// Whether the clock has gone on since, so that a later write is stamped otherwise.
    is_settled: bool,
}

impl Stamp {
    pub fn is_settled(self) -> bool {
        self.is_settled
    }
}

/// ext2 to ext4, xfs, btrfs, tmpfs and overlayfs, by linux/magic.h.
#[cfg(target_os = "linux")]
const LOCAL: [i64; 5] = [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630];

#[cfg(target_os = "linux")]
impl DatabaseFile {
    /// None where its stamps prove nothing: what another machine writes may not be stamped here.
    pub fn at(path: &str) -> Option<Self> {
        use std::os::{fd::AsRawFd, unix::fs::OpenOptionsExt};
        // Without reading, since closing a file that was opened for that drops SQLite's locks.
        let file = File::options().read(true).custom_flags(libc::O_PATH).open(path).ok()?;
        let mut found = std::mem::MaybeUninit::<libc::statfs>::uninit();
        // SAFETY: The file is open, and `found` is initialised where the call succeeds.
        let kind = unsafe {
            (libc::fstatfs(file.as_raw_fd(), found.as_mut_ptr()) == 0)
                .then(|| found.assume_init().f_type)?
        };
        LOCAL.contains(&(kind as i64)).then_some(Self(file))
    }

    pub fn stamp(&self) -> Option<Stamp> {
        use std::{
            os::unix::fs::MetadataExt,
            time::{SystemTime, UNIX_EPOCH},
        };
        // No file system counts in larger steps.
        const STEP_SECONDS: i64 = 2;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs() as i64;
        let found = self.0.metadata().ok()?;
        Some(Stamp {
            // Unlike the time of modification, no program can set it.
            changed: (found.ctime(), found.ctime_nsec()),
            is_settled: found.ctime() + STEP_SECONDS < now,
        })
    }
}

#[cfg(not(target_os = "linux"))]
impl DatabaseFile {
    /// Windows may stamp a write only when its file is closed.
    pub fn at(_: &str) -> Option<Self> {
        None
    }

    pub fn stamp(&self) -> Option<Stamp> {
        None
    }
}
