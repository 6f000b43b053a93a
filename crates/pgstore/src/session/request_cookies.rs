//! The cookies of a request under one name, which are opened at the session's first use: a request that
//! does not use its session verifies no MAC.

use std::sync::{Mutex, Once, PoisonError};

use super::cookie_change::StrangerCookie;
use super::cookie_id::CookieId;

/// What the cookies of a request carry.
#[derive(Debug, Default)]
pub(crate) struct RequestCookies {
    /// The session IDs: usually one.
    pub(crate) ids: Vec<CookieId>,
    /// The CSRF seeds that the browser got as a stranger.
    pub(crate) strangers: Vec<StrangerCookie>,
}

/// Opens the cookies of a request.
pub(crate) type OpenCookies = Box<dyn FnOnce() -> RequestCookies + Send>;

/// Cookies that are opened once.
pub(super) struct UnopenedCookies {
    opened: Once,
    /// `None` once they are opened, and for a request without cookies.
    open: Mutex<Option<OpenCookies>>,
}

impl UnopenedCookies {
    pub(super) fn new(open: Option<OpenCookies>) -> Self {
        Self {
            opened: Once::new(),
            open: Mutex::new(open),
        }
    }

    /// Opens the cookies and gives what they carry to `take`, the first time. Other tasks wait until
    /// that is done.
    pub(super) fn open_once(&self, take: impl FnOnce(RequestCookies)) {
        self.opened.call_once(|| {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(open) = open.take() {
                take(open());
            }
        });
    }
}
