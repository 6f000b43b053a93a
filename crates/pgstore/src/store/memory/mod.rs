//! The store in memory, for an application's own tests.

mod memory_store;
mod memory_table;

pub use memory_store::MemoryStore;
