use std::error::Error as _;

use super::InvalidText;
use crate::name::CookieError;
use crate::random::RngError;
use crate::store::{StoreError, StoreErrorKind};
use crate::wire::{ErrorClass, Key, OpenError, TooLong, ValueError};

/// What can go wrong between a handler and its session.
///
/// No variant and no message holds a value, an ID, a cookie or a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A value cannot be stored, or a stored one is not of the type asked for. Names the key.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The values have grown too large to be stored; what was stored before is unchanged.
    #[error("the session's values are too large: {0}")]
    TooLarge(#[source] TooLong),
    /// Browsers would drop a cookie with these attributes.
    #[error(transparent)]
    Cookie(#[from] CookieError),
    /// The session was changed after the response's head was produced: from a body stream, or
    /// from a task that outlived its handler. The change is lost.
    #[error("the session was changed after the response's head was sent: change it in the handler")]
    HeadSent,
    /// The session was changed after [`destroy`](crate::Session::destroy) in the same request.
    #[error("the session was destroyed in this request: it cannot be changed any more")]
    Destroyed,
    /// Another request destroyed the session while this one was changing it. It stays destroyed.
    #[error("the session was ended by another request: nothing was saved")]
    Gone,
    /// Another request changed the value under this key since it was read, and the application has
    /// chosen [not to write over it](crate::OnConflict::Error). Nothing was saved.
    #[error("the value under {0} was changed by another request meanwhile: nothing was saved")]
    Conflict(Key),
    /// The session could not be read because the store was away, and the application has chosen to
    /// [go on without](crate::OnOutage::Anonymous): it cannot be changed.
    #[error("the session could not be read while the store is away, so it cannot be changed")]
    Degraded,
    /// The owner or the label cannot be stored.
    #[error(transparent)]
    Text(#[from] InvalidText),
    /// The owner of this application's sessions is [read off a value](crate::SessionManager::owner_from):
    /// set that.
    #[error("the session's owner is read off a value: set that value instead")]
    OwnerIsAValue,
    /// The label of this application's sessions is [read off a value](crate::SessionManager::label_from):
    /// set that.
    #[error("the session's label is read off a value: set that value instead")]
    LabelIsAValue,
    /// The session belongs to nobody, so that there are no others of its owner's.
    #[error("the session has no owner: set one at login")]
    NoOwner,
    /// Other requests saved the session again and again while this one tried to.
    #[error("too many requests change the session at once: nothing was saved")]
    Contended,
    /// A closure given to [`update`](crate::Session::update) panicked; the session is unchanged.
    #[error("a closure given to update() panicked: the session is unchanged")]
    UpdatePanicked,
    /// A [CSRF token](crate::Session::check_csrf) is missing, malformed, or of another session: the
    /// request does not come from a page of this one, or from one of before its renewal.
    #[error("the CSRF token is missing, malformed, or not of this session")]
    CsrfMismatch,
    /// The stored row does not open with the keys, or holds what is no session. It is kept;
    /// [`destroy`](crate::Session::destroy) and [`renew`](crate::Session::renew) still work.
    #[error("the stored session cannot be opened: the keys have changed, or it is damaged")]
    Undecodable(#[source] OpenError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system failed.
    #[error(transparent)]
    RngError(#[from] RngError),
}

impl SessionError {
    /// Who can mend it.
    #[must_use]
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Value(error) => error.class(),
            Self::TooLarge(_)
            | Self::Cookie(_)
            | Self::HeadSent
            | Self::Destroyed
            | Self::UpdatePanicked
            | Self::OwnerIsAValue
            | Self::LabelIsAValue
            | Self::NoOwner
            | Self::Text(_) => ErrorClass::Usage,
            Self::Gone | Self::Conflict(_) | Self::CsrfMismatch | Self::Undecodable(_) => {
                ErrorClass::Client
            }
            Self::Store(error) => error.class(),
            Self::RngError(_) | Self::Contended | Self::Degraded => ErrorClass::Internal,
        }
    }

    /// Whether the row is there but cannot be read.
    pub(super) fn is_undecodable(&self) -> bool {
        match self {
            Self::Undecodable(_) => true,
            Self::Store(error) => error.kind() == StoreErrorKind::UndecodableRow,
            _ => false,
        }
    }

    /// The message with those of all that it comes from, for the log.
    pub(crate) fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }

    /// Whether the store was away or slow, so that the same request may succeed later.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_unavailable(),
            Self::Degraded => true,
            _ => false,
        }
    }
}
