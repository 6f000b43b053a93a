//! The embedded server against real PostgreSQL binaries.

mod owner;
mod server;
mod support;
