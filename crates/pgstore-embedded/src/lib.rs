//! A throwaway PostgreSQL server for tests, demonstrations and examples.
//!
//! It runs the machine's own binaries; nothing is downloaded. The cluster lies in a temporary
//! folder and listens on a port of its own, so several run side by side.
//!
//! ```
//! use pgstore_embedded::EmbeddedPostgres;
//!
//! let server = EmbeddedPostgres::start()?;
//! assert!(server.url().starts_with("postgres://postgres@127.0.0.1:"));
//! server.stop()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which version of PostgreSQL?
//!
//! The one that `pg_config` names, the first in `PATH`, or the newest in the usual folders. The
//! variable `PGSTORE_POSTGRES_BIN` names the folder of another one's `initdb` and `postgres`, and
//! [`Builder::bin_dir`] that of a single server.
//!
//! # What is left when the owner dies?
//!
//! Nothing. A watchdog process holds the other end of a pipe; when the owner is gone, however it
//! went, the watchdog stops the server and removes the folder. `stop()` and `Drop` only close the
//! pipe and wait for it, so there is one way to clean up and every test exercises it. Statics,
//! which Rust never drops, are cleaned up by the same means after the process has exited.
//!
//! # As root?
//!
//! PostgreSQL refuses to run as root, so the server then runs as the user `postgres`, or as
//! `nobody` where there is none; without sudo.
//!
//! # What does it not do?
//!
//! It keeps no data, secures nothing (any local user may connect as superuser) and runs on Unix
//! only. It is for development and tests.

mod account;
mod builder;
mod cluster;
mod error;
mod folder;
mod locate;
mod platform;
mod postmaster;
#[cfg(feature = "schema")]
mod schema;
mod server;
mod shared;
mod watchdog;

pub use builder::Builder;
pub use error::StartError;
#[cfg(feature = "schema")]
pub use schema::Schema;
pub use server::EmbeddedPostgres;
pub use shared::shared_url;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
