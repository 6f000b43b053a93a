//! Two servers that these tests share: one with TLS, one without.

use std::sync::OnceLock;

use pgstore_embedded::EmbeddedPostgres;
use tokio_postgres::NoTls;

use super::certificates::Certificates;

/// The password of the roles that have one.
pub(super) const PASSWORD: &str = "correct-horse";

/// Which role connects in which way. `postgres` needs no password.
const RULES: &str = "
local     all all                      trust
hostssl   all certified 127.0.0.1/32 cert
hostnossl all certified 127.0.0.1/32 reject
hostssl   all secure    127.0.0.1/32 scram-sha-256
hostnossl all plain     127.0.0.1/32 scram-sha-256
host      all crowded   127.0.0.1/32 trust
host      all postgres  127.0.0.1/32 trust
host      all app       127.0.0.1/32 scram-sha-256
";

/// Writable, with TLS.
pub(super) fn with_tls() -> &'static EmbeddedPostgres {
    static SERVER: OnceLock<EmbeddedPostgres> = OnceLock::new();
    SERVER.get_or_init(|| {
        let made = Certificates::make();
        let server = start(
            EmbeddedPostgres::builder()
                .file("server.crt", &made.server.0)
                .file("server.key", &made.server.1)
                .file("authority.crt", &made.authority)
                .setting("ssl", "on")
                .setting("ssl_ca_file", "authority.crt"),
        );
        // Beside its data, so that they go when it does.
        made.write_into(server.folder());
        server
    })
}

/// A file of certificates or keys, by its name.
pub(super) fn file(name: &str) -> String {
    with_tls().folder().join(name).display().to_string()
}

/// Read-only unless told otherwise, without TLS.
pub(super) fn without_tls() -> &'static EmbeddedPostgres {
    static SERVER: OnceLock<EmbeddedPostgres> = OnceLock::new();
    SERVER.get_or_init(|| {
        start(EmbeddedPostgres::builder().setting("default_transaction_read_only", "on"))
    })
}

fn start(builder: pgstore_embedded::Builder) -> EmbeddedPostgres {
    let server = builder.file("pg_hba.conf", RULES).start().unwrap();
    let url = format!(
        "{}&options=-cdefault_transaction_read_only%3Doff",
        server.url()
    );
    // Another thread, for this one may be on a runtime.
    let creating = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
            tokio::spawn(connection);
            let roles = format!(
                "CREATE ROLE app LOGIN PASSWORD '{PASSWORD}';
                 CREATE ROLE secure LOGIN PASSWORD '{PASSWORD}';
                 CREATE ROLE plain LOGIN PASSWORD '{PASSWORD}';
                 CREATE ROLE certified LOGIN;
                 CREATE ROLE crowded LOGIN CONNECTION LIMIT 0;"
            );
            client.batch_execute(&roles).await.unwrap();
        });
    });
    creating.join().unwrap();
    server
}

/// Keywords for the server with TLS, under this name.
pub(super) fn named(host: &str, rest: &str) -> String {
    let port = with_tls().port();
    format!("host='{host}' hostaddr=127.0.0.1 port={port} dbname=postgres {rest}")
}

/// Keywords for the server without TLS.
pub(super) fn bare(rest: &str) -> String {
    let port = without_tls().port();
    format!("host=127.0.0.1 port={port} dbname=postgres {rest}")
}
