//! For adapters: the sessions of other crates, such as tower-sessions, kept in PostgreSQL.
//!
//! Such a crate has cookies, IDs and values of its own. This library keeps its sessions as bytes that
//! it does not read, under a hash of the ID: *opaque sessions*. They get what the library has for its
//! own rows: connections, migrations, sweeping, and [owners](OpaqueSessions::sessions_of).
//!
//! An application does not use this module. It uses an adapter: `pgstore-tower-sessions` or
//! `pgstore-actix-session`.
//!
//! # How do opaque sessions differ from a `Session`?
//!
//! - The last save wins. A crate that hands over a whole record at a time leaves nothing to merge.
//! - A row exists under one ID for its whole life. There is no grace time after a change of the ID.
//! - A row always has an end. None ends with the browser.
//!
//! What stays: a save never creates a row, so a session that was ended stays ended.

mod id;
mod owner_of;
mod owners;
mod sessions;

pub use owner_of::OwnerOf;
pub use sessions::{OpaqueContent, OpaqueSessions};
