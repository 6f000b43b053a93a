//! Stores for tests: one records its calls, one fails on command.

mod faulty_store;
mod intercept;
mod method;
mod spy_store;

pub use faulty_store::{Fault, FaultyStore};
pub use intercept::Intercept;
pub use method::StoreMethod;
pub use spy_store::{HeldCall, SpyStore};
