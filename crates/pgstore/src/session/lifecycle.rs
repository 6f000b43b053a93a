//! The session's beginning, its IDs and its end.

use super::SessionError;
use super::csrf;
use super::shared::Session;
use crate::id::SessionId;

impl Session {
    /// Whether the session is not stored yet: there is no cookie, an invalid one, or one whose row
    /// is gone.
    ///
    /// ```
    /// # async fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// if session.is_new().await? {
    ///     session.insert("landed_on", "/prices")?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [Load errors](SessionError#load-errors).
    // Go: gorilla/sessions Session.IsNew. Go never clears it when a session is saved.
    #[doc(alias = "is_empty")]
    pub async fn is_new(&self) -> Result<bool, SessionError> {
        self.load().await?;
        Ok(self.state().row().is_none())
    }

    /// Whether the session could not be read because the store was unavailable, and the application
    /// [continues without it](crate::OnOutage::Anonymous). The session is empty then and cannot be
    /// changed. Always `false` under the default policy, where reading fails.
    ///
    /// `false` does not mean that a save would succeed: a request without a cookie has nothing to
    /// look up. Use [`SessionManager::probe`](crate::SessionManager::probe) for that.
    ///
    /// ```
    /// # async fn handler(session: pgstore::Session) -> Result<String, pgstore::SessionError> {
    /// if session.is_degraded().await? {
    ///     return Ok("You cannot log in right now.".to_owned());
    /// }
    /// # Ok(String::new())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [Load errors](SessionError#load-errors).
    pub async fn is_degraded(&self) -> Result<bool, SessionError> {
        self.load().await?;
        Ok(self.state().is_degraded())
    }

    /// Gives the session a new ID and kills all earlier ones. Call it at login and whenever the
    /// user's rights change, so that an attacker who planted or saw an earlier ID does not share
    /// the session.
    ///
    /// Values, owner, label and lifetime stay. [CSRF tokens](Session::csrf_token) of earlier pages
    /// are refused from then on, and timeouts start again. For a minute
    /// ([configurable](crate::SessionManagerBuilder::retirement)) requests under way with an
    /// earlier ID read an empty session, and their changes fail with [`Gone`](SessionError::Gone),
    /// so that they cannot undo the login. That includes a second login: if the response of the
    /// first one may have been lost, call [`start_over`](Session::start_over) in place of this,
    /// which works with any cookie.
    ///
    /// Cost: the save is one statement. The session keeps its row and the row its `id`.
    ///
    /// ```
    /// # fn log_in(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// session.renew()?;
    /// session.insert("user", "ada")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SessionError::HeadSent`] and [`SessionError::Destroyed`] when it is too late;
    /// [`SessionError::Rng`].
    // OWASP ASVS 5.0, 7.2.4: a new session token at authentication.
    #[doc(alias = "cycle_id")]
    #[doc(alias = "regenerate")]
    #[doc(alias = "regenerate_id")]
    #[doc(alias = "rotate")]
    pub fn renew(&self) -> Result<(), SessionError> {
        let reseed = csrf::reseed()?;
        self.state_for_use().renew(reseed)
    }

    /// Gives the session a new ID to which the old one leads for a while, for applications that
    /// change IDs from time to time.
    ///
    /// Unlike after [`renew`](Session::renew), requests under way with the old ID keep working: it
    /// leads to the session, and they get the new cookie. The old ID leads to it until a request
    /// has brought the new one, so that a lost response logs no user out, and for a [grace
    /// time](crate::SessionManagerBuilder::rotation_grace) after that. It stops at once when the
    /// session is [renewed](Session::renew) or ends, when its owner changes, or when a Go program
    /// writes it. Do not use this for logins: an attacker who has seen the old ID shares the
    /// session for that time.
    ///
    /// A request that came with an earlier ID gets the current one and does not rotate again. Cost:
    /// one statement, and one more when the new ID comes back.
    ///
    /// ```
    /// # fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// session.rotate_gently()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`renew`](Session::renew).
    pub fn rotate_gently(&self) -> Result<(), SessionError> {
        self.state_for_use().rotate()
    }

    /// Ends the session: the save deletes its row and tells the browser to drop the cookie. This
    /// works by every ID that the session had in the last three hours. If the request has several
    /// cookies of the name, the sessions of all of them end.
    ///
    /// If the store cannot be reached the save fails, so that no success is reported. The browser
    /// drops the cookie anyway, and this node keeps trying to delete the row in the background.
    ///
    /// Afterwards the session reads as empty and cannot be changed; to continue with a new one, for
    /// a message on the next page, use [`start_over`](Session::start_over). A second call has no
    /// effect. Cost: one statement, and none if the request came without a valid cookie.
    ///
    /// ```
    /// # fn log_out(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// session.destroy()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SessionError::HeadSent`] when it is too late.
    #[doc(alias = "flush")]
    #[doc(alias = "purge")]
    #[doc(alias = "invalidate")]
    #[doc(alias = "logout")]
    pub fn destroy(&self) -> Result<(), SessionError> {
        self.state_for_use().destroy()
    }

    /// Ends the session and continues with an empty new one in the same request, for a message such
    /// as "You are logged out" on the next page.
    ///
    /// The save deletes the row as after [`destroy`](Session::destroy), with the same guarantees.
    /// What the handler sets after this call is stored under a fresh ID, which the browser gets; if
    /// it sets nothing, the browser drops the cookie. Nothing of the old session is kept: values,
    /// owner, label, handle, lifetime and cookie options start again from the application's
    /// defaults. Cost: one statement, and a second one if anything is set afterwards.
    ///
    /// ```
    /// # fn log_out(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// session.start_over()?;
    /// session.add_flash("You are logged out.")?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SessionError::HeadSent`] and [`SessionError::Destroyed`] when it is too late.
    pub fn start_over(&self) -> Result<(), SessionError> {
        self.state_for_use().start_over()
    }

    /// Discards the changes that are not saved yet, for a request that failed half-way. A new ID or
    /// an end of the session is kept.
    ///
    /// [Flashes](Session::flashes) that were taken are put back when the session is saved. The
    /// middleware calls this for a response that [saves nothing](crate::SaveOn), such as a 5xx.
    ///
    /// ```
    /// # fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// session.insert("step", 2)?;
    /// session.discard_changes();
    /// # Ok(())
    /// # }
    /// ```
    pub fn discard_changes(&self) {
        self.state().discard_changes();
    }

    /// Returns the ID that the session is stored under, or `None` while it is new. It is a secret:
    /// do not log it. Use [`handle`](Session::handle) to name a session publicly.
    ///
    /// ```
    /// # async fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// assert_eq!(session.id().await?.is_none(), session.is_new().await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [Load errors](SessionError#load-errors).
    pub async fn id(&self) -> Result<Option<SessionId>, SessionError> {
        self.load().await?;
        Ok(self.state().stored_id())
    }

    /// Returns the cookie's name.
    ///
    /// ```
    /// # fn handler(session: pgstore::Session) {
    /// println!("the session of the cookie {}", session.name());
    /// # }
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        self.cookie_name().as_str()
    }
}
