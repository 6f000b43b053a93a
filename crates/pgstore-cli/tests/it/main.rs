//! The command itself, run as a person or a script runs it.

#![allow(clippy::unwrap_used)] // Tests may panic.

mod database;
mod errors;
mod keys;
mod support;
mod values;
mod vectors;
