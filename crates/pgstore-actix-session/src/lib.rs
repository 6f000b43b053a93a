#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod failure;
mod postgres_store;
mod session_store;
mod signed_in;
mod state;
mod states;

pub use pgstore;
pub use postgres_store::PostgresStore;
