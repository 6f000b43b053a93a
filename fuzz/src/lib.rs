//! What must hold of any bytes, and bytes to begin with.
//!
//! The fuzz targets use it, and so does `crates/pgstore/tests/it/fuzz_smoke.rs`, which takes in
//! this file and runs the same properties on stable Rust.

#![allow(unreachable_pub, reason = "within the tests it is a module")]

pub mod properties;
pub mod seeds;
