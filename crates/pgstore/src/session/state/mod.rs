//! What one request knows of its session and has done to it. Pure: other files ask the store.

mod attempt;
mod changes;
mod flashes;
mod saving;
mod session_state;

pub(super) use attempt::{Attempt, CoveredChanges, Replaces, Resolution};
pub(super) use saving::Snapshot;
pub(super) use session_state::SessionState;
