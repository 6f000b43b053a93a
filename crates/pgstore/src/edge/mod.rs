//! Headers to sessions and back: stages 1 and 2 before the handler, 5 and 6 after it. The direct
//! API and the middleware both stand on it.

mod headers;
mod run_to_its_end;
mod sealed_id;
mod stranger_cookie;
mod together;

use std::sync::Arc;

use http::HeaderMap;
use http::header::HeaderValue;

pub(crate) use headers::HeaderChanges;

use self::run_to_its_end::RunToItsEnd;
use self::together::together;
use crate::cookie::{self, CookieHeaders};
use crate::manager::{ManagedSession, NamedSessions, SessionManager};
use crate::name::{CookieError, CookieName};
use crate::session::{
    BackgroundWork, Gravity, OpenCookies, RequestCookies, Session, SessionError, SharedSession,
    WeighedErrors, WorkGuard,
};

impl SessionManager {
    /// Returns the session that a request's headers name, or a new one. The store is not asked yet.
    ///
    /// Each call returns a session of its own. Within one request, share one, or use
    /// [`sessions`](SessionManager::sessions).
    ///
    /// ```
    /// # use http::HeaderMap;
    /// # use pgstore::{CookieError, SessionManager};
    /// # fn example(sessions: SessionManager, request: HeaderMap) -> Result<(), CookieError> {
    /// let session = sessions.get(&request, "session")?;
    /// assert_eq!(session.name(), "session");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CookieError`] for a name that cannot work. A cookie that does not open is no error: the
    /// session is a new one.
    // Go: pgstore.go Get and New.
    #[doc(alias = "get_session")]
    pub fn get(&self, request: &HeaderMap, name: &str) -> Result<Session, CookieError> {
        let cookies = CookieHeaders::of(request);
        let session = self.begin(&*self.named(name)?, &cookies);
        Ok(Session::held_by(Arc::new(session)))
    }

    /// Saves a session if it was changed, and sets the cookie in the response's headers.
    ///
    /// You may call it again after further changes, and after an error: nothing is done twice. A
    /// save that has begun runs to its end even if you drop this future.
    ///
    /// ```
    /// # use http::HeaderMap;
    /// # use pgstore::{SessionError, SessionManager};
    /// # async fn example(sessions: SessionManager, request: HeaderMap) -> Result<(), SessionError> {
    /// let session = sessions.get(&request, "session")?;
    /// session.insert("theme", "dark")?;
    ///
    /// let mut response = HeaderMap::new();
    /// sessions.save(&session, &mut response).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`SessionError`]; then assume that nothing was saved. If the store could not take a
    /// [`destroy`](Session::destroy), the headers still remove the browser's cookie.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    // Go: pgstore.go Save, which writes the row and the cookie even when nothing has changed.
    pub async fn save(
        &self,
        session: &Session,
        response: &mut HeaderMap,
    ) -> Result<(), SessionError> {
        let session = ManagedSession {
            manager: self.clone(),
            session: session.clone(),
        };
        let (changes, errors) = Self::finish_all(vec![session]).await;
        changes.write(response);
        errors.into_gravest()
    }

    /// Stage 1. Stages 2 to 4 run at the session's first use.
    pub(crate) fn begin(&self, named: &NamedSessions, cookies: &CookieHeaders) -> SharedSession {
        let (rows, options) = (&named.rows, named.options.clone());
        let open = (!cookies.as_slice().is_empty()).then(|| {
            let (manager, rows, cookies) = (self.clone(), Arc::clone(rows), cookies.clone());
            Box::new(move || manager.open_cookies(&rows.name, cookies.as_slice())) as OpenCookies
        });
        SharedSession::of_request(Arc::clone(rows), open, options)
    }

    /// Stage 2. It runs at the session's first use.
    fn open_cookies(&self, name: &CookieName, cookies: &[HeaderValue]) -> RequestCookies {
        let ids = self.open_all(name, cookie::values(cookies, name));
        let strangers = self.open_strangers(name, cookie::seeds(cookies, name));
        RequestCookies { ids, strangers }
    }

    /// Stages 5 and 6 for every session of a request, all at the same time, so that several take no
    /// longer than one.
    pub(crate) async fn finish_all(
        sessions: Vec<ManagedSession>,
    ) -> (HeaderChanges, WeighedErrors) {
        Self::finish_all_then(sessions, |_| {}).await
    }

    /// As `finish_all`; `then` sees the errors even if the caller is dropped. Closing the manager waits for
    /// all of it from this call on.
    pub(crate) fn finish_all_then(
        mut sessions: Vec<ManagedSession>,
        then: impl FnOnce(&WeighedErrors) + Send + 'static,
    ) -> impl Future<Output = (HeaderChanges, WeighedErrors)> + Send {
        sessions.retain(|one| one.session.looked_at()); // The others have nothing to save.
        let has_work = sessions.iter().any(|one| one.session.has_work());
        let sessions = sessions.into_iter().map(Finishing::begin).collect();
        let finishing = Box::pin(finish_each(sessions, then)); // It is too large to be moved around.
        async move {
            match has_work {
                true => RunToItsEnd::new(finishing).await,
                false => finishing.await, // It asks the store nothing.
            }
        }
    }
}

/// A session whose request ends.
struct Finishing {
    one: ManagedSession,
    /// `None` if the manager is closed.
    work: Option<WorkGuard>,
}

impl Finishing {
    fn begin(one: ManagedSession) -> Self {
        let work = one.manager.background().begin(BackgroundWork::Save);
        Self { one, work }
    }
}

async fn finish_each(
    sessions: Vec<Finishing>,
    then: impl FnOnce(&WeighedErrors),
) -> (HeaderChanges, WeighedErrors) {
    let each = sessions.iter().map(|one| Box::pin(finish(one))).collect();
    let (mut changes, mut errors) = (HeaderChanges::default(), WeighedErrors::default());
    for (its_changes, its_errors) in together(each).await {
        changes.merge(its_changes);
        errors.merge(its_errors);
    }
    then(&errors); // The saves still count as under way, so that it can hand on what is left of them.
    (changes, errors)
}

/// Stages 5 and 6.
async fn finish(finishing: &Finishing) -> (HeaderChanges, WeighedErrors) {
    let ManagedSession { manager, session } = &finishing.one;
    let (mut changes, mut errors) = (HeaderChanges::default(), WeighedErrors::default());
    changes.note_look(session.looked_at());
    let (cookie, result) = match finishing.work {
        None if session.has_work() => session.refuse_to_save(),
        _ => session.save().await,
    };
    let is_saved = result.is_ok();
    if let Err(error) = result {
        errors.add(session.gravity(&error), error);
    }
    for cookie in [cookie, session.strangers_cookie(is_saved)] {
        match manager.set_cookie(session.cookie_name(), &cookie) {
            Ok(Some(header)) => changes.set_cookie(header, session.clone(), cookie),
            Ok(None) => {}
            Err(error) => errors.add(Gravity::of(&error), error),
        }
    }
    (changes, errors)
}
