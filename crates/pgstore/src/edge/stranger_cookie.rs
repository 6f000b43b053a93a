//! The cookie of a browser without a session, under a name of its own. It carries the seed of the CSRF
//! tokens of the browser's pages (a signed double submit), so that they cost no row.
//!
//! Under the session's name it would replace the cookie of a session that another response has begun.

use super::sealed_id::{note_keys, refusal, within_bound};
use crate::manager::SessionManager;
use crate::name::CookieName;
use crate::random;
use crate::session::{Seed, SessionError, StrangerCookie};
use crate::telemetry::{self, CookieKind, CookieRefusal};
use crate::wire::gob;

impl SessionManager {
    /// Opens every cookie of a stranger that it can: usually the only one.
    pub(super) fn open_strangers<'a>(
        &self,
        name: &CookieName,
        values: impl Iterator<Item = &'a [u8]>,
    ) -> Vec<StrangerCookie> {
        let mut values = within_bound(name, values, CookieKind::Csrf).peekable();
        if values.peek().is_none() {
            return Vec::new(); // So it is in most requests.
        }
        let (now, signed) = (self.now().unix_seconds(), signed_name(name));
        let lifetime = self.codec().lifetime().as_secs().cast_signed();
        let codec = self.cookie_codec();
        let open = |text| {
            let opened = codec.open_within(lifetime, &signed, text, now, gob::decode_string);
            let opened = opened.map_err(|error| refusal(&error))?;
            let seed = Seed::parse(&opened.value).ok_or(CookieRefusal::Content)?;
            note_keys(opened.by_current_keys);
            Ok(StrangerCookie {
                seed,
                issued_at: opened.issued_at,
            })
        };
        let count = |reason: &_| telemetry::cookie_refused(CookieKind::Csrf, *reason);
        let open = |text| open(text).inspect_err(count).ok();
        values.filter_map(open).collect()
    }

    pub(super) fn seal_stranger(
        &self,
        name: &CookieName,
        cookie: &StrangerCookie,
    ) -> Result<String, SessionError> {
        let plaintext = gob::encode_string(cookie.seed.text().as_bytes());
        let codec = self.cookie_codec();
        let iv = codec.iv(random::bytes)?;
        let sealed = codec.seal(&signed_name(name), &plaintext, cookie.issued_at, iv);
        sealed.map_err(SessionError::TooLarge)
    }
}

/// What the MAC covers in place of the cookie's name, so that neither Go nor this library takes the
/// seed for the ID of a session, whatever the session's name is. No cookie's name has a space.
fn signed_name(name: &CookieName) -> String {
    format!("{} of a stranger", name.as_str())
}
