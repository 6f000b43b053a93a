//! The user the server runs as: us, unless we are root.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::StartError;

/// Who the server runs as.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Account {
    /// We are an ordinary user; so is the server.
    Ourselves,
    /// We are root; the server is this user.
    Other { uid: u32, gid: u32 },
}

impl Account {
    /// Ourselves, or as root the first that exists of `postgres` and `nobody`.
    pub(crate) fn choose() -> Result<Account, StartError> {
        if id(&["-u"]) != Some(0) {
            return Ok(Account::Ourselves);
        }
        let other = ["postgres", "nobody"].into_iter().find_map(Account::named);
        other.ok_or(StartError::NoUnprivilegedUser)
    }

    fn named(name: &str) -> Option<Account> {
        Some(Account::Other {
            uid: id(&["-u", name])?,
            gid: id(&["-g", name])?,
        })
    }

    /// Makes the command run as this user.
    pub(crate) fn apply(self, command: &mut Command) {
        if let Account::Other { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
    }

    /// Makes this user the owner of a file.
    pub(crate) fn hand_over(self, path: &Path) -> io::Result<()> {
        match self {
            Account::Ourselves => Ok(()),
            Account::Other { uid, gid } => chown(path, Some(uid), Some(gid)),
        }
    }

    /// Whether this user gets through to a folder: root's own temporary folder is closed to others.
    pub(crate) fn reaches(self, folder: &Path) -> bool {
        let open = |path: &Path| fs::metadata(path).is_ok_and(|found| found.mode() & 0o001 != 0);
        match self {
            Account::Ourselves => folder.is_dir(),
            Account::Other { .. } => folder.ancestors().all(open),
        }
    }
}

/// What id(1) prints; it asks whatever directory of users the system has.
fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
