use std::sync::Arc;
use std::time::Duration;

use super::session_manager::SessionManager;
use crate::clock::{Clock, SystemClock};
use crate::name::CookieName;
use crate::options::CookieOptions;
use crate::policy::{OnConflict, OnOutage, OnUndecodable, Policy, Touch};
use crate::session::{TextOf, TextSource};
use crate::store::Store;
use crate::wire::{GoPeer, Key, Keys, SecureCookie, Values};

/// The configuration of a [`SessionManager`]: made by [`SessionManager::builder`], checked once by
/// [`build`](SessionManagerBuilder::build).
///
/// Every setting has a default, so that a store and keys are enough.
///
/// ```
/// use std::time::Duration;
/// use pgstore::{CookieOptions, Keys, MemoryStore, SameSite, SessionManager};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let keys = Keys::from_pairs(&[[7; 32]])?;
/// let sessions = SessionManager::builder(MemoryStore::new(), keys)
///     .max_age(Duration::from_secs(8 * 60 * 60))
///     .cookie_options(CookieOptions::default().same_site(SameSite::Strict))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder makes nothing until `build` is called"]
pub struct SessionManagerBuilder {
    pub(super) store: Arc<dyn Store>,
    pub(super) keys: Keys,
    pub(super) max_age: Duration,
    pub(super) max_length: Option<usize>,
    pub(super) cookie_options: CookieOptions,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) go_peer: GoPeer,
    pub(super) policy: Policy,
    pub(super) owner_value: Option<(CookieName, TextSource)>,
    pub(super) label_value: Option<(CookieName, TextSource)>,
}

impl SessionManager {
    /// Begins the configuration of sessions in this store, sealed with these keys.
    ///
    /// ```
    /// use pgstore::{Keys, MemoryStore, SessionManager};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let keys = Keys::from_pairs(&[[7; 32]])?; // in production from SESSION_KEYS
    /// let sessions = SessionManager::builder(MemoryStore::new(), keys).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(store: impl Store, keys: Keys) -> SessionManagerBuilder {
        SessionManagerBuilder {
            store: Arc::new(store),
            keys,
            max_age: Duration::from_secs(SecureCookie::DEFAULT_MAX_AGE.unsigned_abs()),
            max_length: None,
            cookie_options: CookieOptions::default(),
            clock: Arc::new(SystemClock),
            go_peer: GoPeer::None,
            policy: Policy::default(),
            owner_value: None,
            label_value: None,
        }
    }
}

impl SessionManagerBuilder {
    /// Sets the attributes that cookies get. Default: [`CookieOptions::default`].
    ///
    /// ```
    /// # use pgstore::{CookieOptions, Keys, MemoryStore, SessionManager};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[[7; 32]])?;
    /// let sessions = SessionManager::builder(MemoryStore::new(), keys)
    ///     .cookie_options(CookieOptions::default().domain("example.com"))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "with_secure")]
    #[doc(alias = "with_same_site")]
    #[doc(alias = "with_http_only")]
    #[doc(alias = "with_domain")]
    #[doc(alias = "with_path")]
    pub fn cookie_options(mut self, options: CookieOptions) -> Self {
        self.cookie_options = options;
        self
    }

    /// Sets how long a session lasts after its last use, on the server and, unless the
    /// [cookie options](CookieOptions::max_age) say otherwise, in the browser. Default: 30 days.
    ///
    /// A save is a use. So is reading the session, once [a part](SessionManagerBuilder::touch) of
    /// that time has passed since the last recorded use.
    ///
    /// The timestamps in the cookie and in the row are checked against it, so lowering it ends
    /// older sessions at once. It is rounded up to whole seconds. Zero is as in Go: no limit on the
    /// server, and cookies that go when the browser is closed.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pgstore::{Keys, MemoryStore, SessionManager};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[[7; 32]])?;
    /// let sessions = SessionManager::builder(MemoryStore::new(), keys)
    ///     .max_age(Duration::from_secs(7 * 24 * 60 * 60)) // a week
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    // Go: pgstore.go MaxAge, which sets Options.MaxAge and that of every codec.
    #[doc(alias = "idle_timeout")]
    #[doc(alias = "with_expiry")]
    #[doc(alias = "max_lifetime")]
    #[doc(alias = "set_expiry")]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// Sets how many characters a sealed session may have in its row; 0 is any number. Default:
    /// 65,536 (64 KiB), of which about 36,000 bytes are left for the values; with a
    /// [Go peer](SessionManagerBuilder::go_peer) 4096 and about 2,200.
    ///
    /// Raise it in the Go program as well: Go refuses longer rows when it reads them.
    ///
    /// ```
    /// # use pgstore::{Keys, MemoryStore, SessionManager};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[[7; 32]])?;
    /// let sessions = SessionManager::builder(MemoryStore::new(), keys)
    ///     .max_length(256 * 1024)
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    // Go: pgstore.go MaxLength.
    pub fn max_length(mut self, characters: usize) -> Self {
        self.max_length = Some(characters);
        self
    }

    /// Sets whether a Go program reads the sessions too. Default: [`GoPeer::None`].
    ///
    /// With [`GoPeer::registered`], a value of a type that the Go program has not registered with
    /// gob is a usage error, which prints the line to add to the Go program. Without it, Go would
    /// refuse the whole session.
    ///
    /// ```
    /// # use pgstore::{GoPeer, Keys, MemoryStore, SessionManager};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[[7; 32]])?;
    /// let sessions = SessionManager::builder(MemoryStore::new(), keys)
    ///     .go_peer(GoPeer::registered(["time.Time", "main.User"]))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn go_peer(mut self, go_peer: GoPeer) -> Self {
        self.go_peer = go_peer;
        self
    }

    /// Sets what a request gets when its session cannot be read because the store is unavailable.
    /// Default: [`OnOutage::Required`].
    ///
    /// [`SessionLayer::on_outage`](crate::SessionLayer::on_outage) sets it for some routes.
    ///
    /// ```
    /// # use pgstore::{Keys, MemoryStore, OnOutage, SessionManager};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[[7; 32]])?;
    /// let sessions = SessionManager::builder(MemoryStore::new(), keys)
    ///     .on_outage(OnOutage::Anonymous)
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_outage(mut self, policy: OnOutage) -> Self {
        self.policy.on_outage = policy;
        self
    }

    /// Sets what a request gets when its row cannot be opened. Default: [`OnUndecodable::Error`].
    ///
    /// ```
    /// # use pgstore::{Keys, MemoryStore, OnUndecodable, SessionManager};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[[7; 32]])?;
    /// let sessions = SessionManager::builder(MemoryStore::new(), keys)
    ///     .on_undecodable(OnUndecodable::StartFresh)
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_undecodable(mut self, policy: OnUndecodable) -> Self {
        self.policy.on_undecodable = policy;
        self
    }

    /// Sets what happens to an insert over a value that another request has changed meanwhile.
    /// Default: [`OnConflict::LastWriterWins`].
    ///
    /// ```
    /// # use pgstore::{Keys, MemoryStore, OnConflict, SessionManager};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[[7; 32]])?;
    /// let sessions = SessionManager::builder(MemoryStore::new(), keys)
    ///     .on_conflict(OnConflict::Error)
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_conflict(mut self, policy: OnConflict) -> Self {
        self.policy.on_conflict = policy;
        self
    }

    /// Sets when reading a session makes it last longer. Default: when an eighth of its lifetime
    /// has passed since its last use was recorded.
    ///
    /// ```
    /// # use pgstore::{Keys, MemoryStore, SessionManager, Touch};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[[7; 32]])?;
    /// let sessions = SessionManager::builder(MemoryStore::new(), keys)
    ///     .touch(Touch::AfterOneIn(24)) // at most 24 writes in a lifetime
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "with_always_save")]
    pub fn touch(mut self, policy: Touch) -> Self {
        self.policy.touch = policy;
        self
    }

    /// Sets how long after its beginning a session ends, however much it is used. Default: never.
    ///
    /// A session begins with its first save, and again with [`renew`](crate::Session::renew). The
    /// limit is enforced when a session is read; a Go program does not know of it. The browser may
    /// keep the cookie for longer, without effect.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pgstore::{Keys, MemoryStore, SessionManager};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[[7; 32]])?;
    /// let sessions = SessionManager::builder(MemoryStore::new(), keys)
    ///     .absolute_timeout(Duration::from_secs(12 * 60 * 60))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    // OWASP ASVS 5.0, 7.3.2: an absolute maximum session lifetime.
    #[doc(alias = "lifetime")]
    pub fn absolute_timeout(mut self, timeout: Duration) -> Self {
        self.policy.absolute_timeout = Some(timeout);
        self
    }

    /// Sets for how long a write by a replaced ID fails with
    /// [`SessionError::Gone`](crate::SessionError::Gone), so that requests under way cannot undo a
    /// login. Default: 60 seconds, longer than requests take. A minute is added because the clocks
    /// of nodes differ.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pgstore::{Keys, MemoryStore, SessionManager};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[[7; 32]])?;
    /// let sessions = SessionManager::builder(MemoryStore::new(), keys)
    ///     .retirement(Duration::from_secs(120)) // requests may take two minutes
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn retirement(mut self, time: Duration) -> Self {
        self.policy.retirement = time;
        self
    }

    /// Sets the grace time: for how long an ID that was replaced by
    /// [`rotate_gently`](crate::Session::rotate_gently) still leads to its session, counted from
    /// the first request with the new ID. Default: 30 seconds; 0 for not at all. Unless it is 0, a
    /// minute is added because the clocks of nodes differ.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pgstore::{Keys, MemoryStore, SessionManager};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[[7; 32]])?;
    /// let sessions = SessionManager::builder(MemoryStore::new(), keys)
    ///     .rotation_grace(Duration::from_secs(10))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn rotation_grace(mut self, time: Duration) -> Self {
        self.policy.grace = time;
        self
    }

    /// Sets how long saving a session may take in all, merging with other requests included.
    /// Default: 10 seconds. The store bounds each of its operations itself:
    /// `PgStoreOptions::deadline`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pgstore::{Keys, MemoryStore, SessionManager};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[[7; 32]])?;
    /// let sessions = SessionManager::builder(MemoryStore::new(), keys)
    ///     .save_deadline(Duration::from_secs(3))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn save_deadline(mut self, deadline: Duration) -> Self {
        self.policy.deadline = deadline;
        self
    }

    /// Reads the owner of the sessions of this cookie from a value, such as the `user` that a Go
    /// program's login puts there: a string, or an integer.
    ///
    /// Use it if a Go program writes the sessions too; otherwise use
    /// [`Session::set_owner`](crate::Session::set_owner). If the owner is not a value of its own,
    /// use [`owner_from_values`](SessionManagerBuilder::owner_from_values).
    ///
    /// The value decides, and each save of this library copies it to the column `owner`. Go does
    /// not write the column, so [listing](SessionManager::sessions_of) and revoking also open every
    /// session that a Go program wrote last. An index finds those. Cost: about 10 ms for each
    /// thousand of them, however many other sessions there are. (With 1,000,000 rows, of which Go
    /// wrote 1000 last, ending one owner's sessions takes 13 ms; without the index it takes 800
    /// ms.)
    ///
    /// ```
    /// # use pgstore::{CookieName, Keys, MemoryStore, SessionManager};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[[7; 32]])?;
    /// let sessions = SessionManager::builder(MemoryStore::new(), keys)
    ///     .owner_from(CookieName::new("session-key")?, "user")
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn owner_from(mut self, cookie: CookieName, key: impl Into<Key>) -> Self {
        self.owner_value = Some((cookie, TextSource::Value(key.into())));
        self
    }

    /// Reads the owner of the sessions of this cookie from its values by a function: from a field
    /// of a struct, or from one of several keys. Otherwise it is
    /// [`owner_from`](SessionManagerBuilder::owner_from).
    ///
    /// The function runs at each save. When an owner's sessions are listed or revoked, it also runs
    /// for every session that a Go program wrote last. It must depend on the values alone and must
    /// not panic. A text that [`set_owner`](crate::Session::set_owner) would refuse counts as none.
    ///
    /// ```
    /// # use pgstore::{CookieName, Keys, MemoryStore, SessionManager};
    /// #[derive(serde::Deserialize)]
    /// struct User {
    ///     id: i64,
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[[7; 32]])?;
    /// let sessions = SessionManager::builder(MemoryStore::new(), keys)
    ///     .owner_from_values(CookieName::new("session-key")?, |values| {
    ///         let user = values.get::<User>("user").ok()??;
    ///         Some(format!("user-{}", user.id))
    ///     })
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn owner_from_values(
        mut self,
        cookie: CookieName,
        owner: impl Fn(&Values) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.owner_value = Some((cookie, TextSource::Values(TextOf::new(owner))));
        self
    }

    /// Reads the label of the sessions of this cookie from a value, as
    /// [`owner_from`](SessionManagerBuilder::owner_from) does with the owner.
    ///
    /// ```
    /// # use pgstore::{CookieName, Keys, MemoryStore, SessionManager};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[[7; 32]])?;
    /// let sessions = SessionManager::builder(MemoryStore::new(), keys)
    ///     .label_from(CookieName::new("session-key")?, "device")
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn label_from(mut self, cookie: CookieName, key: impl Into<Key>) -> Self {
        self.label_value = Some((cookie, TextSource::Value(key.into())));
        self
    }

    /// Sets where the time comes from. Default: the machine's clock.
    ///
    /// ```
    /// # use pgstore::{Keys, MemoryStore, SessionManager, SystemClock};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let keys = Keys::from_pairs(&[[7; 32]])?;
    /// let sessions = SessionManager::builder(MemoryStore::new(), keys)
    ///     .clock(SystemClock::default())
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }
}
