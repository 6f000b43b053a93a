//! One change to the values, as the handler asked for it: it can be done again to what another
//! request has saved meanwhile.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::SessionError;
use crate::wire::{Draft, GoPeer, Key, Typed, Values};

pub(super) enum Operation {
    Set(Key, Draft),
    Remove(Key),
    Clear,
    Append(Key, Draft),
    /// Takes these elements of a list: those that the handler was given.
    Take(Key, Vec<Option<Typed>>),
    Update(Key, Compute),
}

/// What replaces the value under a key, computed from the values there are.
pub(super) type Compute = Box<dyn FnMut(&Values) -> Result<Draft, SessionError> + Send>;

impl Operation {
    /// A value computed from the one there is.
    pub(super) fn update<T, F>(key: Key, mut update: F) -> Self
    where
        T: DeserializeOwned + Serialize,
        F: FnMut(Option<T>) -> T + Send + 'static,
    {
        let of = key.clone();
        let compute = move |values: &Values| {
            let old = values.get(of.clone())?;
            let new = catch_unwind(AssertUnwindSafe(|| update(old)));
            let new = new.map_err(|_| SessionError::UpdatePanicked)?;
            Ok(values.draft(of.clone(), &new)?)
        };
        Self::Update(key, Box::new(compute))
    }

    /// Does it to the values, as far as a Go program can read them. On an error they are unchanged.
    pub(super) fn perform(&mut self, values: &mut Values, go: &GoPeer) -> Result<(), SessionError> {
        match self {
            Self::Set(key, draft) => values.put_for(key.clone(), draft, go)?,
            Self::Remove(key) => {
                values.remove(key.clone());
            }
            Self::Clear => values.clear(),
            Self::Append(key, draft) => values.push_for(key.clone(), draft, go)?,
            Self::Take(key, elements) => {
                values.remove_from_list(key.clone(), elements)?;
            }
            Self::Update(key, compute) => {
                let draft = compute(values)?;
                values.put_for(key.clone(), &draft, go)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Set(..) => "Set",
            Self::Remove(..) => "Remove",
            Self::Clear => "Clear",
            Self::Append(..) => "Append",
            Self::Take(..) => "Take",
            Self::Update(..) => "Update",
        })
    }
}
