//! Connects [`tokio_postgres`] the way libpq and `psql` do.
//!
//! tokio-postgres reads connection strings of its own kind: it knows no `sslmode=verify-full`, no
//! `PG*` variables and no `~/.pgpass`, and leaves TLS to other crates. This crate takes a
//! connection string that works with `psql` and returns a [`tokio_postgres::Client`] with its
//! driver task running.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let url = "postgres://app@db1,db2/web?sslmode=verify-full&target_session_attrs=read-write";
//! let (client, task) = pgstore_connect::connect(url).await?;
//! let row = client.query_one("SELECT version()", &[]).await?;
//! println!("{}: {}", task.host(), row.get::<_, &str>(0));
//! # Ok(())
//! # }
//! ```
//!
//! # What does it read?
//!
//! - URLs and keyword strings as libpq defines them; [`connection_strings`] has the table of
//!   options, and what differs from libpq.
//! - `PGHOST`, `PGUSER`, `PGPASSWORD`, `PGSSLMODE` and the other variables that complete them.
//! - Password files, root certificates and client certificates, with libpq's default places and
//!   its checks of permissions.
//!
//! # What does it do?
//!
//! - All six `sslmode`s by rustls, `sslrootcert=system`, client certificates, SCRAM channel binding.
//! - Several hosts and addresses, side by side after a short head start: `target_session_attrs`,
//!   `load_balance_hosts`, a timeout for each, and [`Connector::demote`] for fail-over.
//! - Waiting for a server that starts later: [`Connector::connect_within`].
//! - Cancelling over TLS: [`CancelHandle`].
//! - [`ConnectError`]: one variant for each cause, with host and SQLSTATE. Of a connection string,
//!   errors, log lines and `Debug` repeat hosts and names of options, and nothing else, also where the
//!   server's answer does.
//!
//! # What does it not do?
//!
//! It has no pool, does not reconnect, and hands out no `LISTEN` notifications. It supports no
//! service files, revocation lists, passphrases for keys, or GSSAPI.
//!
//! # Which way in?
//!
//! [`connect`] connects once. [`Config`] is a connection string read in advance, to report mistakes
//! before a connection is needed; [`Config::builder`] sets the program's own defaults.
//! [`Connector`] makes many connections.
//!
//! # Features
//!
//! - `tls-ring` (default): rustls with ring.
//! - `tls-aws-lc-rs`: rustls with aws-lc-rs. If both are on, ring is used.
//! - `tls-no-provider`: rustls without either; the application installs a `CryptoProvider`.
//!
//! A provider that the application has installed for its process comes first with every feature.
//! Without any of them, connections have no TLS, and an `sslmode` that demands it is a
//! [`ConfigError::TlsNotBuilt`].

mod attempt;
mod backend_key;
mod cancel;
mod config;
mod connect;
mod connector;
mod environment;
mod error;
mod host;
mod host_order;
mod key_value;
mod option;
mod parameters;
mod parse;
mod passfile;
mod peer;
mod race;
mod raw_options;
mod socket;
mod target;
mod task;
#[cfg(test)]
mod tests;
mod tls;
mod url;

pub use config::{Config, ConfigBuilder};
pub use connect::connect;
pub use connector::Connector;
pub use error::{ConfigError, ConnectError, DatabaseError, FileError, SyntaxError};
pub use host::Host;
pub use target::TargetSessionAttrs;
pub use task::{CancelHandle, ConnectionTask};
pub use tls::SslMode;
pub use tokio_postgres;

#[doc = include_str!("../docs/connecting.md")]
pub mod connection_strings {}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
