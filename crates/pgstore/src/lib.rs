//! Server-side web sessions in PostgreSQL, shared with Go's gorilla/sessions and pgstore.

mod clock;
mod id;
pub mod store;
pub mod wire;

pub use clock::{Clock, SystemClock, Timestamp};
pub use id::{NoRandomness, SessionId};
