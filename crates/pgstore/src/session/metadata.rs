//! What a session has besides its values: whose it is, what it is called, how long it lasts.

use super::SessionError;
use crate::handle::SessionHandle;
use crate::options::MaxAge;
use crate::random::RngError;
use crate::store::RowExtras;
use crate::wire::{ErrorClass, Key, Values};

/// Where an application's sessions say whose they are, and what they are called.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    pub(crate) owner: Source,
    pub(crate) label: Source,
}

/// Where one of the two is read.
#[derive(Clone, Debug, Default)]
pub(crate) enum Source {
    /// The application says it: `set_owner`, `set_label`.
    #[default]
    ByHand,
    /// A value says it, also when a Go program wrote it.
    Value(Key),
}

impl Sources {
    /// Brings the columns in line with the values.
    pub(super) fn fill(&self, extras: &mut RowExtras, values: &Values) {
        if let Source::Value(key) = &self.owner {
            extras.owner = text_under(key, values);
        }
        if let Source::Value(key) = &self.label {
            extras.label = text_under(key, values);
        }
    }
}

impl Source {
    pub(super) fn is_by_hand(&self) -> bool {
        matches!(self, Self::ByHand)
    }
}

/// A string, or an integer in decimal, if it is one that can be stored.
fn text_under(key: &Key, values: &Values) -> Option<String> {
    let value = values.value(key.clone())?;
    let text = value.read::<String>().ok().filter(|text| !text.is_empty());
    text.or_else(|| value.read::<i64>().ok().map(|id| id.to_string()))
        .or_else(|| value.read::<u64>().ok().map(|id| id.to_string()))
        .filter(|text| check_text(text).is_ok())
}

/// An owner or a label that PostgreSQL cannot hold, or nobody would want to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an owner or a label is at most 1000 bytes long and has no NUL; an owner is not empty")]
#[non_exhaustive]
pub struct InvalidText;

impl InvalidText {
    /// Always [`ErrorClass::Usage`].
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

pub(super) fn check_text(text: &str) -> Result<(), InvalidText> {
    let is_good = text.len() <= 1000 && !text.contains('\0');
    is_good.then_some(()).ok_or(InvalidText)
}

/// What the handler said of the session. It holds whatever another request has saved meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MetadataChange {
    pub(super) owner: Option<Option<String>>,
    pub(super) label: Option<Option<String>>,
    pub(super) max_age: Option<MaxAge>,
    /// For a session that has none yet.
    pub(super) handle: Option<SessionHandle>,
}

impl MetadataChange {
    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// What is to be stored, where this is what there is.
    pub(super) fn over(&self, stored: &RowExtras) -> RowExtras {
        let text = |new: &Option<Option<String>>, old: &Option<String>| {
            new.clone().unwrap_or_else(|| old.clone())
        };
        RowExtras {
            save_token: None,
            max_age: self.max_age.map_or(stored.max_age, seconds),
            owner: text(&self.owner, &stored.owner),
            label: text(&self.label, &stored.label),
            handle: stored.handle.clone().or_else(|| self.handle.clone()),
        }
    }

    /// The handle, drawn if there is none.
    pub(super) fn handle(&mut self, stored: &RowExtras) -> Result<SessionHandle, RngError> {
        if let Some(handle) = stored.handle.as_ref().or(self.handle.as_ref()) {
            return Ok(handle.clone());
        }
        let handle = SessionHandle::generate()?;
        self.handle = Some(handle.clone());
        Ok(handle)
    }

    /// Forgets what is stored now, unless it has been said otherwise since.
    pub(super) fn forget(&mut self, saved: &Self) {
        forget(&mut self.owner, &saved.owner);
        forget(&mut self.label, &saved.label);
        forget(&mut self.max_age, &saved.max_age);
        forget(&mut self.handle, &saved.handle);
    }
}

fn forget<T: PartialEq>(one: &mut Option<T>, saved: &Option<T>) {
    if one == saved {
        *one = None;
    }
}

/// A maximal age as the column has it. One that deletes is never stored.
fn seconds(max_age: MaxAge) -> Option<i64> {
    match max_age {
        MaxAge::For(age) => i64::try_from(age.as_secs()).ok(),
        MaxAge::UntilBrowserCloses => Some(0),
        MaxAge::Delete => None,
    }
}

/// What the owner is, or an error.
pub(super) fn owner(text: String) -> Result<String, SessionError> {
    check_text(&text)?;
    if text.is_empty() {
        return Err(InvalidText.into());
    }
    Ok(text)
}
