//! The session as an argument of axum handlers.

mod csrf;
mod rejection;
mod session;
mod typed;

pub use csrf::CsrfHeader;
pub use rejection::{MissingSessionLayer, SessionRejection};
