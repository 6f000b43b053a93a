//! The keys of a map that is being decoded, so that equal ones are found.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Place;

use super::error::GobError;
use super::identity::MapKey;

/// Fewer pairs than this are compared one by one, as long as their keys are texts.
const MANY: usize = 16;

/// The positions of the keys among the pairs. It is made when there are many pairs, or for the first
/// key that is not a text.
#[derive(Default)]
pub(super) struct KeyPlaces(Option<HashMap<Vec<u8>, usize>>);

impl KeyPlaces {
    /// The position of an equal key among the pairs so far. If there is none, the key counts as added
    /// at their end.
    pub(super) fn find_or_add<K: MapKey, V>(
        &mut self,
        key: &K,
        pairs: &[(K, V)],
    ) -> Result<Option<usize>, GobError> {
        if self.0.is_none()
            && pairs.len() < MANY
            && let Some(text) = key.text()
        {
            return Ok(pairs.iter().position(|(key, _)| key.text() == Some(text)));
        }
        let positions = self.0.get_or_insert_with(|| positions(pairs));
        let Some(identity) = key.identity()? else {
            return Ok(None); // It is not equal to itself.
        };
        Ok(match positions.entry(identity) {
            Place::Occupied(found) => Some(*found.get()),
            Place::Vacant(free) => {
                free.insert(pairs.len());
                None
            }
        })
    }
}

fn positions<K: MapKey, V>(pairs: &[(K, V)]) -> HashMap<Vec<u8>, usize> {
    let keys = pairs.iter().enumerate();
    keys.filter_map(|(at, (key, _))| Some((key.identity().ok()??, at)))
        .collect()
}
