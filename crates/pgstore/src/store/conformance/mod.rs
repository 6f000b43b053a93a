//! What every [`Store`](super::Store) must do: a list of behaviours to check a store of your own.
//!
//! ```
//! use std::sync::Arc;
//! use pgstore::MemoryStore;
//! use pgstore::store::conformance;
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! for behaviour in conformance::behaviours() {
//!     behaviour.check(Arc::new(MemoryStore::new())).await;
//! }
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```

mod behaviour;
mod behaviours;
mod extras;
mod owners;
mod previous_ids;
mod rows;
mod support;
mod sweeps;
mod together;

pub use behaviour::Behaviour;
pub use behaviours::behaviours;
