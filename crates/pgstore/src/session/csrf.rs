//! CSRF tokens: a page proves that this application made it for this session.
//!
//! The session keeps a random seed among its values; pages carry it masked.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use sha2::digest::CtOutput;
use sha2::{Digest, Sha256};

use super::operation::Operation;
use super::plan::Change;
use super::state::State;
use super::{Session, SessionError};
use crate::id::SessionId;
use crate::random::{self, RngError};
use crate::wire::{Draft, ValueError, Values};

/// Where the seed lives. Reserved, as `_flash` is.
const SEED: &str = "_csrf";

/// What makes the hash of an ID a seed, and of use for nothing else.
const DERIVATION: &[u8] = b"pgstore: the seed of a session's CSRF tokens\0";

impl Session {
    /// A token for this session's pages: put it into every form, or where the page's scripts find
    /// it, and [`check_csrf`](Session::check_csrf) what comes back.
    ///
    /// Each token is another text, so that compressed pages give nothing away (BREACH), and all of
    /// them are good until the session ends or [`renew`](Session::renew) gives it a new ID. In a
    /// handler that renews, ask afterwards.
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
    /// Cost: the session is read. The first token of a session is a change, which is saved, and
    /// which makes a row of a new session. Of requests that ask for the first one at the same
    /// time, all get tokens that hold.
    ///
    /// # Errors
    /// Whatever loading the session may bring. [`SessionError::Value`] when something else lies
    /// under `_csrf`; it stays. For a first token also [`SessionError::HeadSent`] and
    /// [`SessionError::Destroyed`] when it is too late; [`SessionError::RngError`].
    // Go: gorilla/csrf keeps its token in a cookie of its own; the two know nothing of each other.
    pub async fn csrf_token(&self) -> Result<CsrfToken, SessionError> {
        self.load().await?;
        let (fresh, mask) = (Seed::random()?, random::bytes()?);
        let seed = self.state().csrf_seed(fresh)?;
        Ok(seed.masked(&mask))
    }

    /// Checks that a request comes from a page of this session, before anything is done: `token`
    /// is what the page's [`csrf_token`](Session::csrf_token) came back as.
    ///
    /// It needs no framework. With axum, [`CsrfHeader`](crate::CsrfHeader) does it for scripts that
    /// send a header.
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
    ///     session.check_csrf(&form.csrf).await?; // or 403, and nothing below happens
    ///     session.insert("paid", &form.amount)
    /// }
    /// ```
    ///
    /// Cost: the session is read; a text that is no token at all costs nothing. The comparison
    /// takes the same time for every token.
    ///
    /// # Errors
    /// [`SessionError::CsrfMismatch`] when the token is missing, malformed, or of another session,
    /// also of this one before it was renewed. [`SessionError::Value`] when something else than
    /// our seed lies under `_csrf`, and whatever loading the session may bring.
    pub async fn check_csrf(&self, token: &str) -> Result<(), SessionError> {
        let given = Seed::unmasked(token).ok_or(SessionError::CsrfMismatch)?;
        let stored = self.read(seed_of).await??;
        match stored {
            Some(seed) if seed.is(&given) => Ok(()),
            _ => Err(SessionError::CsrfMismatch),
        }
    }
}

impl State {
    /// The seed of a session that has been read; one that has none gets one.
    fn csrf_seed(&mut self, fresh: Seed) -> Result<Seed, SessionError> {
        let stored = self.values().map_or(Ok(None), seed_of)?;
        if self.change() == Change::Renewed {
            // Nobody can know the new ID's seed yet, so whatever others put there counts for
            // nothing. The old ID may have been planted: no seed comes from it.
            let seed = stored.unwrap_or(fresh);
            self.record(Operation::set(SEED.into(), seed.draft()?))?;
            return Ok(seed);
        }
        let id = self.stored_id();
        match (stored, id) {
            (Some(seed), _) => Ok(seed),
            // Others may be doing this at the same time: from one ID, all derive one seed.
            (None, Some(id)) => self.first_seed(Seed::derived(&id)),
            (None, None) => self.first_seed(fresh),
        }
    }

    fn first_seed(&mut self, seed: Seed) -> Result<Seed, SessionError> {
        self.record(Operation::SetIfAbsent(SEED.into(), seed.draft()?))?;
        Ok(seed)
    }
}

/// What [`renew`](Session::renew) does to the seed, so that old tokens die with the old ID.
pub(super) fn reseed() -> Result<Operation, SessionError> {
    let draft = Seed::random()?.draft()?;
    Ok(Operation::ReplaceIf(holds_seed, SEED.into(), draft))
}

/// Whether there is a seed. What somebody else keeps under its key is not ours to replace.
fn holds_seed(values: &Values) -> bool {
    matches!(seed_of(values), Ok(Some(_)))
}

fn seed_of(values: &Values) -> Result<Option<Seed>, ValueError> {
    values.get(SEED)
}

/// A CSRF token, for one page of one session: see [`Session::csrf_token`].
///
/// [`Display`](fmt::Display) and serde give its text to the page: 86 letters, digits, `-` and `_`,
/// which need no escaping in HTML, URLs or JSON. `Debug` shows nothing of it.
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
    /// The text that the page carries.
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

/// What all tokens of a session are made from. Stored as base64url, so that a Go route can read
/// it as a string.
struct Seed([u8; Seed::LENGTH]);

impl Seed {
    const LENGTH: usize = 32;

    fn random() -> Result<Self, RngError> {
        random::bytes().map(Self)
    }

    /// The seed that goes with an ID. Pages show it; nothing of the ID's 256 bits follows from it.
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

    /// The seed that a token was made from; `None` for what is no token.
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
        seed.ok_or_else(|| de::Error::custom("it is no seed of CSRF tokens"))
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
    fn what_is_no_token_is_none() {
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
