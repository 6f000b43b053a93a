//! All sessions of one request.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::header::HeaderValue;

use crate::manager::SessionManager;
use crate::name::{CookieError, CookieName};
use crate::options::CookieOptions;
use crate::session::Session;

/// The sessions of one request, each under the name of its cookie.
///
/// Take it where a request has more than one: a preference that outlives the login, say. They are
/// saved in the order of their names, each on its own. Clones are the same sessions.
///
/// ```
/// # use pgstore::{Sessions, SessionError};
/// # async fn handler(sessions: Sessions) -> Result<(), Box<dyn std::error::Error>> {
/// let login = sessions.get("login")?;
/// let preferences = sessions.get("preferences")?;
/// preferences.insert("theme", "dark")?;
/// login.destroy()?;
/// # Ok(())
/// # }
/// ```
// Go: gorilla/sessions Registry.
#[derive(Clone)]
pub struct Sessions(Arc<Shared>);

struct Shared {
    manager: SessionManager,
    cookies: Vec<HeaderValue>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    by_name: BTreeMap<CookieName, Session>,
    closed: bool,
}

impl Sessions {
    pub(crate) fn new(manager: SessionManager, cookies: Vec<HeaderValue>) -> Self {
        Self(Arc::new(Shared {
            manager,
            cookies,
            state: Mutex::default(),
        }))
    }

    /// The session under a name: the same one every time. It is not read yet.
    ///
    /// # Errors
    /// [`CookieError`], when the name is not a token, or browsers would drop a cookie of that name
    /// with the manager's attributes.
    pub fn get(&self, name: &str) -> Result<Session, CookieError> {
        let name = CookieName::new(name)?;
        let options = self.0.manager.options_for(&name)?;
        Ok(self.open(&name, options))
    }

    /// The session under a name whose options have been checked.
    pub(crate) fn open(&self, name: &CookieName, options: CookieOptions) -> Session {
        let mut state = self.state();
        if let Some(session) = state.by_name.get(name) {
            return session.clone();
        }
        let session = self.0.manager.begin(name.clone(), options, &self.0.cookies);
        if state.closed {
            session.close();
        }
        state.by_name.insert(name.clone(), session.clone());
        session
    }

    pub(crate) fn in_order_of_names(&self) -> Vec<Session> {
        self.state().by_name.values().cloned().collect()
    }

    /// From here on, changes are errors: nothing would save them.
    #[cfg(feature = "middleware")]
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.by_name.values().for_each(Session::close);
    }

    /// Forgets what the handler has changed, but for ends and new IDs.
    #[cfg(feature = "middleware")]
    pub(crate) fn discard_changes(&self) {
        let state = self.state();
        state.by_name.values().for_each(Session::discard_changes);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.state().by_name.values())
            .finish()
    }
}
