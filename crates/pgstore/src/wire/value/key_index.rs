//! Where a session's keys are, so that many inserts into many keys take linear time.

use std::{collections::HashMap, sync::OnceLock};

use crate::wire::gob::{
    identity::{identity, same},
    value::{Entry, GoValue},
};

/// The positions of the keys among the entries. It is made for the first search among many.
#[derive(Clone, Default)]
pub(super) struct KeyIndex(OnceLock<HashMap<Vec<u8>, usize>>);

/// Fewer entries than this are compared one by one.
const MANY: usize = 32;

impl KeyIndex {
    pub(super) fn position(&self, entries: &[Entry], key: &GoValue) -> Option<usize> {
        if entries.len() < MANY {
            let mut keys = entries.iter().map(|(key, _)| key.as_ref());
            return keys.position(|found| found.is_some_and(|found| same(key, found)));
        }
        let positions = self.0.get_or_init(|| positions(entries));
        positions.get(&id(key)?).copied()
    }

    /// Follows an entry that was added at the end.
    pub(super) fn added(&mut self, entries: &[Entry]) {
        let last = entries.last().and_then(|(key, _)| id(key.as_ref()?));
        if let (Some(positions), Some(id)) = (self.0.get_mut(), last) {
            positions.insert(id, entries.len() - 1);
        }
    }

    /// Follows the removal of an entry.
    pub(super) fn removed(&mut self, position: usize, key: Option<&GoValue>) {
        let Some(positions) = self.0.get_mut() else {
            return;
        };
        if let Some(id) = key.and_then(id) {
            positions.remove(&id);
        }
        for later in positions.values_mut().filter(|later| **later > position) {
            *later -= 1;
        }
    }
}

fn positions(entries: &[Entry]) -> HashMap<Vec<u8>, usize> {
    let keys = entries.iter().enumerate();
    keys.filter_map(|(at, (key, _))| Some((id(key.as_ref()?)?, at)))
        .collect()
}

/// Bytes that are equal for the same key. `None` for a key that is not equal to itself.
fn id(key: &GoValue) -> Option<Vec<u8>> {
    let mut id = identity(&key.value).ok()??;
    id.extend(key.name.as_bytes());
    id.extend((key.name.len() as u64).to_be_bytes());
    Some(id)
}

#[cfg(test)]
mod tests {
    use crate::wire::Values;

    #[test]
    fn keys_are_found_among_many_after_any_change() {
        let mut values = Values::new();
        let mut expected = Vec::new();
        for n in 0..200_u32 {
            values.insert(n.to_string(), n).unwrap();
            expected.push(n);
            if n % 3 == 0 {
                let gone = expected.remove(expected.len() / 2);
                assert!(values.remove(gone.to_string()));
            }
        }
        for n in 0..200_u32 {
            let found = values.get::<u32>(n.to_string()).unwrap();
            assert_eq!(found, expected.contains(&n).then_some(n));
        }
        values.clear();
        assert!(!values.contains("7"));
    }
}
