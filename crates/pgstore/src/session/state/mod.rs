//! What one request knows of its session and has done to it. Pure: other files ask the store.

mod attempt;
mod carried_seed;
mod changes;
mod flashes;
mod saving;
mod session_state;
mod stranger;

pub(super) use attempt::{Attempt, CoveredChanges, Replaces, Resolution};
pub(super) use saving::Snapshot;
pub(super) use session_state::SessionState;
