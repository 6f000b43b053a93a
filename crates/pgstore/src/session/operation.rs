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
    /// Sets a value where there is none: what another request put there first stays.
    SetIfAbsent(Key, Draft),
    /// Sets a value if this holds for those that there are. It goes with a new ID.
    ReplaceIf(fn(&Values) -> bool, Key, Draft),
    Remove(Key),
    Clear,
    Append(Key, Draft),
    /// Takes these elements of a list: those that the handler was given.
    Take(Key, Vec<Option<Typed>>),
    Update(Key, Compute),
    /// All of these, or none.
    All(Vec<Operation>),
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

    /// Whether it stays when the request's other changes are forgotten.
    pub(super) fn goes_with_a_new_id(&self) -> bool {
        matches!(self, Self::ReplaceIf(..))
    }

    /// Does it to the values, as far as a Go program can read them. On an error they are unchanged.
    pub(super) fn perform(&mut self, values: &mut Values, go: &GoPeer) -> Result<(), SessionError> {
        match self {
            Self::Set(key, draft) => values.put_for(key.clone(), draft, go)?,
            Self::SetIfAbsent(key, draft) if values.value(&*key).is_none() => {
                values.put_for(key.clone(), draft, go)?;
            }
            Self::ReplaceIf(holds, key, draft) if holds(values) => {
                values.put_for(key.clone(), draft, go)?;
            }
            Self::SetIfAbsent(..) | Self::ReplaceIf(..) => {}
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
            Self::All(operations) => {
                let mut changed = values.clone();
                for operation in operations {
                    operation.perform(&mut changed, go)?;
                }
                *values = changed;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Set(..) => "Set",
            Self::SetIfAbsent(..) => "SetIfAbsent",
            Self::ReplaceIf(..) => "ReplaceIf",
            Self::Remove(..) => "Remove",
            Self::Clear => "Clear",
            Self::Append(..) => "Append",
            Self::Take(..) => "Take",
            Self::Update(..) => "Update",
            Self::All(..) => "All",
        })
    }
}
