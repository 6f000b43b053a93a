//! Migrating through PgBouncer in transaction mode: nothing is left on connections that strangers get
//! next. Where PgBouncer is missing, the trials are ignored and say so.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Completion;
use pgstore::{PgStore, Store};
use pgstore_embedded::EmbeddedPostgres;
use tokio_postgres::NoTls;

use super::migrate::AS_GO_DOES;
use super::things::{at, fresh};
use crate::support::database::{client, unique};
use crate::support::secrets::Told;
use crate::support::{apply, trial};

/// PgBouncer before a server of its own. It ends with this value.
pub(super) struct PgBouncer {
    process: Child,
    folder: PathBuf,
    port: u16,
    pub(super) server: EmbeddedPostgres,
}

impl PgBouncer {
    /// `None` where the program is missing.
    pub(super) async fn start(ignored_parameters: &str, pool_size: u32) -> Option<Self> {
        let found = Command::new("pgbouncer").arg("--version").output().ok()?;
        assert!(found.status.success());
        let starting = tokio::task::spawn_blocking(|| EmbeddedPostgres::start().unwrap());
        let server = starting.await.unwrap();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let folder = std::env::temp_dir().join(format!("pgbouncer_{}", unique()));
        std::fs::create_dir(&folder).unwrap();
        let settings = folder.join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n\
             default_pool_size = {pool_size}\nignore_startup_parameters = {ignored_parameters}\n\
             query_wait_timeout = 10\n",
            server.port()
        );
        // `auth_type = any` takes a user of the database entry.
        let text = text.replace("* = host", "postgres = user=postgres dbname=postgres host");
        std::fs::File::create(&settings)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .unwrap();
        let bouncer = Self {
            process: spawn(&settings),
            folder,
            port,
            server,
        };
        bouncer.answers().await;
        Some(bouncer)
    }

    /// Ends it and starts it again, on the same port.
    pub(super) async fn restart(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.process = spawn(&self.folder.join("pgbouncer.ini"));
        self.answers().await;
    }

    async fn answers(&self) {
        let begun = Instant::now();
        while tokio_postgres::connect(&self.url(), NoTls).await.is_err() {
            assert!(
                begun.elapsed() < Duration::from_secs(10),
                "PgBouncer does not answer"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(super) fn url(&self) -> String {
        format!(
            "postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable",
            self.port
        )
    }
}

fn spawn(settings: &Path) -> Child {
    let mut command = Command::new("pgbouncer");
    // It refuses to run as root.
    command.args(["-q", "-u", "nobody"]).arg(settings);
    let process = command.stdout(Stdio::null()).stderr(Stdio::null());
    process.spawn().unwrap()
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(super) const MISSING: &str = "there is no pgbouncer (Debian: apt-get install pgbouncer)";

#[apply(trial)]
async fn migrating_through_pgbouncer_leaves_nothing_to_strangers() -> Completion {
    for ignored in ["extra_float_digits", "extra_float_digits,options"] {
        let Some(bouncer) = PgBouncer::start(ignored, 3).await else {
            return Completion::ignored_with(MISSING);
        };
        let direct = client(bouncer.server.url()).await;
        direct.batch_execute(AS_GO_DOES).await.unwrap();
        let fill = "INSERT INTO http_sessions (key, expires_on) SELECT '', now()
                      FROM generate_series(1, 20000)";
        direct.batch_execute(fill).await.unwrap();
        // Columns, and then indexes of a table in use.
        let store = PgStore::connect(&bouncer.url()).await.told().unwrap();
        assert_eq!(store.migrate().await.told().unwrap().applied, [2]);
        store.load(&fresh(), at(0)).await.told().unwrap();
        store.close().await;

        let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'";
        assert_eq!(
            direct.query_one(locks, &[]).await.unwrap().get::<_, i64>(0),
            0
        );
        // Several transactions at once see all of the pooler's connections.
        let strangers = [
            client(&bouncer.url()).await,
            client(&bouncer.url()).await,
            client(&bouncer.url()).await,
        ];
        for stranger in &strangers {
            stranger.batch_execute("BEGIN").await.unwrap();
            for (setting, default) in [
                ("lock_timeout", "0"),
                ("statement_timeout", "0"),
                ("idle_in_transaction_session_timeout", "0"),
                ("default_transaction_isolation", "read committed"),
            ] {
                let sql =
                    format!("SELECT source || setting FROM pg_settings WHERE name = '{setting}'");
                let found: String = stranger.query_one(&sql, &[]).await.unwrap().get(0);
                assert_eq!(found, format!("default{default}"), "{setting}");
            }
        }
    }
    Completion::Completed
}
