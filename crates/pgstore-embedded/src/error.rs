//! Why a server did not start.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use crate::platform;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// There are no PostgreSQL server binaries on this machine, or none where we looked.
    #[error(
        "PostgreSQL's server binaries (initdb, postgres) were not found; {} (looked in: {})",
        platform::advice(),
        list(searched)
    )]
    NotInstalled {
        /// The folders that were looked in.
        searched: Vec<PathBuf>,
    },

    /// We are root, PostgreSQL refuses to be, and there is neither `postgres` nor `nobody`.
    #[error("PostgreSQL refuses to run as root and there is no user `postgres` or `nobody`")]
    NoUnprivilegedUser,

    /// No temporary folder could be made that the server's user can reach.
    #[error("no temporary folder could be made in any of: {}", list(tried))]
    NoFolder {
        /// The folders that were tried as parents.
        tried: Vec<PathBuf>,
    },

    /// A file of the cluster could not be read, written or handed over to the server's user.
    #[error("{} could not be prepared", path.display())]
    Folder {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// A program could not be run.
    #[error("{} could not be run", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// `initdb` refused to make a cluster: a locale that does not exist, a full disk.
    #[error("initdb failed ({status}):\n{output}")]
    Initdb {
        /// How it ended.
        status: ExitStatus,
        /// What it printed.
        output: String,
    },

    /// The server ended before it accepted connections: a setting that does not exist, say.
    #[error("the server ended while starting ({status}):\n{log}")]
    Exited {
        /// How it ended.
        status: ExitStatus,
        /// The end of its log.
        log: String,
    },

    /// The server did not accept connections in time.
    #[error("the server was not ready after {} s:\n{log}", waited.as_secs())]
    NotReady {
        /// How long we waited.
        waited: Duration,
        /// The end of its log.
        log: String,
    },
}

fn list(paths: &[PathBuf]) -> String {
    let shown: Vec<_> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    shown.join(", ")
}
