//! The cookie of a browser without a session, under the session's name. It carries the seed of the CSRF
//! tokens of the browser's pages (a signed double submit), so that they cost no row.

use crate::manager::SessionManager;
use crate::name::CookieName;
use crate::random;
use crate::session::{Seed, SessionError, StrangerCookie};
use crate::wire::gob;

impl SessionManager {
    /// Opens the first cookie of a stranger among those of one name.
    pub(super) fn open_stranger<'a>(
        &self,
        name: &CookieName,
        values: impl Iterator<Item = &'a [u8]>,
    ) -> Option<StrangerCookie> {
        let (now, codec) = (self.now().unix_seconds(), self.cookie_codec());
        let signed = signed_name(name);
        let codec = codec.max_age(self.codec().lifetime().as_secs().cast_signed());
        let mut opened =
            values.filter_map(|text| codec.open(&signed, text, now, gob::decode_string).ok());
        let opened = opened.next()?;
        Some(StrangerCookie {
            seed: Seed::parse(&opened.value)?,
            issued_at: opened.issued_at,
        })
    }

    pub(super) fn seal_stranger(
        &self,
        name: &CookieName,
        cookie: &StrangerCookie,
    ) -> Result<String, SessionError> {
        let plaintext = gob::encode_string(cookie.seed.text().as_bytes());
        let iv = random::bytes()?;
        let sealed = self
            .cookie_codec()
            .seal(&signed_name(name), &plaintext, cookie.issued_at, iv);
        sealed.map_err(SessionError::TooLarge)
    }
}

/// What the MAC covers in place of the cookie's name, so that neither Go nor this library takes the
/// seed for the ID of a session. No cookie's name has a space.
fn signed_name(name: &CookieName) -> String {
    format!("{} of a stranger", name.as_str())
}
