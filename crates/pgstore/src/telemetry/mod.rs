//! What an operator sees of the library in numbers: its metrics, and the words that metrics, spans and
//! log lines share.
//!
//! The code calls a small function where something happens. With the feature `metrics`, `emit.rs`
//! passes it to the recorder of the crate `metrics`; without, `silent.rs` does nothing.
//!
//! A label never holds a session's ID, key, owner or value: labels are made of the lists in `vocabulary.rs`, the
//! table's name and error codes.

#[cfg(feature = "metrics")]
mod emit;
#[cfg(feature = "metrics")]
mod metric;
#[cfg(not(feature = "metrics"))]
mod silent;
#[cfg(all(feature = "metrics", feature = "postgres"))]
mod store_emit;
mod sweep;
mod vocabulary;

#[cfg(feature = "metrics")]
pub(crate) use emit::*;
#[cfg(not(feature = "metrics"))]
pub(crate) use silent::*;
#[cfg(all(not(feature = "metrics"), feature = "postgres"))]
pub(crate) use silent::{
    Silent as ConnectionMeter, Silent as Gauged, Silent as QueueMeter, Silent as Stopwatch,
    Silent as StoreMeter,
};
#[cfg(all(feature = "metrics", feature = "postgres"))]
pub(crate) use store_emit::{ConnectionMeter, QueueMeter, Stopwatch, StoreMeter};
pub(crate) use sweep::SweepFigures;
pub(crate) use vocabulary::{
    Conflicting, CookieKind, CookieRefusal, LoadOutcome, SaveOutcome, Sealed,
};
#[cfg(feature = "postgres")]
pub(crate) use vocabulary::{ConnectionPhase, Operation, Table};
