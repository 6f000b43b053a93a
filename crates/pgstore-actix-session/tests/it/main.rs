//! The store in real actix-web apps.

#![allow(clippy::unwrap_used)] // Tests may panic.

mod app;
mod login;
mod neighbours;
mod operating;
mod purges;
mod store;
mod support;
mod workflow;
