//! The server as its owner sees it.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::cluster::{Cluster, POSTGRES};
use crate::postmaster::Postmaster;
use crate::{Builder, StartError};

/// A running PostgreSQL server of our own; dropping it stops it and removes its data.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    cluster: Cluster,
    postmaster: Postmaster,
    port: u16,
    url: String,
}

impl EmbeddedPostgres {
    /// Starts a server with our defaults: trust authentication, UTF-8, UTC, not durable.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what was missing or which program failed, with what it printed.
    pub fn start() -> Result<EmbeddedPostgres, StartError> {
        Builder::default().start()
    }

    /// Starts a server with these parameters of `postgresql.conf` over our defaults.
    ///
    /// # Errors
    ///
    /// As for [`start`](EmbeddedPostgres::start); a parameter that does not exist is
    /// [`StartError::Exited`].
    pub fn with_settings(settings: &[(&str, &str)]) -> Result<EmbeddedPostgres, StartError> {
        Builder::default().settings(settings).start()
    }

    /// Describes a server before it starts.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn from_builder(builder: &Builder) -> Result<EmbeddedPostgres, StartError> {
        let cluster = Cluster::create(builder)?;
        let (postmaster, port) = start_on_a_free_port(&cluster)?;
        let url = format!("postgres://{POSTGRES}@127.0.0.1:{port}/{POSTGRES}?sslmode=disable");
        Ok(EmbeddedPostgres {
            cluster,
            postmaster,
            port,
            url,
        })
    }

    /// The superuser's URL, over TCP: `postgres://postgres@127.0.0.1:PORT/postgres?sslmode=disable`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The superuser's URL, over the unix socket in [`folder`](EmbeddedPostgres::folder).
    #[must_use]
    pub fn socket_url(&self) -> String {
        let folder = self
            .folder()
            .to_string_lossy()
            .replace('%', "%25")
            .replace('/', "%2F");
        format!(
            "postgres://{POSTGRES}@{folder}:{}/{POSTGRES}?sslmode=disable",
            self.port
        )
    }

    /// The port, on 127.0.0.1; it stays the same over [`restart`](EmbeddedPostgres::restart).
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The temporary folder: the cluster in `data`, the server's `log`, the unix socket.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.cluster.folder.path()
    }

    /// The folder of the binaries in use, such as `pg_dump`.
    #[must_use]
    pub fn bin_dir(&self) -> &Path {
        &self.cluster.bin_dir
    }

    /// The process id of the server's first process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.postmaster.id()
    }

    /// Kills the server without a word of warning, as `kill -9` does; the data stay.
    ///
    /// From here on connections are refused, until [`restart`](EmbeddedPostgres::restart). What
    /// was committed shortly before is lost, unless the server is
    /// [`durable`](Builder::durable).
    ///
    /// # Errors
    ///
    /// What the system says when it refuses the signal.
    pub fn kill(&mut self) -> io::Result<()> {
        self.postmaster.kill().map(drop)
    }

    /// Shuts the server down in order; the data stay, connections are refused.
    ///
    /// # Errors
    ///
    /// What the system says when it refuses the signal.
    pub fn shut_down(&mut self) -> io::Result<()> {
        self.postmaster.shut_down()
    }

    /// Starts the server again, after shutting it down if it runs: same port, same data.
    ///
    /// # Errors
    ///
    /// As for [`start`](EmbeddedPostgres::start), if the server does not come back within 10 s:
    /// another process may have taken the port meanwhile.
    pub fn restart(&mut self) -> Result<(), StartError> {
        let program = self.cluster.bin_dir.join("postgres");
        let stop_error = |source| StartError::Spawn { program, source };
        self.postmaster.shut_down().map_err(stop_error)?;
        self.postmaster = start_again(&self.cluster, self.port)?;
        Ok(())
    }

    /// Stops the server and removes its folder, as dropping it does.
    ///
    /// # Errors
    ///
    /// If the folder is still there afterwards.
    pub fn stop(self) -> io::Result<()> {
        let folder = self.cluster.folder.clone();
        drop(self);
        match folder.path().try_exists()? {
            true => Err(io::Error::other(format!(
                "{} is left over",
                folder.path().display()
            ))),
            false => Ok(()),
        }
    }
}

impl Drop for EmbeddedPostgres {
    /// The watchdog does it all; its own drop, after this, waits for it.
    fn drop(&mut self) {
        self.cluster.watchdog.release();
        self.postmaster.reap();
    }
}

/// Somebody may take a port between our choice and the server's: then with another one.
fn start_on_a_free_port(cluster: &Cluster) -> Result<(Postmaster, u16), StartError> {
    let mut attempts = 1..=10;
    loop {
        let port = free_port(cluster)?;
        match Postmaster::start(cluster, port) {
            Err(StartError::Exited { .. }) if is_taken(port) && attempts.next().is_some() => {}
            result => return Ok((result?, port)),
        }
    }
}

/// A killed server's last processes take a moment to end, and it does not start before.
fn start_again(cluster: &Cluster, port: u16) -> Result<Postmaster, StartError> {
    let asked = Instant::now();
    loop {
        match Postmaster::start(cluster, port) {
            Err(StartError::Exited { .. }) if asked.elapsed() < Duration::from_secs(10) => {
                thread::sleep(Duration::from_millis(50));
            }
            result => return result,
        }
    }
}

fn free_port(cluster: &Cluster) -> Result<u16, StartError> {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
    let no_port = |source| StartError::Folder {
        path: cluster.folder.path().to_owned(),
        source,
    };
    Ok(address.map_err(no_port)?.port())
}

fn is_taken(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err()
}
