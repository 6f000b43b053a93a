//! Connection poolers as Debian has them: PgBouncer in transaction and in session mode, and pgpool.
//!
//! With `PGSTORE_POOLER=transaction`, `session` or `pgpool`, one stands before the server of every trial
//! that uses [`Database`](super::database::Database).

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use libtest_mimic::Completion;
use tokio::runtime::Runtime;
use tokio_postgres::NoTls;

use super::database::unique;
use super::server::Server;

/// Which pooler, and how it shares server connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// PgBouncer with `pool_mode = transaction`.
    Transaction,
    /// PgBouncer with `pool_mode = session`.
    Session,
    /// Pgpool-II with its default, streaming replication, over one server.
    Pgpool,
}

/// A pooler before a server. It ends with this value, or with this process.
pub(crate) struct Pooler {
    kind: Kind,
    /// Settings beyond those that every trial needs, one a line.
    settings: String,
    server_port: u16,
    port: u16,
    folder: PathBuf,
    process: Child,
}

/// Runs the program as an ordinary user, and again if it ends, as a service manager does: a client that cancels
/// and closes too soon ends PgBouncer 1.18. At the end of its input it kills the program and removes the folder.
const SCRIPT: &str = r#"
folder=$1 signal=$2
shift 2
trap "" HUP INT TERM # those are for the owner, whose end closes the input
if [ "$(id -u)" -eq 0 ]; then
    chown -R nobody "$folder"
    set -- setpriv --reuid=nobody --clear-groups "$@"
fi
(
    until [ -e "$folder/end" ]; do
        "$@" >>"$folder/log" 2>&1
        sleep 0.05
    done
    touch "$folder/ended"
) &
while read -r _; do :; done
touch "$folder/end"
until [ -e "$folder/ended" ]; do
    kill -"$signal" "$(cat "$folder/pid")"
    sleep 0.05
done
rm -rf "$folder"
"#;

impl Kind {
    /// What `PGSTORE_POOLER` asks for.
    pub(crate) fn wanted() -> Option<Self> {
        match env::var("PGSTORE_POOLER").as_deref() {
            Err(_) => None,
            Ok("transaction") => Some(Self::Transaction),
            Ok("session") => Some(Self::Session),
            Ok("pgpool") => Some(Self::Pgpool),
            Ok(other) => panic!("PGSTORE_POOLER is transaction, session or pgpool, not {other}"),
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Transaction | Self::Session => "pgbouncer",
            Self::Pgpool => "pgpool",
        }
    }

    /// `Ok` if the program is there. Otherwise the trial is ignored and says so; with `CI=true` it
    /// fails.
    fn need(self) -> Result<(), Completion> {
        let program = self.program();
        if Command::new(program).arg("--version").output().is_ok() {
            return Ok(());
        }
        let reason = format!("there is no {program} (Debian: pgbouncer, pgpool2)");
        assert!(env::var_os("CI").is_none(), "{reason}");
        Err(Completion::ignored_with(reason))
    }

    fn command(self, folder: &str) -> Vec<String> {
        let file = |name| format!("{folder}/{name}");
        match self {
            Self::Transaction | Self::Session => vec![self.program().into(), file("settings")],
            Self::Pgpool => {
                let own = ["-n", "-D", "-f"].map(str::to_owned);
                let mut command = vec![self.program().to_owned()];
                command.extend(own);
                command.push(file("settings"));
                for (option, name) in [("-F", "pcp"), ("-a", "hba"), ("-k", "key")] {
                    command.extend([option.to_owned(), file(name)]);
                }
                command
            }
        }
    }

    /// The settings that a trial cannot do without. All others keep their defaults.
    fn settings(self, server_port: u16, port: u16, folder: &str) -> String {
        let mode = match self {
            Self::Transaction => "transaction",
            Self::Session => "session",
            // The folder of sockets has another name from 4.4 on; unknown names are passed over.
            Self::Pgpool => {
                return format!(
                    "listen_addresses = '127.0.0.1'\nport = {port}\n\
                     backend_hostname0 = '127.0.0.1'\nbackend_port0 = {server_port}\n\
                     backend_flag0 = 'ALWAYS_PRIMARY|DISALLOW_TO_FAILOVER'\n\
                     socket_dir = '{folder}'\nunix_socket_directories = '{folder}'\npcp_port = {}\n\
                     pcp_socket_dir = '{folder}'\nwd_ipc_socket_dir = '{folder}'\n\
                     pid_file_name = '{folder}/pid'\nlogdir = '{folder}'\nwork_dir = '{folder}'\n\
                     sr_check_period = 0\nsr_check_user = 'postgres'\n",
                    free_port()
                );
            }
        };
        format!(
            "[databases]\n* = host=127.0.0.1 port={server_port} user=postgres\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             pidfile = {folder}/pid\npool_mode = {mode}\n"
        )
    }

    /// The signal that ends it at once.
    fn signal(self) -> &'static str {
        match self {
            Self::Transaction | Self::Session => "TERM",
            Self::Pgpool => "QUIT",
        }
    }
}

impl Pooler {
    /// Starts one before the server on this port. Where the program is missing, the trial is over.
    pub(crate) async fn start(
        kind: Kind,
        server_port: u16,
        settings: &str,
    ) -> Result<Self, Completion> {
        kind.need()?;
        let pooler = Self::spawn(kind, server_port, free_port(), settings);
        let begun = Instant::now();
        while let Err(error) = tokio_postgres::connect(&pooler.url("postgres"), NoTls).await {
            let log = || fs::read_to_string(pooler.folder.join("log")).unwrap_or_default();
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "{error}: {}",
                log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(pooler)
    }

    fn spawn(kind: Kind, server_port: u16, port: u16, settings: &str) -> Self {
        let folder = env::temp_dir().join(format!("pgstore-pooler-{}", unique()));
        fs::create_dir(&folder).unwrap();
        let name = folder.to_str().unwrap();
        let text = kind.settings(server_port, port, name) + settings;
        fs::write(folder.join("settings"), text).unwrap();
        let process = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "pooler", name, kind.signal()])
            .args(kind.command(name))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            kind,
            settings: settings.to_owned(),
            server_port,
            port,
            folder,
            process,
        }
    }

    /// Ends it and starts it again, on the same port.
    pub(crate) fn restart(&mut self) {
        self.stop();
        *self = Self::spawn(self.kind, self.server_port, self.port, &self.settings);
    }

    /// PgBouncer's PAUSE: server connections are taken from nobody, but given to nobody.
    pub(crate) fn pause(&self) {
        self.send("USR1");
    }

    /// PgBouncer's RESUME.
    pub(crate) fn resume(&self) {
        self.send("USR2");
    }

    fn send(&self, signal: &str) {
        let process = fs::read_to_string(self.folder.join("pid")).unwrap();
        let mut kill = Command::new("kill");
        kill.args([&format!("-{signal}"), process.trim()]);
        assert!(kill.status().unwrap().success());
    }

    /// The URL of a database behind it.
    pub(crate) fn url(&self, database: &str) -> String {
        format!(
            "postgres://postgres@127.0.0.1:{}/{database}?sslmode=disable",
            self.port
        )
    }

    fn stop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The pooler before the server of the trials, if one is wanted.
pub(crate) fn before(server: Server) -> Option<&'static Pooler> {
    static FRIENDLY: OnceLock<Pooler> = OnceLock::new();
    static HOSTILE: OnceLock<Pooler> = OnceLock::new();
    let kind = Kind::wanted()?;
    let start = || {
        let port = server.port();
        // In a thread of its own: the trial's runtime cannot wait for another one.
        let starting = thread::spawn(move || {
            let runtime = server.runtime();
            runtime.block_on(Pooler::start(kind, port, many_databases(kind)))
        });
        let started = starting.join().expect("the pooler starts");
        started.unwrap_or_else(|_| panic!("there is no {}", kind.program()))
    };
    let pooler = match server {
        Server::Friendly => &FRIENDLY,
        Server::Hostile => &HOSTILE,
        Server::Distributed => return None,
    };
    Some(pooler.get_or_init(start))
}

/// A runtime that ends closes all its connections at once. PgBouncer 1.18 does not survive that while it
/// passes on a request that cancels, so behind a pooler a trial's tasks get a moment to end, also when the
/// trial has failed.
pub(crate) struct LetRequestsEnd<'a>(pub(crate) &'a Runtime);

impl Drop for LetRequestsEnd<'_> {
    fn drop(&mut self) {
        let begun = Instant::now();
        while Kind::wanted().is_some()
            && self.0.metrics().num_alive_tasks() > 0
            && begun.elapsed() < Duration::from_secs(2)
        {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Each trial has a database of its own, so the connections to those of earlier ones must not stay.
fn many_databases(kind: Kind) -> &'static str {
    match kind {
        Kind::Transaction => {
            "server_idle_timeout = 2\nmax_client_conn = 1000\nserver_connect_timeout = 5\n"
        }
        // A client keeps its server connection, so there must be one for each client of a trial.
        Kind::Session => {
            "server_idle_timeout = 2\nmax_client_conn = 1000\nserver_connect_timeout = 5\n\
             default_pool_size = 60\n"
        }
        Kind::Pgpool => "num_init_children = 64\nmax_pool = 2\nconnection_life_time = 2\n",
    }
}

fn free_port() -> u16 {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    free.local_addr().unwrap().port()
}
