//! The list of all behaviours.

use super::behaviour::Behaviour;
use super::{extras, owners, previous_ids, rows, sweeps, together};

/// All behaviours. Each needs an empty store of its own; they may run at the same time.
#[must_use]
pub fn behaviours() -> Vec<Behaviour> {
    let lists = [
        rows::list(),
        extras::list(),
        previous_ids::list(),
        owners::list(),
        together::list(),
        sweeps::list(),
    ];
    lists.concat()
}
