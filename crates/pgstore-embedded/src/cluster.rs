//! A cluster on disk and how its programs are run.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::account::Account;
use crate::folder::Folder;
use crate::locate;
use crate::watchdog::Watchdog;
use crate::{Builder, StartError};

/// The superuser, and the database that initdb makes.
pub(crate) const POSTGRES: &str = "postgres";

/// A cluster in its folder, and the watchdog over both.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) folder: Folder,
    pub(crate) bin_dir: PathBuf,
    pub(crate) watchdog: Watchdog,
    account: Account,
    builder: Builder,
}

impl Cluster {
    /// Makes a folder and in it an empty cluster.
    pub(crate) fn create(builder: &Builder) -> Result<Cluster, StartError> {
        let bin_dir = match &builder.bin_dir {
            Some(folder) => locate::first_of(vec![folder.clone()])?,
            None => locate::bin_dir()?,
        };
        let account = Account::choose()?;
        let (watchdog, folder) = Watchdog::start(account)?;
        let builder = builder.clone();
        let cluster = Cluster {
            folder,
            bin_dir,
            watchdog,
            account,
            builder,
        };
        cluster.hand_over_folder()?;
        cluster.initdb()?;
        cluster.write_files()?;
        Ok(cluster)
    }

    fn write_files(&self) -> Result<(), StartError> {
        for (name, contents) in &self.builder.files {
            let path = self.folder.data().join(name);
            self.write_file(&path, contents)
                .map_err(|source| folder_error(&path, source))?;
        }
        Ok(())
    }

    fn write_file(&self, path: &Path, contents: &str) -> io::Result<()> {
        fs::write(path, contents)?;
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        self.account.hand_over(path)
    }

    fn hand_over_folder(&self) -> Result<(), StartError> {
        let path = self.folder.path();
        self.account
            .hand_over(path)
            .map_err(|source| folder_error(path, source))
    }

    fn initdb(&self) -> Result<(), StartError> {
        let mut initdb = self.program("initdb");
        let locale = self.builder.locale.as_deref().unwrap_or("C");
        initdb
            .args([
                "--auth=trust",
                "--encoding=UTF8",
                "--no-sync",
                "--wal-segsize=1",
            ])
            .args(["--username", POSTGRES, "--locale", locale, "--pgdata"])
            .arg(self.folder.data())
            .args(&self.builder.initdb_arguments);
        let ended = initdb
            .output()
            .map_err(|source| spawn_error(&initdb, source))?;
        if ended.status.success() {
            return Ok(());
        }
        let output = [ended.stdout, ended.stderr].concat();
        let output = String::from_utf8_lossy(&output).trim_end().to_owned();
        Err(StartError::Initdb {
            status: ended.status,
            output,
        })
    }

    /// The command that runs the server on this port.
    pub(crate) fn server(&self, port: u16) -> Result<Command, StartError> {
        let log = self
            .open_log()
            .map_err(|source| folder_error(&self.folder.log(), source))?;
        let mut server = self.program("postgres");
        server
            .arg("-D")
            .arg(self.folder.data())
            .arg("-p")
            .arg(port.to_string());
        server.arg("-k").arg(self.folder.path());
        for (name, value) in self.settings() {
            server.arg("-c").arg(format!("{name}={value}"));
        }
        server.stderr(log);
        Ok(server)
    }

    /// Our settings, then the caller's: the server takes the last.
    fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        let fast: &[_] = if self.builder.durable { &[] } else { &FAST };
        let own = OURS.iter().chain(fast).copied();
        own.chain(
            self.builder
                .settings
                .iter()
                .map(|(name, value)| (&**name, &**value)),
        )
    }

    fn open_log(&self) -> io::Result<File> {
        let log = File::options()
            .append(true)
            .create(true)
            .open(self.folder.log())?;
        self.account.hand_over(&self.folder.log())?;
        Ok(log)
    }

    /// One of PostgreSQL's programs: as its user, watched, in a known environment, silent.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin_dir.join(name));
        env::vars_os()
            .filter(|(name, _)| is_foreign(name))
            .for_each(|(name, _)| {
                command.env_remove(name);
            });
        command
            .envs(
                self.builder
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        self.account.apply(&mut command);
        self.watchdog.watch(&mut command);
        command
    }
}

const OURS: [(&str, &str); 5] = [
    ("listen_addresses", "127.0.0.1"),
    ("TimeZone", "UTC"),
    ("log_timezone", "UTC"),
    // Segments as files of the cluster: a killed server leaves none in /dev/shm.
    ("dynamic_shared_memory_type", "mmap"),
    ("shared_buffers", "32MB"),
];

const FAST: [(&str, &str); 3] = [
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
];

/// Variables that would make the server differ from one owner to the next.
fn is_foreign(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name == "TZ"
        || ["LANG", "LC_", "PG"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

fn folder_error(path: &Path, source: io::Error) -> StartError {
    StartError::Folder {
        path: path.to_owned(),
        source,
    }
}

pub(crate) fn spawn_error(command: &Command, source: io::Error) -> StartError {
    StartError::Spawn {
        program: PathBuf::from(command.get_program()),
        source,
    }
}
