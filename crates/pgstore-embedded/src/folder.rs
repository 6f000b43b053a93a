//! The temporary folder: where it may lie and what lies in it.

use std::collections::hash_map::RandomState;
use std::env;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};

use crate::account::Account;

/// A socket's address holds about 100 bytes; the folder's name and the socket's take 35 of them.
const LONGEST_PARENT: usize = 65;

/// The folder of one cluster.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// An unguessable name in a parent folder. The folder is not made yet.
    pub(crate) fn unused(parent: &Path) -> Folder {
        let random = RandomState::new().build_hasher().finish();
        Folder(parent.join(format!("pgstore-pg-{random:016x}")))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.0.join("log")
    }

    pub(crate) fn pid_file(&self) -> PathBuf {
        self.data().join("postmaster.pid")
    }

    /// The end of the server's log, for an error's text.
    pub(crate) fn end_of_log(&self) -> String {
        let bytes = fs::read(self.log()).unwrap_or_default();
        let start = bytes.len().saturating_sub(2000);
        String::from_utf8_lossy(&bytes[start..])
            .trim_end()
            .to_owned()
    }
}

/// Where temporary folders may lie, the system's own choice first.
pub(crate) fn parents() -> Vec<PathBuf> {
    vec![
        env::temp_dir(),
        PathBuf::from("/tmp"),
        PathBuf::from("/var/tmp"),
    ]
}

/// Whether a server of this user can live in a folder there.
pub(crate) fn is_suitable(parent: &Path, account: Account) -> bool {
    parent.is_absolute() && parent.as_os_str().len() <= LONGEST_PARENT && account.reaches(parent)
}
