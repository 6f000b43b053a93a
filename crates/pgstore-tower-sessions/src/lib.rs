#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod failure;
mod on_gone;
mod owner;
mod postgres_store;
mod records;
mod signed_in;
mod versions;

pub use on_gone::OnGone;
pub use owner::axum_login_user;
pub use pgstore;
pub use postgres_store::PostgresStore;
