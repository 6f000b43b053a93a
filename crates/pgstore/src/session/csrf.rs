//! CSRF tokens: a page proves that this application made it for this session.
//!
//! The session stores a random seed among its values; pages carry it masked.

use std::fmt;

use serde::ser::{Serialize, Serializer};

use super::SessionError;
use super::change::Change;
use super::csrf_seed::{SEED, Seed, holds_seed, seed_of};
use super::operation::Operation;
use super::shared::Session;
use super::state::SessionState;
use crate::clock::Timestamp;
use crate::random;
use crate::store::RowExtras;

impl Session {
    /// Returns a token for this session's pages: put it into every form, or where the page's scripts
    /// find it, and [check](Session::check_csrf) the token that comes back.
    ///
    /// Each call returns a different text, so that compressed pages do not leak the token (BREACH).
    /// All of them are valid until the session ends or [`renew`](Session::renew) gives it a new ID.
    /// A handler that renews the session calls this afterwards.
    ///
    /// ```
    /// # async fn page(session: pgstore::Session) -> Result<String, pgstore::SessionError> {
    /// let token = session.csrf_token().await?; // letters, digits, `-` and `_`: nothing to escape
    /// Ok(format!(
    ///     r#"<form method="post">
    ///          <input type="hidden" name="csrf" value="{token}">
    ///          <button>Pay</button>
    ///        </form>"#
    /// ))
    /// # }
    /// ```
    ///
    /// A stranger, who has no session, gets tokens too, for a login form. They cost no row: a signed
    /// cookie carries what they are checked with, until a session begins. Its name is the session's with
    /// `-csrf` appended; give no session such a name. Its attributes are the session's, always with
    /// `HttpOnly`. A login or logout removes it.
    ///
    /// Cost: the session is read. The first token of a stored session is a change, and is saved. A
    /// stranger without a cookie costs no statement and gets a cookie. If several requests of one
    /// session ask for the first token at the same time, all their tokens are valid. If a stranger's
    /// requests do so, only the tokens of the cookie that the browser gets last are valid.
    ///
    /// # Errors
    /// [Load errors](SessionError#load-errors). [`SessionError::Value`] when another value is stored
    /// under `_csrf`; it stays. For a first token also [`SessionError::HeadSent`] and
    /// [`SessionError::Destroyed`] when it is too late; [`SessionError::Rng`].
    // Go: gorilla/csrf keeps its token in a cookie of its own. The two are independent.
    pub async fn csrf_token(&self) -> Result<CsrfToken, SessionError> {
        self.load().await?;
        let (fresh, mask) = (Seed::random()?, random::bytes()?);
        let rows = self.rows();
        let mut state = self.state();
        let lifetime = rows.cookie_lifetime(&RowExtras::default(), state.options().lasting());
        let seed = state.csrf_seed(fresh, rows.clock.now(), lifetime)?;
        Ok(CsrfToken(seed.masked(&mask)))
    }

    /// Checks that a request comes from a page of this session. Call it before the request changes
    /// anything; `token` is the page's [`csrf_token`](Session::csrf_token) as the request sends it.
    ///
    /// It works without a framework. With axum, [`CsrfHeader`](crate::CsrfHeader) checks a header
    /// that scripts send.
    ///
    /// ```
    /// # use axum::Form;
    /// # use pgstore::{Session, SessionError};
    /// #[derive(serde::Deserialize)]
    /// struct Payment {
    ///     csrf: String,
    ///     amount: u32,
    /// }
    ///
    /// async fn pay(session: Session, Form(form): Form<Payment>) -> Result<(), SessionError> {
    ///     session.check_csrf(&form.csrf).await?; // 403 if it does not match
    ///     session.insert("paid", form.amount)
    /// }
    /// ```
    ///
    /// Cost: the session is read; a text that is not a token costs nothing. The comparison takes the
    /// same time for every token.
    ///
    /// # Errors
    /// [`SessionError::CsrfMismatch`] when the token is missing, malformed, or belongs to another
    /// session, or to this one before it was renewed. [`SessionError::CsrfSessionEnded`] when the
    /// browser's session has ended, so that its pages must be loaded again. Both are 403. [Load
    /// errors](SessionError#load-errors), and [`SessionError::Degraded`], while the store is
    /// unavailable and the token cannot be checked. [`SessionError::Value`] when another value is
    /// stored under `_csrf`.
    pub async fn check_csrf(&self, token: &str) -> Result<(), SessionError> {
        let given = Seed::unmasked(token).ok_or(SessionError::CsrfMismatch)?;
        self.load().await?;
        self.state_for_use().check_csrf(&given)
    }
}

impl SessionState {
    fn check_csrf(&mut self, given: &Seed) -> Result<(), SessionError> {
        if self.is_degraded() {
            return Err(SessionError::Degraded);
        }
        let stored = self.values().map_or(Ok(None), seed_of)?;
        let is_valid = match stored {
            Some(seed) => seed.is(given),
            None => self.accepts_strangers_seed(given),
        };
        match is_valid {
            true => Ok(()),
            false if self.leads_nowhere() => Err(SessionError::CsrfSessionEnded),
            false => Err(SessionError::CsrfMismatch),
        }
    }

    /// The seed of a session that was read. A session without a seed gets one.
    fn csrf_seed(
        &mut self,
        fresh: Seed,
        now: Timestamp,
        lifetime: u64,
    ) -> Result<Seed, SessionError> {
        let stored = self.values().map_or(Ok(None), seed_of)?;
        if self.is_strangers() && stored.is_none() {
            return self.seed_for_stranger(fresh, now, lifetime);
        }
        if self.change() == Change::Renewed {
            // No other request knows the new ID, so a seed that one of them stored meanwhile does not
            // count. The old ID may have been planted, so no seed is derived from it.
            let seed = stored.unwrap_or(fresh);
            self.record(Operation::set(SEED.into(), seed.draft()?))?;
            return Ok(seed);
        }
        let id = self.stored_id();
        match (stored, id) {
            (Some(seed), _) => Ok(seed),
            // Requests at the same time derive the same seed from the same ID.
            (None, Some(id)) => self.first_seed(Seed::derived(&id)),
            (None, None) => self.first_seed(fresh),
        }
    }

    fn first_seed(&mut self, seed: Seed) -> Result<Seed, SessionError> {
        self.record(Operation::SetIfAbsent(SEED.into(), seed.draft()?))?;
        Ok(seed)
    }

    /// The seed that a stranger's cookie carries, or will carry.
    fn seed_for_stranger(
        &mut self,
        fresh: Seed,
        now: Timestamp,
        lifetime: u64,
    ) -> Result<Seed, SessionError> {
        self.must_be_changeable()?;
        let seed = self.strangers_seed().cloned().unwrap_or(fresh);
        self.carried_seed.carry(&seed, now, lifetime);
        Ok(seed)
    }
}

/// The new seed that [`renew`](Session::renew) sets, so that old tokens die with the old ID.
pub(super) fn reseed() -> Result<Operation, SessionError> {
    let draft = Seed::random()?.draft()?;
    Ok(Operation::ReplaceIf(holds_seed, SEED.into(), draft))
}

/// A CSRF token for one page of one session: see [`Session::csrf_token`].
///
/// [`Display`](fmt::Display) and serde give its text to the page: 86 letters, digits, `-` and `_`,
/// which need no escaping in HTML, URLs or JSON. `Debug` does not show it.
///
/// With feature `axum` it is also an argument of handlers:
///
/// ```
/// use axum::response::Html;
/// use pgstore::CsrfToken;
///
/// async fn page(token: CsrfToken) -> Html<String> {
///     Html(format!(r#"<meta name="csrf-token" content="{token}">"#))
/// }
/// ```
#[derive(Clone)]
pub struct CsrfToken(String);

impl CsrfToken {
    /// Returns the text that the page carries.
    ///
    /// ```
    /// # async fn page(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// let token = session.csrf_token().await?;
    /// assert_eq!(token.as_str(), token.to_string());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CsrfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CsrfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsrfToken(..)")
    }
}

/// For templates and JSON.
impl Serialize for CsrfToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
