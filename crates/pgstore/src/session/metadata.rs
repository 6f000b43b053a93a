//! What a session has besides its values: owner, label, maximal age, public handle.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::error_text::debug_as_text;
use crate::handle::SessionHandle;
use crate::options::MaxAge;
use crate::random::RngError;
use crate::store::RowExtras;
use crate::wire::{ErrorClass, Key, Values};

/// Where an application's sessions get their owner and label from.
#[derive(Clone, Debug, Default)]
pub(crate) struct MetadataSources {
    pub(crate) owner: TextSource,
    pub(crate) label: TextSource,
}

/// Where one of the two comes from.
#[derive(Clone, Debug, Default)]
pub(crate) enum TextSource {
    /// From calls of `set_owner` or `set_label`.
    #[default]
    Setter,
    /// From the session value under this key, which a Go program may write too.
    Value(Key),
    /// From the session's values, by a function of the application.
    Values(TextOf),
}

/// A function of the application that finds a text among a session's values.
#[derive(Clone)]
pub(crate) struct TextOf(Arc<TextFunction>);

type TextFunction = dyn Fn(&Values) -> Option<String> + Send + Sync;

impl TextOf {
    pub(crate) fn new(text: impl Fn(&Values) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(text))
    }

    /// The text; none if the function panics, so that its panic ends no save.
    fn of(&self, values: &Values) -> Option<String> {
        // It only reads the values, so a panic leaves them as they are.
        let text = catch_unwind(AssertUnwindSafe(|| (self.0)(values)));
        text.unwrap_or_else(|_| {
            tracing::error!(
                "the function that finds the owner or label among a session's values has panicked: \
                 the session counts as without"
            );
            None
        })
    }
}

impl fmt::Debug for TextOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TextOf(..)")
    }
}

impl MetadataSources {
    /// Sets the columns that follow session values.
    pub(super) fn fill(&self, extras: &mut RowExtras, values: &Values) {
        self.owner.fill(&mut extras.owner, values);
        self.label.fill(&mut extras.label, values);
    }

    /// Whether rows that a Go program wrote last have to be found, because they say who owns them.
    pub(super) fn find_peer_written_rows(&self) -> bool {
        !self.owner.is_setter()
    }
}

impl TextSource {
    pub(super) fn is_setter(&self) -> bool {
        matches!(self, Self::Setter)
    }

    /// Sets a column that follows session values.
    fn fill(&self, column: &mut Option<String>, values: &Values) {
        match self {
            Self::Setter => {}
            Self::Value(key) => *column = text_under(key, values),
            Self::Values(text) => {
                *column = text.of(values).filter(|text| check_owner(text).is_ok())
            }
        }
    }
}

/// The value as text, if it is a string or an integer that can be stored as one.
fn text_under(key: &Key, values: &Values) -> Option<String> {
    let value = values.value(key.clone())?;
    let text = value.read::<String>().ok().filter(|text| !text.is_empty());
    text.or_else(|| value.read::<i64>().ok().map(|id| id.to_string()))
        .or_else(|| value.read::<u64>().ok().map(|id| id.to_string()))
        .filter(|text| check_label(text).is_ok())
}

/// An owner or a label that cannot be stored.
///
/// Both are limited to 1000 bytes and contain no NUL, which PostgreSQL cannot store. An owner is not
/// empty.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid owner or label: use at most 1000 bytes without NUL, and at least one byte for an owner"
)]
#[non_exhaustive]
pub struct InvalidText;

impl InvalidText {
    /// Always [`ErrorClass::Usage`].
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        ErrorClass::Usage
    }
}

debug_as_text!(InvalidText);

pub(super) fn check_label(text: &str) -> Result<(), InvalidText> {
    let is_valid = text.len() <= 1000 && !text.contains('\0');
    is_valid.then_some(()).ok_or(InvalidText)
}

pub(crate) fn check_owner(text: &str) -> Result<(), InvalidText> {
    if text.is_empty() {
        return Err(InvalidText);
    }
    check_label(text)
}

/// What the handler set. It applies to the row that another request has saved meanwhile, too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MetadataChange {
    pub(super) owner: Option<Option<String>>,
    pub(super) label: Option<Option<String>>,
    pub(super) max_age: Option<MaxAge>,
    /// The handle of a session that is stored without one.
    pub(super) handle: Option<SessionHandle>,
}

impl MetadataChange {
    pub(super) fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// What to store in place of what is stored.
    pub(super) fn applied_to(&self, stored: &RowExtras) -> RowExtras {
        let text = |new: &Option<Option<String>>, old: &Option<String>| {
            new.clone().unwrap_or_else(|| old.clone())
        };
        RowExtras {
            save_token: None,
            max_age: self.max_age.map_or(stored.max_age, seconds),
            owner: text(&self.owner, &stored.owner),
            label: text(&self.label, &stored.label),
            handle: stored.handle.clone().or_else(|| self.handle.clone()),
            id_is_unconfirmed: stored.id_is_unconfirmed,
        }
    }

    /// The session's handle. Draws one if there is none.
    pub(super) fn handle(&mut self, stored: &RowExtras) -> Result<SessionHandle, RngError> {
        if let Some(handle) = stored.handle.as_ref().or(self.handle.as_ref()) {
            return Ok(handle.clone());
        }
        let handle = SessionHandle::generate()?;
        self.handle = Some(handle.clone());
        Ok(handle)
    }

    /// Forgets what a save has stored, unless the handler has set it again since.
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

/// The value of the column `max_age`. `Delete` is never stored.
fn seconds(max_age: MaxAge) -> Option<i64> {
    match max_age {
        MaxAge::For(age) => i64::try_from(age.as_secs()).ok(),
        MaxAge::UntilBrowserCloses => Some(0),
        MaxAge::Delete => None,
    }
}
