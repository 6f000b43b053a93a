//! The session of one request: its API for handlers, its state, and how it is saved.
//!
//! A [`Session`] is read at first use and changed in memory. The edge saves it when the handler is
//! done: the middleware does so by itself, the direct API when the application calls it.

mod background;
mod change;
mod cookie_change;
mod cookie_id;
mod csrf;
mod csrf_seed;
mod error;
mod flash;
#[cfg(feature = "middleware")]
mod flash_return;
mod go_times;
mod lifecycle;
mod metadata;
mod operation;
mod options;
mod owner;
mod record;
mod request_cookies;
mod save;
mod shared;
mod state;
mod stats;
mod typed;
mod values;
mod weighed_errors;

pub(crate) use background::{Background, BackgroundWork, WorkGuard};
pub(crate) use cookie_change::{CookieChange, GivenCookie, StrangerCookie};
pub(crate) use cookie_id::CookieId;
pub use csrf::CsrfToken;
pub(crate) use csrf_seed::Seed;
pub use error::SessionError;
pub use metadata::InvalidText;
#[cfg(all(feature = "postgres", feature = "raw"))]
pub(crate) use metadata::check_owner;
pub(crate) use metadata::{MetadataSources, TextOf, TextSource};
pub(crate) use record::{Limits, SealedRows};
pub(crate) use request_cookies::{OpenCookies, RequestCookies};
pub(crate) use save::{LogoutRetry, SaveTurns};
pub use shared::Session;
pub(crate) use shared::{SessionHolder, SharedSession, Usage};
pub(crate) use stats::Counters;
pub use stats::SessionStats;
pub use typed::Typed;
pub(crate) use weighed_errors::{Gravity, WeighedErrors};
