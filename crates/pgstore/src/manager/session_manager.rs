use std::sync::Arc;

use super::known_names::{KnownNames, NamedSessions};
use crate::clock::{Clock, Timestamp};
use crate::name::{CookieError, CookieName};
use crate::options::CookieOptions;
use crate::policy::{OnOutage, Policy};
use crate::session::{
    Background, Counters, Limits, LogoutRetry, MetadataSources, SaveTurns, SealedRows,
    SessionStats, TextSource,
};
use crate::store::{Store, StoreError, SweepHandle, SweepOptions, Sweeper};
use crate::wire::{GoPeer, SecureCookie};

/// What all requests share about sessions: build one at start-up, and clone it where it is needed.
///
/// With axum or tower, hand it to a [`SessionLayer`](crate::SessionLayer). Without middleware,
/// [`get`](SessionManager::get) a session from a request's headers and
/// [`save`](SessionManager::save) it into the response's:
///
/// ```
/// # use http::HeaderMap;
/// # use pgstore::{Keys, MemoryStore, SessionManager};
/// # async fn example(request: HeaderMap) -> Result<(), Box<dyn std::error::Error>> {
/// # let keys = Keys::from_pairs(&[[7; 32]])?;
/// let sessions = SessionManager::builder(MemoryStore::new(), keys).build()?;
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
///
/// Its configuration is fixed: the [builder](SessionManager::builder) sets and checks it. A clone
/// is the same manager and costs one reference count.
// Go: pgstore.PGStore with its Codecs and Options, which is a gorilla sessions.Store.
#[derive(Clone, Debug)]
#[doc(alias = "PGStore")]
#[doc(alias = "SessionStore")]
pub struct SessionManager {
    pub(super) config: Arc<ManagerConfig>,
    /// The builder's, unless a layer has its own.
    pub(super) on_outage: OnOutage,
}

/// What every clone of a manager shares: fixed, but for the counters and the logouts under way.
#[derive(Debug)]
pub(super) struct ManagerConfig {
    pub(super) store: Arc<dyn Store>,
    pub(super) codec: SecureCookie,
    /// The same, with the maximal length of a cookie.
    pub(super) cookie_codec: SecureCookie,
    /// With a maximal age.
    pub(super) cookie_options: CookieOptions,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) go_peer: GoPeer,
    pub(super) policy: Policy,
    pub(super) owner_value: Option<(CookieName, TextSource)>,
    pub(super) label_value: Option<(CookieName, TextSource)>,
    pub(super) background: Background,
    pub(super) logouts: LogoutRetry,
    pub(super) turns: SaveTurns,
    pub(super) counters: Arc<Counters>,
    pub(super) known_names: KnownNames,
}

impl SessionManager {
    /// Returns what has happened to the sessions so far, in numbers.
    ///
    /// They count from the moment when this manager was built; its clones share them.
    ///
    /// ```
    /// # use pgstore::SessionManager;
    /// # fn metrics(sessions: SessionManager) {
    /// let stats = sessions.stats();
    /// println!("{stats:?}");
    /// # }
    /// ```
    #[must_use]
    pub fn stats(&self) -> SessionStats {
        self.config.counters.stats()
    }

    /// Checks whether sessions can be written right now: for a readiness endpoint.
    ///
    /// In a transaction that it rolls back, it inserts a session, loads it, saves it, gives it a
    /// new ID and deletes it. So it fails on a standby, without the table or a right to it, without
    /// a policy where row-level security is active, and where a constraint, a trigger or the
    /// sequence of row numbers forbids a row. It leaves nothing but a used number of that sequence
    /// and the space of three dead rows for the next vacuum.
    ///
    /// Cost: a connection of its own and about twenty short round trips, 10 to 30 ms in all. It
    /// waits for no lock longer than two seconds. Call it every ten seconds or more rarely on each
    /// node, not for each request.
    ///
    /// ```
    /// # use http::StatusCode;
    /// # use pgstore::SessionManager;
    /// async fn ready(sessions: SessionManager) -> StatusCode {
    ///     match sessions.probe().await {
    ///         Ok(()) => StatusCode::NO_CONTENT,
    ///         Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// [`StoreError`] with the reason why sessions cannot be written.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.store().probe().await
    }

    /// Starts removing expired rows in the background, until the handle is stopped or dropped.
    ///
    /// One node is enough; several do no harm. Sessions that end with the browser are removed once
    /// they have not been saved for this manager's maximal age.
    ///
    /// ```
    /// # use pgstore::{SessionManager, SweepOptions};
    /// # async fn serve(sessions: SessionManager) {
    /// let sweeper = sessions.start_sweeping(SweepOptions::default());
    /// // … serve requests …
    /// sweeper.stop().await;
    /// # }
    /// ```
    ///
    /// # Panics
    /// Outside a tokio runtime.
    // Go: pgstore.go Cleanup.
    #[doc(alias = "cleanup")]
    #[doc(alias = "continuously_delete_expired")]
    pub fn start_sweeping(&self, options: SweepOptions) -> SweepHandle {
        let options = options.browser_sessions(self.codec().lifetime());
        let (store, clock) = (&self.config.store, &self.config.clock);
        Sweeper::new(Arc::clone(store), Arc::clone(clock), options).start()
    }
}

impl SessionManager {
    pub(crate) fn store(&self) -> &dyn Store {
        &*self.config.store
    }

    /// The codec of rows.
    pub(crate) fn codec(&self) -> &SecureCookie {
        &self.config.codec
    }

    /// The codec of cookies, which are short even if rows may be long.
    pub(crate) fn cookie_codec(&self) -> &SecureCookie {
        &self.config.cookie_codec
    }

    /// Whether this is the same manager, or a clone of it.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.config, &other.config)
    }

    /// What runs on when its request is over.
    pub(crate) fn background(&self) -> &Background {
        &self.config.background
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.config.clock.now()
    }

    /// The name of the cookie whose sessions have their owner in a value.
    pub(crate) fn owner_value_name(&self) -> Option<&CookieName> {
        self.config.owner_value.as_ref().map(|(name, _)| name)
    }

    /// The same manager with another policy for outages.
    #[cfg(feature = "middleware")]
    pub(crate) fn with_on_outage(self, on_outage: OnOutage) -> Self {
        Self { on_outage, ..self }
    }

    /// The attributes of cookies under this name.
    pub(crate) fn options_for(&self, name: &CookieName) -> Result<CookieOptions, CookieError> {
        let options = &self.config.cookie_options;
        options.check(name)?;
        Ok(options.clone())
    }

    /// The limits that end its sessions.
    pub(crate) fn limits(&self) -> Limits<'_> {
        let config = &*self.config;
        let (max_age, timeout) = (
            config.cookie_options.lasting(),
            config.policy.absolute_timeout,
        );
        Limits::new(&config.codec, max_age, timeout)
    }

    /// The logouts that this node has still to store.
    pub(crate) fn logouts(&self) -> &LogoutRetry {
        &self.config.logouts
    }

    /// What the sessions under this name share, if the name is one that works.
    pub(crate) fn named(&self, name: &str) -> Result<Arc<NamedSessions>, CookieError> {
        let known = &self.config.known_names;
        if let Some(named) = known.find(name, self.on_outage) {
            return Ok(named);
        }
        let name = CookieName::new(name)?;
        let options = self.options_for(&name)?;
        let rows = Arc::new(self.rows(name));
        Ok(known.add(NamedSessions { options, rows }))
    }

    /// The same name and options, with this manager's rows.
    #[cfg(feature = "middleware")]
    pub(crate) fn named_as(&self, other: &NamedSessions) -> Arc<NamedSessions> {
        Arc::new(NamedSessions {
            options: other.options.clone(),
            rows: Arc::new(self.rows(other.rows.name.clone())),
        })
    }

    /// The rows of sessions under this name.
    pub(crate) fn rows(&self, name: CookieName) -> SealedRows {
        let config = &*self.config;
        SealedRows {
            store: Arc::clone(&config.store),
            codec: config.codec.clone(),
            clock: Arc::clone(&config.clock),
            go_peer: config.go_peer.clone(),
            policy: Policy {
                on_outage: self.on_outage,
                ..config.policy
            },
            max_age: config.cookie_options.lasting(),
            sources: config.sources(&name),
            logouts: config.logouts.clone(),
            turns: config.turns.clone(),
            counters: Arc::clone(&config.counters),
            name,
        }
    }
}

impl ManagerConfig {
    /// Where sessions of this name have their owner and label.
    fn sources(&self, name: &CookieName) -> MetadataSources {
        let source = |value: &Option<(CookieName, TextSource)>| match value {
            Some((cookie, source)) if cookie == name => source.clone(),
            _ => TextSource::Setter,
        };
        MetadataSources {
            owner: source(&self.owner_value),
            label: source(&self.label_value),
        }
    }
}
