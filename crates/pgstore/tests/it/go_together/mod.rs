//! Nodes in Rust and nodes in Go on the same sessions, at the same time.

mod history;
mod planted;
mod rotation;
mod special_keys;
mod writers;

/// The cookie of both applications.
const NAME: &str = "session-key";
