//! How an application's sessions are kept: the store, the keys, the cookie, the clock.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, SystemClock, Timestamp};
use crate::name::{CookieError, CookieName};
use crate::options::{CookieOptions, MaxAge};
use crate::policy::{OnConflict, OnOutage, OnUndecodable, Policy, Touch};
use crate::session::{Counters, Logouts, SealedRows, SessionStats, Sources, TextSource};
use crate::store::{Row, Store, StoreError, SweepHandle, SweepOptions, Sweeper};
use crate::wire::{GoPeer, Key, Keys, SecureCookie};

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
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
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
    go_peer: GoPeer,
    policy: Policy,
    /// The value that tells the owner of sessions under a name.
    pub(crate) owner_value: Option<(CookieName, Key)>,
    label_value: Option<(CookieName, Key)>,
    logouts: Logouts,
    counters: Arc<Counters>,
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
            policy: Policy::default(),
            owner_value: None,
            label_value: None,
            logouts: Logouts::default(),
            counters: Arc::default(),
        }
    }

    /// Sets the attributes that cookies get. Default: [`CookieOptions::default`].
    #[must_use]
    pub fn cookie_options(mut self, options: CookieOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets how long a session lasts after it was last used, on the server and, unless the
    /// [cookie options](CookieOptions::max_age) say otherwise, in the browser. Default: 30 days.
    ///
    /// Used means saved, or read once [a part](SessionManager::touch) of that time has passed.
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

    /// Sets what a request gets whose session cannot be read because the store is away. Default:
    /// [`OnOutage::Required`]. [`SessionLayer::on_outage`](crate::SessionLayer::on_outage) sets it
    /// for some routes.
    #[must_use]
    pub fn on_outage(mut self, policy: OnOutage) -> Self {
        self.policy.on_outage = policy;
        self
    }

    /// Sets what a request gets whose row cannot be opened. Default: [`OnUndecodable::Error`].
    #[must_use]
    pub fn on_undecodable(mut self, policy: OnUndecodable) -> Self {
        self.policy.on_undecodable = policy;
        self
    }

    /// Sets what becomes of an insert over a value that another request has changed meanwhile.
    /// Default: [`OnConflict::LastWriterWins`].
    #[must_use]
    pub fn on_conflict(mut self, policy: OnConflict) -> Self {
        self.policy.on_conflict = policy;
        self
    }

    /// Sets when reading a session makes it last longer. Default: once an eighth of its lifetime
    /// has passed since that was last written down.
    #[must_use]
    pub fn touch(mut self, policy: Touch) -> Self {
        self.policy.touch = policy;
        self
    }

    /// Sets how long after its beginning a session ends, however much it is used. Default: never.
    ///
    /// A session begins with its first save, and anew with [`renew`](crate::Session::renew). It is
    /// enforced when a session is read; a Go program does not know of it. The browser may keep the
    /// cookie for longer, to no avail.
    // OWASP ASVS 5.0, 7.3.2: an absolute maximum session lifetime.
    #[must_use]
    pub fn absolute_timeout(mut self, timeout: Duration) -> Self {
        self.policy.absolute_timeout = Some(timeout);
        self
    }

    /// Sets for how long an ID that was replaced is known to be late, so that requests under way
    /// with it cannot undo the new one. Default: 60 seconds, longer than requests take.
    #[must_use]
    pub fn retirement(mut self, time: Duration) -> Self {
        self.policy.retirement = time;
        self
    }

    /// Sets for how long an ID that was replaced by
    /// [`rotate_gently`](crate::Session::rotate_gently) still leads to its session. Default: 30
    /// seconds.
    #[must_use]
    pub fn rotation_grace(mut self, time: Duration) -> Self {
        self.policy.grace = time;
        self
    }

    /// Sets how long saving a session may take in all, merging with other requests included.
    /// Default: 10 seconds. The store bounds each of its operations itself:
    /// `PgStoreOptions::deadline`.
    #[must_use]
    pub fn save_deadline(mut self, deadline: Duration) -> Self {
        self.policy.deadline = deadline;
        self
    }

    /// Reads the owner of the sessions of this cookie off a value, such as the `user` that a Go
    /// program's login puts there: a string, or an integer.
    ///
    /// For applications that share their sessions with a Go program. The value is the truth, the
    /// column `owner` its index: [listing](SessionManager::sessions_of) and revoking also look into
    /// every session that a Go program was the last to write. That reads the whole table, so where
    /// no Go program writes, [`Session::set_owner`](crate::Session::set_owner) is better.
    ///
    /// ```
    /// # use pgstore::{CookieName, SessionManager, store::MemoryStore, wire::Keys};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[b"secret-key"])?;
    /// let sessions = SessionManager::new(MemoryStore::new(), keys)
    ///     .owner_from(CookieName::new("session-key")?, "user");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn owner_from(mut self, cookie: CookieName, key: impl Into<Key>) -> Self {
        self.owner_value = Some((cookie, key.into()));
        self
    }

    /// Reads the label of the sessions of this cookie off a value, as
    /// [`owner_from`](SessionManager::owner_from) does with the owner.
    #[must_use]
    pub fn label_from(mut self, cookie: CookieName, key: impl Into<Key>) -> Self {
        self.label_value = Some((cookie, key.into()));
        self
    }

    /// What has happened to the sessions so far, in numbers.
    #[must_use]
    pub fn stats(&self) -> SessionStats {
        self.counters.stats()
    }

    /// Whether sessions can be written right now: for a readiness endpoint.
    ///
    /// It asks what a standby, a read-only database, a missing table or a missing right refuses,
    /// and writes nothing. Cost: one statement.
    ///
    /// # Errors
    /// Why they cannot be written.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.store.probe().await
    }

    /// The rows of sessions under this name.
    pub(crate) fn rows(&self, name: CookieName) -> SealedRows {
        let source = |value: &Option<(CookieName, Key)>| match value {
            Some((cookie, key)) if *cookie == name => TextSource::Value(key.clone()),
            _ => TextSource::ByHand,
        };
        let sources = Sources {
            owner: source(&self.owner_value),
            label: source(&self.label_value),
        };
        SealedRows {
            store: Arc::clone(&self.store),
            codec: self.codec.clone(),
            clock: Arc::clone(&self.clock),
            go_peer: self.go_peer.clone(),
            name,
            policy: self.policy,
            sources,
            logouts: self.logouts.clone(),
            counters: Arc::clone(&self.counters),
        }
    }

    /// Whether a session of this row has reached its absolute timeout.
    pub(crate) fn has_ended(&self, row: &Row, now: Timestamp) -> bool {
        let timeout = self.policy.absolute_timeout;
        timeout.is_some_and(|timeout| row.created_on.plus(timeout) <= now)
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
