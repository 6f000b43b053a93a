//! The cookie's attributes, and how long the session lasts.

use super::{Session, SessionError};
use crate::options::{CookieOptions, MaxAge};

impl Session {
    /// Sets how long this session lasts after it was last used ("remember me"), and its cookie in
    /// the browser. A negative number of seconds destroys the session, as in Go.
    ///
    /// It stays with the session, whatever the manager's maximal age is, until it is set again; at
    /// most 400 days. An [absolute timeout](crate::SessionManager::absolute_timeout) ends the session
    /// all the same. Keep old keys for as long as the longest lifetime that you give. A Go program knows nothing of it: what outlasts the Go program's own MaxAge
    /// does not open there.
    ///
    /// # Errors
    /// As [`set_options`](Session::set_options).
    // Go: gorilla/sessions Session.Options.MaxAge, which holds for one save.
    pub fn set_max_age(&self, max_age: impl Into<MaxAge>) -> Result<(), SessionError> {
        self.take_options(self.options().max_age(max_age), true)
    }

    /// The attributes that this session's cookie will have if it is written.
    #[must_use]
    pub fn options(&self) -> CookieOptions {
        self.state().options()
    }

    /// Sets the attributes of this session's cookie, and so has it written. With
    /// [`MaxAge::Delete`] it destroys the session, as in Go.
    ///
    /// # Errors
    /// [`SessionError::Cookie`] when browsers would drop such a cookie, and
    /// [`SessionError::HeadSent`], [`SessionError::Destroyed`] when it is too late.
    // Go: gorilla/sessions Session.Options.
    pub fn set_options(&self, options: CookieOptions) -> Result<(), SessionError> {
        let options = options.or_max_age(self.options().lasting());
        self.take_options(options, false)
    }

    fn take_options(
        &self,
        options: CookieOptions,
        is_about_max_age: bool,
    ) -> Result<(), SessionError> {
        options.check(self.cookie_name())?;
        let delete = options.lasting() == MaxAge::Delete;
        let mut state = self.state_for_use();
        state.set_options(options, is_about_max_age)?;
        if delete { state.destroy() } else { Ok(()) }
    }
}
