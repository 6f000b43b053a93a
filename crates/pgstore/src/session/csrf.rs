//! CSRF tokens: a page proves that this application made it for this session.
//!
//! The session stores a random seed among its values; pages carry it masked.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use sha2::digest::CtOutput;
use sha2::{Digest, Sha256};

use super::SessionError;
use super::change::Change;
use super::operation::Operation;
use super::shared::Session;
use super::state::SessionState;
use crate::id::SessionId;
use crate::random::{self, RngError};
use crate::wire::{Draft, ValueError, Values};

/// The key of the seed. It is reserved, as `_flash` is.
const SEED: &str = "_csrf";

/// Separates the hash that is the seed from any other hash of an ID.
const DERIVATION: &[u8] = b"pgstore: the seed of a session's CSRF tokens\0";

impl Session {
    /// Returns a token for this session's pages: put it into every form, or where the page's scripts
    /// find it, and [check](Session::check_csrf) the token that comes back.
    ///
    /// Each call returns a different text, so that compressed pages do not leak the token (BREACH). All
    /// of them are valid until the session ends or [`renew`](Session::renew) gives it a new ID. A
    /// handler that renews the session calls this afterwards.
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
    /// Cost: the session is read. The first token of a session is a change: it is saved, and a new
    /// session gets a row. Requests that ask for the first token at the same time all get valid ones.
    ///
    /// # Errors
    /// [Load errors](SessionError#load-errors). [`SessionError::Value`] when another value is stored
    /// under `_csrf`; it stays. For a first token also [`SessionError::HeadSent`] and
    /// [`SessionError::Destroyed`] when it is too late; [`SessionError::Rng`].
    // Go: gorilla/csrf keeps its token in a cookie of its own. The two are independent.
    pub async fn csrf_token(&self) -> Result<CsrfToken, SessionError> {
        self.load().await?;
        let (fresh, mask) = (Seed::random()?, random::bytes()?);
        let seed = self.state().csrf_seed(fresh)?;
        Ok(seed.masked(&mask))
    }

    /// Checks that a request comes from a page of this session. Call it before the request changes
    /// anything; `token` is the page's [`csrf_token`](Session::csrf_token) as the request sends it.
    ///
    /// It works without a framework. With axum, [`CsrfHeader`](crate::CsrfHeader) checks a header that
    /// scripts send.
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
    /// session, or to this one before it was renewed. [`SessionError::Value`] when another value is
    /// stored under `_csrf`. [Load errors](SessionError#load-errors).
    pub async fn check_csrf(&self, token: &str) -> Result<(), SessionError> {
        let given = Seed::unmasked(token).ok_or(SessionError::CsrfMismatch)?;
        let stored = self.read(seed_of).await??;
        match stored {
            Some(seed) if seed.is(&given) => Ok(()),
            _ => Err(SessionError::CsrfMismatch),
        }
    }
}

impl SessionState {
    /// The seed of a session that was read. A session without a seed gets one.
    fn csrf_seed(&mut self, fresh: Seed) -> Result<Seed, SessionError> {
        let stored = self.values().map_or(Ok(None), seed_of)?;
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
}

/// The new seed that [`renew`](Session::renew) sets, so that old tokens die with the old ID.
pub(super) fn reseed() -> Result<Operation, SessionError> {
    let draft = Seed::random()?.draft()?;
    Ok(Operation::ReplaceIf(holds_seed, SEED.into(), draft))
}

/// Whether a seed is stored. A value that the application keeps under its key is not replaced.
fn holds_seed(values: &Values) -> bool {
    matches!(seed_of(values), Ok(Some(_)))
}

fn seed_of(values: &Values) -> Result<Option<Seed>, ValueError> {
    values.get(SEED)
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

/// The secret that all tokens of a session are made from. It is stored as base64url, so that a Go
/// route can read it as a string.
struct Seed([u8; Seed::LENGTH]);

impl Seed {
    const LENGTH: usize = 32;

    fn random() -> Result<Self, RngError> {
        random::bytes().map(Self)
    }

    /// The seed that belongs to an ID. Pages show it; it does not reveal the ID's 256 bits.
    fn derived(id: &SessionId) -> Self {
        let hash = Sha256::new()
            .chain_update(DERIVATION)
            .chain_update(id.as_bytes());
        Self(hash.finalize().into())
    }

    /// The token's text is the base64url of the mask, followed by the seed XOR the mask.
    fn masked(&self, mask: &[u8; Self::LENGTH]) -> CsrfToken {
        let bytes = [*mask, xor(&self.0, mask)].concat();
        CsrfToken(BASE64URL_NOPAD.encode(&bytes))
    }

    /// The seed that a token was made from; `None` for a text that is not a token.
    fn unmasked(token: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
        let (mask, masked) = bytes.split_first_chunk()?;
        Some(Self(xor(masked.try_into().ok()?, mask)))
    }

    /// Compares in constant time.
    fn is(&self, other: &Self) -> bool {
        let form = |seed: &Self| CtOutput::<Sha256>::new(seed.0.into());
        form(self) == form(other)
    }

    fn draft(&self) -> Result<Draft, ValueError> {
        Draft::new(SEED, self)
    }
}

fn xor(a: &[u8; Seed::LENGTH], b: &[u8; Seed::LENGTH]) -> [u8; Seed::LENGTH] {
    std::array::from_fn(|place| a[place] ^ b[place])
}

impl Serialize for Seed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok();
        let seed = bytes.and_then(|bytes| bytes.try_into().ok()).map(Self);
        seed.ok_or_else(|| de::Error::custom("not a seed of CSRF tokens"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed() -> Seed {
        Seed([0x5a; Seed::LENGTH])
    }

    #[test]
    fn a_token_is_its_seed_again_whatever_the_mask() {
        for mask in [[0; 32], [0x5a; 32], [0xff; 32]] {
            let token = seed().masked(&mask);
            assert_eq!(token.as_str().len(), 86);
            assert!(Seed::unmasked(token.as_str()).unwrap().is(&seed()));
        }
    }

    #[test]
    fn no_single_changed_character_still_fits() {
        let token = seed().masked(&[7; 32]).to_string();
        for place in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            let fits = Seed::unmasked(&changed).is_some_and(|other| other.is(&seed()));
            assert!(!fits, "character {place}");
        }
    }

    #[test]
    fn a_text_that_is_not_a_token_has_no_seed() {
        let token = seed().masked(&[7; 32]).to_string();
        let texts = [
            "",
            "=",
            "token",
            &token[1..],
            &format!("{token}AAAA"),
            &format!("{token}=="),
        ];
        for text in texts {
            assert!(Seed::unmasked(text).is_none(), "{text}");
        }
    }

    #[test]
    fn debug_shows_nothing_of_a_token() {
        assert_eq!(format!("{:?}", seed().masked(&[7; 32])), "CsrfToken(..)");
    }
}
