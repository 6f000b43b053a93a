//! What the registries of one request share: its cookies, and the sessions that were opened.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::cookie::CookieHeaders;
use crate::manager::{ManagedSession, NamedSessions, SessionManager};
use crate::name::CookieName;
use crate::session::{SealedRows, Session, SessionHolder, SharedSession};

/// How many session layers of the request are further out.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Depth(pub(super) usize);

pub(super) struct RequestSessions {
    cookies: CookieHeaders,
    /// The session of the outermost layer, without a layer `None`.
    first: Option<FirstSession>,
    state: Mutex<OpenSessions>,
}

/// The session of the outermost layer. Most requests have no other one, and many do not use it: it is made
/// when it is first used.
struct FirstSession {
    manager: SessionManager,
    named: Arc<NamedSessions>,
    used: OnceLock<Box<SharedSession>>,
}

#[derive(Default)]
struct OpenSessions {
    /// The innermost layer of the first session's name.
    first_layer: Depth,
    others: Vec<OpenSession>,
    closed: bool,
}

struct OpenSession {
    managed: ManagedSession,
    /// The innermost layer whose policies apply to it: the one that opened it, or one of the same name.
    layer: Depth,
}

impl RequestSessions {
    pub(super) fn new(cookies: CookieHeaders) -> Self {
        Self {
            cookies,
            first: None,
            state: Mutex::default(),
        }
    }

    /// The sessions of a request that a layer for the session `named` sees first.
    pub(super) fn of_layer(
        manager: SessionManager,
        named: Arc<NamedSessions>,
        cookies: CookieHeaders,
    ) -> Self {
        let used = OnceLock::new();
        Self {
            first: Some(FirstSession {
                manager,
                named,
                used,
            }),
            ..Self::new(cookies)
        }
    }

    /// The session of the outermost layer, with its manager.
    pub(super) fn first(self: &Arc<Self>) -> Option<ManagedSession> {
        let first = self.first.as_ref()?;
        Some(ManagedSession {
            manager: first.manager.clone(),
            session: Session::held_by(self.clone()),
        })
    }

    /// The session under a name whose options have been checked. `manager` begins it, unless it is open
    /// already. A layer that opens it says where it is.
    pub(super) fn open(
        self: &Arc<Self>,
        named: &NamedSessions,
        manager: &SessionManager,
        opener: (Depth, Opener),
    ) -> ManagedSession {
        let (layer, opener) = opener;
        let mut state = self.state();
        if let Some((open, its_layer)) = self.find(&mut state, &named.rows.name) {
            if opener == Opener::Layer {
                *its_layer = layer;
            }
            return open;
        }
        let session = manager.begin(named, &self.cookies);
        if state.closed {
            session.close();
        }
        let managed = ManagedSession {
            manager: manager.clone(),
            session: Session::held_by(Arc::new(session)),
        };
        let open = managed.clone();
        state.others.push(OpenSession { managed, layer });
        open
    }

    /// The sessions that were looked at. The others have nothing to save.
    pub(super) fn used(self: &Arc<Self>) -> Vec<ManagedSession> {
        self.used_from(Depth::default())
    }

    /// Those that this layer opened, or layers inside it, or handlers there.
    pub(super) fn used_from(self: &Arc<Self>, layer: Depth) -> Vec<ManagedSession> {
        let state = self.state();
        let first = self.first.as_ref().filter(|first| {
            let used = first.used.get();
            state.first_layer >= layer && used.is_some_and(|session| session.looked_at())
        });
        let first = first.and_then(|_| self.first());
        let others = state.others.iter().filter(|open| open.layer >= layer);
        let others = others.filter(|open| open.managed.session.looked_at());
        let others = others.map(|open| open.managed.clone());
        first.into_iter().chain(others).collect()
    }

    /// Makes later changes an error, since nothing would save them.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        let first = self.first.as_ref().and_then(|first| first.used.get());
        let others = state.others.iter().map(|open| &open.managed.session);
        let used = first.map(|first| &**first).into_iter();
        used.chain(others.filter_map(Session::used))
            .for_each(SharedSession::close);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// The session under this name, and its layer, if it is open.
    fn find<'a>(
        self: &Arc<Self>,
        state: &'a mut OpenSessions,
        name: &CookieName,
    ) -> Option<(ManagedSession, &'a mut Depth)> {
        if let Some(first) = &self.first
            && first.named.rows.name == *name
        {
            return Some((self.first()?, &mut state.first_layer));
        }
        let mut others = state.others.iter_mut();
        let open = others.find(|open| open.managed.session.cookie_name() == name)?;
        Some((open.managed.clone(), &mut open.layer))
    }

    fn state(&self) -> MutexGuard<'_, OpenSessions> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who opens a session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Opener {
    Layer,
    Handler,
}

/// Holds the first session.
impl SessionHolder for RequestSessions {
    fn rows(&self) -> &SealedRows {
        &self.first_session().named.rows
    }

    fn used(&self) -> Option<&SharedSession> {
        self.first_session().used.get().map(|used| &**used)
    }

    fn session(&self) -> &SharedSession {
        let first = self.first_session();
        if let Some(used) = first.used.get() {
            return used;
        }
        let state = self.state(); // `close` comes before or after this.
        first.used.get_or_init(|| {
            let session = first.manager.begin(&first.named, &self.cookies);
            if state.closed {
                session.close();
            }
            Box::new(session)
        })
    }
}

impl RequestSessions {
    fn first_session(&self) -> &FirstSession {
        let first = self.first.as_ref();
        first.expect("only `first` makes a session that it holds")
    }
}
