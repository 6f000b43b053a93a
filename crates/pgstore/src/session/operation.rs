//! One change to the values, recorded so that it can be repeated on what another request has
//! saved meanwhile.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::SessionError;
use super::csrf_seed::SEED;
use super::go_times;
use crate::policy::OnConflict;
use crate::wire::{Draft, GoPeer, GoValue, Key, Values};

pub(super) enum Operation {
    Set(Key, Draft, Before),
    /// Sets a value if the key has none. A value that another request set first stays.
    SetIfAbsent(Key, Draft),
    /// Sets a value if the predicate holds for the session's values. It belongs to a new ID.
    ReplaceIf(fn(&Values) -> bool, Key, Draft),
    Remove(Key, Before),
    /// Removes all values; with those that the handler saw, if it read them.
    Clear(Option<Values>),
    Append(Key, Draft),
    /// Removes these elements from a list, if the list still begins with them.
    Take(Taken),
    /// Inserts the elements where they were taken.
    PutBack(Taken),
    Update(Key, Compute),
    /// All of these, or none.
    All(Vec<Operation>),
}

/// The value under a key as the handler read it, if it read it.
pub(super) enum Before {
    Unseen,
    Seen(Option<GoValue>),
}

/// Elements from the front of a list.
#[derive(Clone)]
pub(super) struct Taken {
    pub(super) list: Key,
    pub(super) elements: Vec<Option<GoValue>>,
}

/// Computes the new value under a key from the session's values.
pub(super) type Compute = Box<dyn FnMut(&Values) -> Result<Draft, SessionError> + Send>;

impl Operation {
    pub(super) fn set(key: Key, draft: Draft) -> Self {
        Self::Set(key, draft, Before::Unseen)
    }

    pub(super) fn remove(key: Key) -> Self {
        Self::Remove(key, Before::Unseen)
    }

    /// A value computed from the stored one.
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
            Ok(Draft::new(of.clone(), new)?)
        };
        Self::Update(key, Box::new(compute))
    }

    /// Remembers the values that the operation overwrites, as the handler sees them.
    pub(super) fn note_before(&mut self, values: &Values) {
        match self {
            Self::Set(key, _, before) | Self::Remove(key, before) => {
                *before = Before::Seen(values.value_of(key).cloned());
            }
            Self::Clear(seen) => *seen = Some(values.clone()),
            Self::All(all) => all.iter_mut().for_each(|one| one.note_before(values)),
            _ => {}
        }
    }

    /// Counts the values that another request has changed and that this operation overwrites. Called
    /// before the operation is repeated on what the other request saved.
    ///
    /// Of several operations on one key only the first counts: the others overwrite its result.
    pub(super) fn note_conflicts(
        &mut self,
        values: &Values,
        policy: OnConflict,
    ) -> Result<u64, SessionError> {
        match self {
            Self::Set(key, _, before) | Self::Remove(key, before) => {
                before.note_conflict(key, values, policy).map(u64::from)
            }
            Self::Clear(Some(seen)) => {
                let conflicts = note_unseen(seen, values, policy)?;
                *seen = values.clone();
                Ok(conflicts)
            }
            Self::All(all) => {
                let mut each = all.iter_mut();
                each.try_fold(0, |sum, one| Ok(sum + one.note_conflicts(values, policy)?))
            }
            _ => Ok(0),
        }
    }

    /// Whether it inserts elements that were taken.
    pub(super) fn puts_back(&self) -> bool {
        matches!(self, Self::PutBack(_))
    }

    /// Whether it stays when the request's other changes are discarded.
    pub(super) fn outlasts_discarding(&self) -> bool {
        self.belongs_to_a_new_id() || self.puts_back()
    }

    /// Whether it belongs to a new ID.
    pub(super) fn belongs_to_a_new_id(&self) -> bool {
        matches!(self, Self::ReplaceIf(..))
    }

    /// Whether it discards what the store has under the key.
    pub(super) fn discards(&self, key: &Key) -> bool {
        match self {
            Self::Clear(..) => true,
            Self::Set(set, ..) | Self::Remove(set, _) => set == key,
            Self::All(all) => all.iter().any(|one| one.discards(key)),
            _ => false,
        }
    }

    /// Applies the operation, if a Go program can read the result. On an error the values are
    /// unchanged.
    pub(super) fn apply(&mut self, values: &mut Values, go: &GoPeer) -> Result<(), SessionError> {
        match self {
            Self::Set(key, draft, _) => go_times::put(values, key, draft, go)?,
            Self::SetIfAbsent(key, draft) if values.value_of(key).is_none() => {
                go_times::put(values, key, draft, go)?;
            }
            Self::ReplaceIf(holds, key, draft) if holds(values) => {
                go_times::put(values, key, draft, go)?;
            }
            Self::SetIfAbsent(..) | Self::ReplaceIf(..) => {}
            Self::Remove(key, _) => {
                values.remove(key.clone());
            }
            Self::Clear(_) => values.clear(),
            Self::Append(key, draft) => go_times::push(values, key.clone(), draft, go)?,
            Self::Take(Taken { list, elements }) => {
                values.remove_from_list(list.clone(), elements)?;
            }
            Self::PutBack(Taken { list, elements }) => {
                values.put_back_into_list(list.clone(), elements)?;
            }
            Self::Update(key, compute) => {
                let draft = compute(values)?;
                go_times::put(values, key, &draft, go)?;
            }
            Self::All(operations) => {
                let mut changed = values.clone();
                for operation in operations {
                    operation.apply(&mut changed, go)?;
                }
                *values = changed;
            }
        }
        Ok(())
    }
}

impl Before {
    /// Whether the value under the key has changed since the handler read it.
    fn note_conflict(
        &mut self,
        key: &Key,
        values: &Values,
        policy: OnConflict,
    ) -> Result<bool, SessionError> {
        let Self::Seen(seen) = self else {
            return Ok(false);
        };
        let now = values.value_of(key);
        if GoValue::are_same(seen.as_ref(), now) {
            return Ok(false);
        }
        report_conflict(key, policy)?;
        *self = Self::Seen(now.cloned());
        Ok(true)
    }
}

/// Counts the values that are to be removed and that the handler did not see. The seed of CSRF
/// tokens is no value of the application.
fn note_unseen(seen: &Values, now: &Values, policy: OnConflict) -> Result<u64, SessionError> {
    let keys = now.keys().flatten().filter_map(Key::of);
    let is_unseen = |key: &Key| !GoValue::are_same(seen.value_of(key), now.value_of(key));
    let unseen = keys.filter(|key| *key != Key::from(SEED) && is_unseen(key));
    let mut count = 0;
    for key in unseen {
        report_conflict(&key, policy)?;
        count += 1;
    }
    Ok(count)
}

fn report_conflict(key: &Key, policy: OnConflict) -> Result<(), SessionError> {
    if policy == OnConflict::Error {
        return Err(SessionError::Conflict(key.clone()));
    }
    tracing::info!(
        "this save overwrites a value that another request has changed since it was read"
    );
    Ok(())
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Set(..) => "Set",
            Self::SetIfAbsent(..) => "SetIfAbsent",
            Self::ReplaceIf(..) => "ReplaceIf",
            Self::Remove(..) => "Remove",
            Self::Clear(_) => "Clear",
            Self::Append(..) => "Append",
            Self::Take(_) => "Take",
            Self::PutBack(_) => "PutBack",
            Self::Update(..) => "Update",
            Self::All(..) => "All",
        })
    }
}

impl fmt::Debug for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} elements", self.elements.len())
    }
}
