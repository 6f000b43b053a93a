// Of two definitions of a link, the first counts: this one in rustdoc, that of the file on other sites.
#![cfg_attr(doc, doc = "[guide]: crate::docs::from_tower_sessions\n")]
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod failure;
mod on_gone;
mod owner;
mod postgres_store;
mod records;
mod signed_in;
mod values;
mod versions;

pub use on_gone::OnGone;
pub use owner::axum_login_user;
pub use pgstore;
pub use postgres_store::PostgresStore;

/// The manual's chapter.
#[cfg(doc)] // It is text alone.
pub mod docs {
    #[doc = "[readme]: crate#from-tower-sessions-sqlx-store\n"]
    #[doc = include_str!("../docs/from-tower-sessions.md")]
    pub mod from_tower_sessions {}
}
