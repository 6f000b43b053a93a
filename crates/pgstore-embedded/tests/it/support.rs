//! Asking a server, and looking for what it may have left.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tokio_postgres::{NoTls, SimpleQueryMessage};

/// The first column of the first row that a statement returns, as text.
pub(crate) fn ask(url: &str, sql: &str) -> Result<Option<String>, tokio_postgres::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(async {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        let connection = tokio::spawn(connection);
        let messages = client.simple_query(sql).await?;
        drop(client);
        connection.await.expect("no panic in the connection")?;
        let mut rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        Ok(rows.next())
    })
}

/// What a statement returns on a server that is up.
pub(crate) fn answer(url: &str, sql: &str) -> String {
    ask(url, sql).expect("the server answers").expect("a row")
}

pub(crate) fn is_up(url: &str) -> bool {
    ask(url, "SELECT 1").is_ok()
}

/// Waits until something holds, and panics with its name if it does not within 20 s.
pub(crate) fn eventually(name: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{name}: not within 20 s"
        );
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a living process, of whatever user, was started with this folder in its arguments.
pub(crate) fn is_mentioned_by_a_process(folder: &Path) -> bool {
    let folder = folder.to_str().expect("a name of our own");
    command_lines().iter().any(|line| line.contains(folder))
}

fn command_lines() -> Vec<String> {
    match fs::read_dir("/proc/self") {
        Ok(_) => linux_command_lines(),
        Err(_) => {
            let listed = Command::new("ps")
                .args(["-axo", "args="])
                .output()
                .expect("ps");
            String::from_utf8_lossy(&listed.stdout)
                .lines()
                .map(str::to_owned)
                .collect()
        }
    }
}

/// Zombies, which nobody may reap in a container, have an empty command line.
fn linux_command_lines() -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines
        .map(|line| String::from_utf8_lossy(&line).into_owned())
        .collect()
}

/// A folder for one test, open to all users, removed at the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Scratch {
        use std::os::unix::fs::PermissionsExt;
        let path = Path::new("/tmp").join(format!("pgs-{name}-{}", std::process::id()));
        fs::create_dir(&path).expect("a folder in /tmp");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o1777)).expect("our own folder");
        Scratch(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The folder of the one server whose `TMPDIR` this is.
    pub(crate) fn only_entry(&self) -> Option<PathBuf> {
        fs::read_dir(&self.0)
            .expect("our own folder")
            .flatten()
            .next()
            .map(|entry| entry.path())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.only_entry().is_none()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
