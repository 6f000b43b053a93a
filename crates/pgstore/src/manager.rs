//! How an application's sessions are kept: the store, the keys, the cookie, the clock.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::name::{CookieError, CookieName};
use crate::options::{CookieOptions, MaxAge};
use crate::store::{Store, SweepHandle, SweepOptions, Sweeper};
use crate::wire::{GoPeer, Keys, SecureCookie};

/// All that requests share about sessions: make one at start-up, clone it where it is needed.
///
/// With axum or tower, hand it to a [`SessionLayer`](crate::SessionLayer). Without middleware,
/// [`get`](SessionManager::get) a session from a request's headers and
/// [`save`](SessionManager::save) it into the response's:
///
/// ```
/// # use http::HeaderMap;
/// # use pgstore::{SessionManager, SessionError, store::MemoryStore, wire::Keys};
/// # async fn example(request: HeaderMap) -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = SessionManager::new(MemoryStore::new(), Keys::from_pairs(&[b"secret-key"])?);
///
/// let mut response = HeaderMap::new();
/// let session = sessions.get(&request, "session-key")?;
/// session.insert("foo", "bar")?;
/// sessions.save(&session, &mut response).await?;
///
/// // Delete it: a negative maximal age.
/// session.set_max_age(-1)?;
/// sessions.save(&session, &mut response).await?;
/// # Ok(())
/// # }
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(example(HeaderMap::new())).unwrap();
/// ```
// Go: pgstore.PGStore with its Codecs and Options, which is a gorilla sessions.Store.
#[derive(Clone, Debug)]
pub struct SessionManager {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) codec: SecureCookie,
    max_age: MaxAge,
    options: CookieOptions,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) go_peer: GoPeer,
}

impl SessionManager {
    /// Sessions in this store, sealed with these keys, with the default [`CookieOptions`].
    #[must_use]
    pub fn new(store: impl Store, keys: Keys) -> Self {
        Self {
            store: Arc::new(store),
            codec: SecureCookie::new(keys),
            max_age: MaxAge::from(SecureCookie::DEFAULT_MAX_AGE),
            options: CookieOptions::default(),
            clock: Arc::new(SystemClock),
            go_peer: GoPeer::None,
        }
    }

    /// Sets the attributes that cookies get. Default: [`CookieOptions::default`].
    #[must_use]
    pub fn cookie_options(mut self, options: CookieOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets how long a session lasts after it was last saved, on the server and, unless the
    /// [cookie options](CookieOptions::max_age) say otherwise, in the browser. Default: 30 days.
    ///
    /// It is checked against the timestamps in the cookie and in the row, so that lowering it
    /// ends older sessions at once. Whole seconds count, begun ones too. Zero is as in Go: no
    /// limit on the server, and cookies that go when the browser is closed.
    // Go: pgstore.go MaxAge, which sets Options.MaxAge and that of every codec.
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        let seconds = max_age.as_millis().div_ceil(1000);
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        self.codec = self.codec.max_age(seconds);
        self.max_age = MaxAge::from(seconds);
        self
    }

    /// Sets how many characters a sealed session may have in its row; 0 is any number. Default:
    /// 4096, of which about 2,200 bytes are left for the values.
    ///
    /// Raise it in the Go program as well: Go refuses longer rows when it reads them.
    // Go: pgstore.go MaxLength.
    #[must_use]
    pub fn max_length(mut self, characters: usize) -> Self {
        self.codec = self.codec.max_length(characters);
        self
    }

    /// Sets whether a Go program reads the sessions too. With [`GoPeer::registered`], a value of a
    /// type that it has not registered with gob is a usage error that prints the line it lacks;
    /// without, Go would refuse the whole session. Default: [`GoPeer::None`].
    ///
    /// ```
    /// # use pgstore::{SessionManager, store::MemoryStore, wire::{GoPeer, Keys}};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[b"secret-key"])?;
    /// let sessions = SessionManager::new(MemoryStore::new(), keys)
    ///     .go_peer(GoPeer::registered(["time.Time", "main.User"]));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn go_peer(mut self, go_peer: GoPeer) -> Self {
        self.go_peer = go_peer;
        self
    }

    /// The attributes that cookies of this name get.
    pub(crate) fn options_for(&self, name: &CookieName) -> Result<CookieOptions, CookieError> {
        let options = self.options.clone().or_max_age(self.max_age);
        options.check(name)?;
        if options.lasting() == MaxAge::Delete {
            Err(CookieError::Deletes)
        } else {
            Ok(options)
        }
    }

    /// The codec of the cookies themselves: they are short, whatever a row may hold.
    pub(crate) fn cookie_codec(&self) -> SecureCookie {
        self.codec
            .clone()
            .max_length(SecureCookie::DEFAULT_MAX_LENGTH)
    }

    /// Starts removing rows past their time in the background, until the handle is stopped or
    /// dropped. Must be called within a tokio runtime.
    ///
    /// One node is enough, all nodes do no harm. Sessions that end with the browser go when they
    /// have not been saved for this manager's maximal age.
    // Go: pgstore.go Cleanup.
    pub fn start_sweeping(&self, options: SweepOptions) -> SweepHandle {
        let options = options.browser_sessions(self.codec.lifetime());
        Sweeper::new(Arc::clone(&self.store), Arc::clone(&self.clock), options).start()
    }

    /// Sets where the time comes from. Default: the machine's clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }
}
