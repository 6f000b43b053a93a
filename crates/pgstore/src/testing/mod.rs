//! For tests of applications: a browser that keeps cookies, and a clock that a test sets.
//!
//! pgstore's own tests use both. Enable the feature `testing` in `[dev-dependencies]`:
//!
//! ```toml
//! [dev-dependencies]
//! pgstore = { version = "0.1", features = ["testing"] }
//! ```
//!
//! [`Browser`] asks a tower service, such as an axum `Router`, without a network. [`Cookies`] is
//! its memory alone, for tests of the direct API. [`TestClock`] makes sessions expire at once.

mod browser;
mod clock;
mod cookies;

pub use browser::{Browser, Page};
pub use clock::TestClock;
pub use cookies::Cookies;
