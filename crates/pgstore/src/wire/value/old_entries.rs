use std::collections::HashMap;

use crate::wire::gob::{identity::identity, tree::Value};

use super::{
    fit::fit,
    tree::{Tree, TreeKey},
};

/// The entries of the map that is written over, to be found by key.
pub(super) struct OldEntries<'a> {
    pairs: &'a [(Value, Value)],
    positions: HashMap<Vec<u8>, usize>,
}

impl<'a> OldEntries<'a> {
    pub(super) fn new(old: Option<&'a Value>) -> Self {
        let pairs: &[(Value, Value)] = match old {
            Some(Value::Map(pairs)) => pairs,
            _ => &[],
        };
        let identities = pairs.iter().enumerate();
        let positions = identities.filter_map(|(at, (key, _))| Some((identity(key).ok()??, at)));
        Self {
            pairs,
            positions: positions.collect(),
        }
    }

    /// Where the key was, beyond the end if nowhere, and what it had.
    pub(super) fn find(&self, key: &Value) -> (usize, Option<&'a Value>) {
        let identity = identity(key).ok().flatten();
        match identity.and_then(|identity| self.positions.get(&identity)) {
            Some(position) => (*position, Some(&self.pairs[*position].1)),
            None => (usize::MAX, None),
        }
    }

    /// A key of interface type that says the same in whichever Go type.
    pub(super) fn like(&self, key: &TreeKey) -> Option<Value> {
        let tree = key.other().unwrap_or_else(|| Tree::String(key.text()));
        let mut keys = self.pairs.iter().map(|(key, _)| key);
        let found = keys.find(|key| match key {
            Value::Interface(Some(typed)) => {
                let fitted = fit(&tree, typed).map(|fitted| identity(&fitted.value));
                fitted.is_some_and(|fitted| fitted.is_ok() && fitted == identity(&typed.value))
            }
            _ => false,
        });
        found.cloned()
    }
}
