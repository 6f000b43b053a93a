//! What can go wrong between a handler and its session.

use super::metadata::InvalidText;
use crate::error_text::{WithCauses, debug_as_text};
use crate::name::CookieError;
use crate::random::RngError;
use crate::store::{StoreError, StoreErrorKind};
use crate::wire::{ErrorClass, Key, OpenError, TooLong, ValueError};

/// What can go wrong between a handler and its session.
///
/// As an axum response it is 503 with `Retry-After` when the store is unavailable (the layer also answers
/// so for a logout that was not done, whatever the reason), 409 when another
/// request ended or changed the session, 403 for a CSRF token that does not match or whose session has
/// ended, 500 otherwise.
/// No variant and no message contains a value, an ID, a cookie or one of the [`Keys`](crate::Keys).
/// [`Value`](Self::Value) and [`Conflict`](Self::Conflict) name the key of a value. The library logs
/// them without it, because an application may make such keys of what its users enter.
///
/// # Load errors
///
/// Every method that reads the session loads it first, unless that was done in this request. Loading
/// fails with
///
/// - [`Store`](Self::Store) when the store is unavailable, too slow, or misconfigured, unless the
///   application continues [without the session](crate::OnOutage::Anonymous);
/// - [`Undecodable`](Self::Undecodable) when the stored row does not open, unless the application
///   [starts fresh](crate::OnUndecodable::StartFresh);
/// - [`Value`](Self::Value) or [`UpdatePanicked`](Self::UpdatePanicked) when a change that was
///   recorded before the first read cannot be applied to what was read, such as an
///   [`update`](crate::Session::update) of a value of another type.
///
/// A missing, expired or forged cookie is not an error: the session is new. An error leaves the
/// session unread, so the next method tries again.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A value cannot be stored, or a stored value is not of the requested type. Names the key.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The session's values are too large to be stored. What was stored before is unchanged.
    #[error("the session's values are too large: {0}")]
    TooLarge(TooLong),
    /// Browsers would drop a cookie with these attributes.
    #[error(transparent)]
    Cookie(#[from] CookieError),
    /// The session was changed after the response's head was produced: by a body stream, or by a
    /// task that outlived its handler. The change is lost.
    #[error(
        "the session was changed after the response's head was sent, and the change is lost: \
         change the session in the handler"
    )]
    HeadSent,
    /// The session was changed after [`destroy`](crate::Session::destroy) in the same request.
    #[error(
        "the session was destroyed in this request and cannot be changed: to continue with a new \
         one, call start_over() in place of destroy()"
    )]
    Destroyed,
    /// Another request ended the session while this one was changing it, or gave it a new ID at a
    /// login. Nothing was saved.
    #[error("another request ended the session: nothing was saved")]
    Gone,
    /// Another request has changed the value under this key since this one read it, and the
    /// application [does not overwrite](crate::OnConflict::Error) such values. Nothing was saved.
    #[error("another request has changed the value under {0} since it was read: nothing was saved")]
    Conflict(Key),
    /// The session could not be read because the store was unavailable, and the application
    /// [continues without it](crate::OnOutage::Anonymous). It cannot be changed.
    #[error("the session could not be read while the store is unavailable: it cannot be changed")]
    Degraded,
    /// The owner or the label cannot be stored.
    #[error(transparent)]
    Text(#[from] InvalidText),
    /// The application reads the owner of its sessions
    /// [from a value](crate::SessionManagerBuilder::owner_from).
    #[error("the session's owner is read from a session value: set that value instead")]
    OwnerIsAValue,
    /// The application reads the label of its sessions
    /// [from a value](crate::SessionManagerBuilder::label_from).
    #[error("the session's label is read from a session value: set that value instead")]
    LabelIsAValue,
    /// The session has no owner whose other sessions could be ended.
    #[error("the session has no owner: call set_owner() at login")]
    NoOwner,
    /// Other requests saved the session first, at every attempt of this one.
    #[error("too many requests change the session at the same time: nothing was saved")]
    Contended,
    /// A closure given to [`update`](crate::Session::update) panicked. The session is unchanged.
    #[error("a closure given to update() panicked: the session is unchanged")]
    UpdatePanicked,
    /// A [CSRF token](crate::Session::check_csrf) is missing, malformed, or belongs to another
    /// session, or to this one before it was renewed: the request does not come from its page.
    #[error("the CSRF token is missing, malformed, or belongs to another session")]
    CsrfMismatch,
    /// A [CSRF token](crate::Session::check_csrf) does not match, and the browser's session has
    /// ended. The request may come from one of that session's pages or be forged: refuse it and
    /// show the page again.
    #[error("the CSRF token belongs to no session: the browser's session has ended")]
    CsrfSessionEnded,
    /// The stored row does not open with the keys, or does not contain a session. It is kept.
    /// [`destroy`](crate::Session::destroy) and [`renew`](crate::Session::renew) still work.
    #[error(
        "the stored session cannot be opened: its key is missing from the application's keys, or \
         the row is damaged"
    )]
    Undecodable(#[source] OpenError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Rng(#[from] RngError),
}

impl SessionError {
    /// The error of a save after the manager was closed.
    pub(crate) fn of_closed() -> Self {
        StoreError::new(StoreErrorKind::Closed).into()
    }

    /// Who can fix it.
    ///
    /// ```
    /// use pgstore::{ErrorClass, SessionError};
    ///
    /// assert_eq!(SessionError::HeadSent.class(), ErrorClass::Usage);
    /// assert_eq!(SessionError::CsrfMismatch.class(), ErrorClass::Client);
    /// assert_eq!(SessionError::Contended.class(), ErrorClass::Internal);
    /// ```
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
            Self::Gone | Self::Conflict(_) | Self::CsrfMismatch | Self::CsrfSessionEnded => {
                ErrorClass::Client
            }
            Self::Store(error) => error.class(),
            Self::Undecodable(_) | Self::Rng(_) | Self::Contended | Self::Degraded => {
                ErrorClass::Internal
            }
        }
    }

    /// Whether the row exists but cannot be read.
    pub(super) fn is_undecodable(&self) -> bool {
        match self {
            Self::Undecodable(_) => true,
            Self::Store(error) => error.kind() == StoreErrorKind::UndecodableRow,
            _ => false,
        }
    }

    /// The message followed by those of its causes, for the log: without the keys of values, which may
    /// hold what a user entered.
    pub(crate) fn for_the_log(&self) -> String {
        match self {
            Self::Value(error) => error.for_the_log(),
            Self::Conflict(_) => {
                "another request has changed a value (the error itself names its key) \
                 since it was read: nothing was saved"
                    .to_owned()
            }
            other => WithCauses(other).to_string(),
        }
    }

    /// Whether the store was unavailable or slow, so that the same request may succeed later.
    ///
    /// ```
    /// use pgstore::SessionError;
    ///
    /// assert!(SessionError::Degraded.is_unavailable());
    /// assert!(!SessionError::Gone.is_unavailable());
    /// ```
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_unavailable(),
            Self::Degraded => true,
            _ => false,
        }
    }

    /// Whether its cause is in the log already: by the store, or when the session could not be read.
    pub(crate) fn is_reported(&self) -> bool {
        match self {
            Self::Store(error) => error.is_reported(),
            Self::Degraded => true,
            _ => false,
        }
    }
}

debug_as_text!(SessionError);
