//! Server-side web sessions in PostgreSQL, for axum and any tower service, shared with Go's
//! `gorilla/sessions` and `antonlindstrom/pgstore`.
//!
//! The cookie carries a signed ID, a row of `http_sessions` the values:
//!
//! ```text
//! request ─▶ 1 cookie ─▶ 2 id ─▶ 3 row ─▶ 4 values ─▶ handler ─▶ 5 row ─▶ 6 cookie ─▶ response
//!            cookie.rs   wire/    store/    wire/       session/    store/    cookie.rs
//! ```
//!
//! # With axum
//!
//! ```
//! use axum::{Router, routing::get};
//! use pgstore::store::MemoryStore;
//! use pgstore::wire::Keys;
//! use pgstore::{Session, SessionError, SessionLayer, SessionManager};
//!
//! async fn visits(session: Session) -> Result<String, SessionError> {
//!     let visits = session.get::<u64>("visits").await?.unwrap_or(0) + 1;
//!     session.insert("visits", &visits)?;
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
//! # What does it not do?
//!
//! It authenticates nobody, and keeps no values in the cookie. Of two plain
//! [`insert`](Session::insert)s under one key the later save wins; [`update`](Session::update)
//! loses nothing. That a session was used is written down once an eighth of its lifetime has
//! passed, not at every request.
//!
//! # What does it promise?
//!
//! A response that reports success means that the save is stored. [`destroy`](Session::destroy)
//! wins against every save. No change is silently dropped or done twice. Trouble in the store is an
//! error, never an empty session.
//!
//! # Where is what?
//!
//! In the order in which a request meets it: [`SessionManager`] holds what all requests share,
//! [`SessionLayer`] gives each its [`Session`] (or [`Typed`], a struct as its view), [`wire`] opens and seals cookies and values,
//! [`store`] keeps rows. [`Typed`] is the session seen as a struct, [`Session::csrf_token`] protects
//! its forms.
//!
//! Why it is as it is stands in [`docs::design`], what Go's names are called here in
//! [`docs::from_go`], how to run it in [`docs::operations`], what connection strings mean in
//! [`store::connection_strings`].
//!
//! # Features
//!
//! - `postgres` (default): [`store::PgStore`].
//! - `middleware` (default): [`SessionLayer`] for tower.
//! - `tls` (default): TLS to the database, by rustls with ring. A `CryptoProvider` that the application
//!   has installed for its process comes first.
//! - `tls-aws-lc-rs`: the same with aws-lc-rs (without `tls`).
//! - `tls-no-provider`: the same with the application's provider alone.
//! - `axum`: extractors ([`Session`], [`Sessions`], [`Typed`], [`CsrfToken`], [`CsrfHeader`]), and
//!   errors as responses.
//! - `deadpool`: the store on the application's own deadpool-postgres pool.
//! - `testing`: [`testing::Browser`] and [`testing::TestClock`] for tests of applications;
//!   [`store::conformance`], what every store must do, and stores for tests that note what they are
//!   asked ([`store::SpyStore`]) or fail as they are told ([`store::FaultyStore`]).

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
mod options;
mod owners;
mod policy;
mod random;
mod registry;
mod session;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wire;

pub use clock::{Clock, SystemClock, Timestamp};
#[cfg(feature = "axum")]
pub use extract::{CsrfHeader, MissingSessionLayer, SessionRejection};
pub use handle::{InvalidHandle, SessionHandle};
pub use id::SessionId;
pub use manager::{ConfigError, SessionManager, SessionManagerBuilder};
#[cfg(feature = "middleware")]
pub use middleware::SessionLayer;
pub use name::{CookieError, CookieName};
pub use options::{CookieOptions, MaxAge, SameSite};
pub use owners::SessionInfo;
pub use policy::{OnConflict, OnOutage, OnUndecodable, Touch};
pub use random::RngError;
pub use registry::Sessions;
pub use session::{CsrfToken, InvalidText, Session, SessionError, SessionStats, Typed};

/// The manual's chapters.
#[cfg(doc)]
pub mod docs {
    #[doc = include_str!("../docs/design.md")]
    pub mod design {}
    #[doc = include_str!("../docs/from-go.md")]
    pub mod from_go {}
    #[doc = include_str!("../docs/operations.md")]
    pub mod operations {}
}

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
