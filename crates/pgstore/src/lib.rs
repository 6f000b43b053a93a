//! Keeps the users of a web application logged in: sessions in PostgreSQL, for axum and any tower service.
//!
//! A session is what the server remembers of one visitor: who it is, a cart, a message for the next page. Here it
//! is a row of the table `http_sessions`; the browser has a cookie with a signed random ID. Handlers get the
//! [`Session`] of their request, and a layer saves what they change.
//!
//! ```
//! use axum::{Router, routing::get};
//! use pgstore::{Keys, MemoryStore, Session, SessionError, SessionLayer, SessionManager};
//!
//! async fn visits(session: Session) -> Result<String, SessionError> {
//!     let visits = session.get::<u64>("visits").await?.unwrap_or(0) + 1; // one query
//!     session.insert("visits", visits)?; // saved before the response is sent
//!     Ok(format!("Visit number {visits}"))
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let keys = Keys::from_pairs(&[[7; 32]])?;
//! // In production: PgStore::connect(&url).await?, then migrate().
//! let sessions = SessionManager::builder(MemoryStore::new(), keys).build()?;
//! let app: Router = Router::new()
//!     .route("/", get(visits))
//!     .layer(SessionLayer::new(&sessions, "session")?);
//! # Ok(())
//! # }
//! ```
//!
//! # What does it promise?
//!
//! - A response that reports success means that the session is saved.
//! - [`destroy`](Session::destroy) wins against every save, and [`renew`](Session::renew) at login
//!   ends the old ID.
//! - No change is silently dropped or done twice. Requests that change one session at the same time
//!   are merged key by key.
//! - A failure of the store is an error, never an empty session. Reading fails only with the
//!   [load errors](SessionError#load-errors).
//!
//! # What does it not do?
//!
//! - It does not authenticate: it keeps what your login puts into the session.
//! - It keeps no values in the cookie.
//! - It does not choose between two values: if two requests [`insert`](Session::insert) under one
//!   key, the later save wins. Use [`update`](Session::update) for a value that depends on the old
//!   one.
//! - It does not record every use: a session may end up to ⅛ of its lifetime early (3¾ days of 30).
//!
//! # Where do I find what?
//!
//! - [`SessionManager`] holds what all requests share: the store, the [`Keys`], the
//!   [`CookieOptions`]. Its [builder](SessionManagerBuilder) has every setting.
//! - [`SessionLayer`] gives each request its [`Session`]; [`Sessions`] are those of several cookies;
//!   [`Typed`] is a session seen as a struct.
//! - [`PgStore`] keeps the rows; in tests, [`MemoryStore`] does.
//! - [`Session::csrf_token`] protects forms, [`SessionManager::sessions_of`] lists a user's devices.
//!
//! ```text
//! request ─▶ 1 cookie ─▶ 2 id ─▶ 3 row ─▶ 4 values ─▶ handler ─▶ 5 row ─▶ 6 cookie ─▶ response
//! ```
//!
//! [`docs::cookbook`] has recipes, such as a login guard, a password change and streams that end with their
//! session. [`docs::testing`] shows how to test an application, [`docs::deploying`] how to bring it to production,
//! [`docs::operations`] how to run it, [`docs::scaling`] when one server is not enough, and
//! [`docs::connection_strings`] what a connection string may contain. [`docs::comparison`] compares it with other
//! crates, and [`docs::design`] answers why it is built this way.
//!
//! # Coming from Go
//!
//! It shares every session with `gorilla/sessions` and `antonlindstrom/pgstore`, both ways: the
//! same cookies, table, keys and values. Tell it about the Go program with
//! [`go_peer`](SessionManagerBuilder::go_peer), so that it writes only what Go can read, and give
//! both the same cookie attributes: [`CookieOptions::go`] has Go's. [`docs::from_go`] has a checklist, and
//! what each Go name is called here.
//!
//! # Coming from tower-sessions
//!
//! The crate `pgstore-tower-sessions` is a store for tower-sessions and axum-login, so that an app changes
//! one line. To move on to this crate's own session:
//!
//! | tower-sessions | here |
//! |---|---|
//! | `SessionManagerLayer::new(store)` | [`SessionManager::builder`]`(store, keys).build()`, then [`SessionLayer::new`] |
//! | `with_secure(…)`, `with_same_site(…)` | [`cookie_options`](SessionManagerBuilder::cookie_options) |
//! | `with_expiry(Expiry::OnInactivity(…))` | [`max_age`](SessionManagerBuilder::max_age); also [`absolute_timeout`](SessionManagerBuilder::absolute_timeout) |
//! | `session.insert(…).await` | [`insert`](Session::insert), which waits for nothing: the layer saves |
//! | `session.cycle_id().await` | [`renew`](Session::renew) |
//! | `session.flush().await` | [`destroy`](Session::destroy) |
//! | `continuously_delete_expired` | [`start_sweeping`](SessionManager::start_sweeping) |
//!
//! # Features
//!
//! - `postgres` (default): [`PgStore`].
//! - `middleware` (default): [`SessionLayer`] for tower.
//! - `tls` (default): TLS to the database, by rustls with ring. A `CryptoProvider` that the application
//!   has installed for its process comes first.
//! - `tls-aws-lc-rs`: the same with aws-lc-rs (without `tls`).
//! - `tls-no-provider`: the same with the application's provider alone.
//! - `axum`: extractors ([`Session`], [`Sessions`], [`Typed`], [`CsrfToken`], [`CsrfHeader`]), and
//!   errors as responses.
//! - `metrics`: numbers to watch, through the facade `metrics` ([`docs::operations`] lists them).
//! - `deadpool`: the store on the application's own deadpool-postgres pool.
//! - `raw`: the codec of cookies and rows (`wire`), what a [`Store`] of your own needs (`store`), and
//!   what an adapter for another session crate needs (`opaque`).
//! - `testing`: `raw`; a browser and a clock for tests of applications (`testing::Browser`,
//!   `testing::TestClock`); the tests that every store must pass (`store::conformance`), and stores for
//!   tests: one records its calls (`store::SpyStore`), one fails on demand (`store::FaultyStore`).

#![cfg_attr(docsrs, feature(doc_cfg))]

mod clock;
mod cookie;
mod edge;
mod error_text;
#[cfg(feature = "axum")]
mod extract;
mod handle;
mod id;
mod manager;
#[cfg(feature = "middleware")]
pub mod middleware;
mod name;
#[cfg(all(feature = "postgres", feature = "raw"))]
pub mod opaque;
mod options;
mod owners;
mod policy;
mod random;
mod registry;
mod session;
#[cfg(feature = "raw")]
pub mod store;
#[cfg(not(feature = "raw"))]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "what only feature `raw` makes public"
)]
mod store;
mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "raw")]
pub mod wire;
#[cfg(not(feature = "raw"))]
#[allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "what only feature `raw` makes public"
)]
mod wire;

pub use clock::{Clock, SystemClock, Timestamp};
#[cfg(feature = "axum")]
pub use extract::{CsrfHeader, MissingSessionLayer, SessionRejection};
pub use handle::{InvalidHandle, SessionHandle};
pub use id::SessionId;
pub use manager::{ConfigError, SessionManager, SessionManagerBuilder, UnfinishedWork};
#[cfg(feature = "middleware")]
pub use middleware::{Failed, SessionLayer};
pub use name::{CookieError, CookieName};
pub use options::{CookieOptions, MaxAge, SameSite};
pub use owners::SessionInfo;
#[cfg(feature = "middleware")]
pub use policy::SaveOn;
pub use policy::{OnConflict, OnOutage, OnUndecodable, Touch};
pub use random::RngError;
pub use registry::Sessions;
pub use session::{CsrfToken, InvalidText, Session, SessionError, SessionStats, Typed};
#[cfg(feature = "postgres")]
pub use store::{
    ConnectError, InvalidTableName, MigrateError, MigrateErrorKind, PgStore, PgStoreOptions,
    StatementNames, StatementStrategy, TableName, TablePlacement,
};
pub use store::{
    FirstSweep, MemoryStore, Store, StoreError, StoreErrorKind, SweepHandle, SweepOptions,
    SweepStats,
};
pub use wire::{
    ErrorClass, GoPeer, Key, KeyError, KeyPair, Keys, OpenError, TooLong, ValueError,
    ValueErrorKind, Values, go,
};

/// The manual's chapters.
#[cfg(doc)] // They are text alone.
pub mod docs {
    #[doc = include_str!("../docs/design.md")]
    pub mod design {}
    #[doc = include_str!("../docs/from-go.md")]
    pub mod from_go {}
    // Of two definitions of a link, the first counts: that here in rustdoc, that of the file on other sites.
    #[doc = "[scaling]: crate::docs::scaling"]
    #[cfg_attr(
        feature = "postgres",
        doc = "[connecting]: crate::docs::connection_strings"
    )]
    #[doc = ""]
    #[doc = include_str!("../docs/operations.md")]
    pub mod operations {}
    #[cfg_attr(
        feature = "postgres",
        doc = "[connecting]: crate::docs::connection_strings"
    )]
    #[doc = ""]
    #[doc = include_str!("../docs/scaling.md")]
    pub mod scaling {}
    #[doc = include_str!("../docs/cookbook.md")]
    pub mod cookbook {}
    #[doc = include_str!("../docs/testing.md")]
    pub mod testing {}
    #[doc = "[operations]: crate::docs::operations"]
    #[cfg_attr(
        feature = "postgres",
        doc = "[connecting]: crate::docs::connection_strings"
    )]
    #[doc = "[rights]: crate::docs::operations#which-rights-does-the-application-need"]
    #[doc = "[pgbouncer]: crate::docs::operations#does-it-work-behind-pgbouncer-or-pgpool-ii"]
    #[doc = "[keys]: crate::docs::operations#how-are-keys-made-and-rotated"]
    #[doc = "[watch]: crate::docs::operations#what-should-you-watch"]
    #[doc = ""]
    #[doc = include_str!("../docs/deploying.md")]
    pub mod deploying {}
    #[doc = include_str!("../docs/comparison.md")]
    pub mod comparison {}
    #[cfg(feature = "postgres")]
    pub use crate::store::connection_strings;
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
