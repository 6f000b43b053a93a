//! PgBouncer before a server.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use super::registry::Missing;

/// PgBouncer in transaction mode. It ends with this value.
pub(crate) struct PgBouncer {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl PgBouncer {
    /// Starts it before the server at this port.
    pub(crate) fn start(server: u16) -> Result<Self, Missing> {
        let found = Command::new("pgbouncer").arg("--version").output();
        found.map_err(|_| Missing("there is no pgbouncer (Debian: apt-get install pgbouncer)"))?;
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let folder = env::temp_dir().join(format!("pgstore_cli_bouncer_{}", process::id()));
        fs::create_dir(&folder).unwrap();
        let settings = folder.join("pgbouncer.ini");
        let text = format!(
            "[databases]\npostgres = user=postgres dbname=postgres host=127.0.0.1 port={server}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = any\npool_mode = transaction\nquery_wait_timeout = 10\n"
        );
        fs::write(&settings, text).unwrap();
        let mut command = Command::new("pgbouncer");
        // It refuses to run as root.
        command.args(["-q", "-u", "nobody"]).arg(&settings);
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let bouncer = Self {
            process: process.unwrap(),
            folder,
            port,
        };
        bouncer.answers();
        Ok(bouncer)
    }

    fn answers(&self) {
        let begun = Instant::now();
        while std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10));
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn url(&self) -> String {
        let port = self.port;
        format!("postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable")
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
