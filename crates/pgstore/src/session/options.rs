//! The cookie's attributes and the session's own lifetime.

use super::SessionError;
use super::shared::Session;
use crate::options::{CookieOptions, MaxAge};

impl Session {
    /// Sets how long this session lasts after its last use ("remember me"), on the server and in the
    /// browser. A negative number of seconds destroys the session, as in Go.
    ///
    /// It stays with the session until it is set again, and counts instead of the manager's maximal
    /// age. The limit is 400 days. An [absolute
    /// timeout](crate::SessionManagerBuilder::absolute_timeout) still applies. Keep old keys for as
    /// long as the longest lifetime that you give. A Go program does not know this lifetime: a
    /// session that outlasts the Go program's MaxAge does not open there.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # fn log_in(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// session.set_max_age(Duration::from_secs(90 * 24 * 60 * 60))?; // remember me
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`set_options`](Session::set_options).
    // Go: gorilla/sessions Session.Options.MaxAge, which holds for one save.
    #[doc(alias = "idle_timeout")]
    #[doc(alias = "set_expiry")]
    pub fn set_max_age(&self, max_age: impl Into<MaxAge>) -> Result<(), SessionError> {
        self.take_options(self.options().max_age(max_age), true)
    }

    /// Returns the attributes that this session's cookie gets when it is written.
    ///
    /// ```
    /// use pgstore::SameSite;
    ///
    /// # fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// let options = session.options().same_site(SameSite::Strict);
    /// session.set_options(options)?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn options(&self) -> CookieOptions {
        self.state().options()
    }

    /// Sets the attributes of this session's cookie, so that the cookie is written. With
    /// [`MaxAge::Delete`] it destroys the session, as in Go.
    ///
    /// ```
    /// use pgstore::CookieOptions;
    ///
    /// # fn handler(session: pgstore::Session) -> Result<(), pgstore::SessionError> {
    /// session.set_options(CookieOptions::default().path("/account"))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SessionError::Cookie`] when browsers would drop such a cookie;
    /// [`SessionError::HeadSent`] and [`SessionError::Destroyed`] when it is too late.
    // Go: gorilla/sessions Session.Options.
    pub fn set_options(&self, options: CookieOptions) -> Result<(), SessionError> {
        let options = options.or_max_age(self.options().lasting());
        self.take_options(options, false)
    }

    fn take_options(&self, options: CookieOptions, sets_max_age: bool) -> Result<(), SessionError> {
        options.check(self.cookie_name())?;
        let delete = options.lasting() == MaxAge::Delete;
        let mut state = self.state_for_use();
        state.set_options(options, sets_max_age)?;
        if delete { state.destroy() } else { Ok(()) }
    }
}
