//! The store in real apps: each behaviour with each version of tower-sessions.

#![allow(clippy::unwrap_used)] // Tests may panic.
#![allow(clippy::duplicate_mod)] // Each version runs the same tests.

mod axum_login;
mod events;
mod operating;
mod support;

#[path = "each_version"]
mod core_0_14 {
    use tower_sessions_0_14 as tower_sessions;

    mod app;
    mod races;
    mod routes;
    mod store;
}

#[path = "each_version"]
mod core_0_15 {
    use ::tower_sessions;

    mod app;
    mod races;
    mod routes;
    mod store;
}
