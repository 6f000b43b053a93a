//! The store in PostgreSQL, on the table of Go's pgstore.
//!
//! [`PgStore`] is the store. [`PgStoreOptions`] sets how many connections it has and how long an
//! operation may take. [`migrations`] is the SQL that [`PgStore::migrate`] runs.
//!
//! The way of an operation, from the caller to the network:
//!
//! 1. `pg_store.rs`: a method of [`Store`](super::Store) makes a *statement* (`statements/`, with
//!    its SQL from `sql/`).
//! 2. `executor.rs` runs it within its deadline, and repeats it where that is safe. While statements
//!    of its kind are under way, it waits in `gather_queue.rs`; `gathering.rs` sends those that wait
//!    as one.
//!    `statement_watch.rs` makes a span of each statement that is sent, and measures it.
//! 3. `connection_source.rs` takes a connection: from `pool.rs`, whose slots (`pool_slot.rs`)
//!    replace lost connections by the crate [`pgstore_connect`], or from the application's own pool
//!    (`application_pool.rs`).
//! 4. `connection.rs` pipelines the statement with those of other callers. It prepares it once, or sends
//!    its text each time (`send_forms.rs`, `statement_names.rs`). `liveness.rs` judges a connection
//!    that does not answer.
//!
//! `of_owner.rs` lists and ends an owner's sessions in batches. `identity.rs` has the operations on IDs that take more than one statement. A statement that changed
//! nothing passes through `refusal.rs`, which finds out whether there was nothing to change.
//! `distribution.rs` knows whether the table is distributed over several servers, and `distribute.rs`
//! distributes it. `sweeping.rs` removes expired rows. `probe.rs` proves that sessions can be kept.
//!
//! `columns.rs` converts rows, `types.rs` values, and `failure.rs` classifies errors.

#[cfg(feature = "deadpool")]
mod application_pool;
mod busy;
mod catalogue;
mod clocks;
mod columns;
mod connect;
mod connection;
mod connection_factory;
mod connection_source;
mod deadlines;
mod distribute;
mod distribution;
mod executor;
mod failure;
mod fitness;
mod gather_queue;
mod gather_queues;
mod gathering;
mod identity;
mod in_flight;
mod index_build;
mod inner;
mod lanes;
mod liveness;
mod migrate;
mod migrate_error;
mod migrate_progress;
mod migrate_step;
mod migration_step;
mod migrations;
mod needs_migration;
mod of_owner;
#[cfg(feature = "raw")]
mod opaque;
mod options;
mod outage_log;
mod pg_store;
mod pool;
mod pool_slot;
mod probe;
mod refusal;
mod send_forms;
mod sender_places;
mod slow_slots;
mod statement_names;
mod statement_strategy;
mod statement_watch;
mod statements;
mod sweeping;
mod table_name;
mod table_placement;
mod text;
mod turns;
mod types;

pub use migrate::Migrated;
pub use migrate_error::{MigrateError, MigrateErrorKind};
pub use migrate_progress::MigrateProgress;
pub use migrations::{Migration, migrations};
pub use options::PgStoreOptions;
pub use pg_store::PgStore;
pub use pgstore_connect::{ConfigError, ConnectError, DatabaseError, connection_strings};
pub use statement_names::StatementNames;
pub use statement_strategy::StatementStrategy;
pub use table_name::{InvalidTableName, TableName};
pub use table_placement::TablePlacement;
