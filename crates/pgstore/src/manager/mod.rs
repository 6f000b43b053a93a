//! How an application's sessions are kept: the store, the keys, the cookie, the clock.

mod builder;
mod config_error;

use std::sync::Arc;

pub use builder::SessionManagerBuilder;
pub use config_error::ConfigError;

use crate::clock::{Clock, Timestamp};
use crate::name::{CookieError, CookieName};
use crate::options::CookieOptions;
use crate::policy::{OnOutage, Policy};
use crate::session::{
    Counters, LogoutRetry, MetadataSources, SealedRows, SessionStats, TextSource,
};
use crate::store::{Row, Store, StoreError, SweepHandle, SweepOptions, Sweeper};
use crate::wire::{GoPeer, Key, SecureCookie};

/// What all requests share about sessions: build one at start-up, and clone it where it is needed.
///
/// With axum or tower, hand it to a [`SessionLayer`](crate::SessionLayer). Without middleware,
/// [`get`](SessionManager::get) a session from a request's headers and
/// [`save`](SessionManager::save) it into the response's:
///
/// ```
/// # use http::HeaderMap;
/// # use pgstore::{SessionManager, SessionError, store::MemoryStore, wire::Keys};
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
pub struct SessionManager {
    shared: Arc<Shared>,
    /// The policy's, unless a layer has its own.
    on_outage: OnOutage,
}

/// What every clone of a manager shares.
#[derive(Debug)]
struct Shared {
    store: Arc<dyn Store>,
    codec: SecureCookie,
    /// With a maximal age.
    cookie_options: CookieOptions,
    clock: Arc<dyn Clock>,
    go_peer: GoPeer,
    policy: Policy,
    owner_value: Option<(CookieName, Key)>,
    label_value: Option<(CookieName, Key)>,
    logouts: LogoutRetry,
    counters: Arc<Counters>,
}

impl SessionManager {
    /// What has happened to the sessions so far, in numbers.
    #[must_use]
    pub fn stats(&self) -> SessionStats {
        self.shared.counters.stats()
    }

    /// Whether sessions can be written right now: for a readiness endpoint.
    ///
    /// It fails on a standby, on a read-only database, without the table, and without the right to
    /// change it. It writes nothing. Cost: one statement.
    ///
    /// # Errors
    /// Why they cannot be written.
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.store().probe().await
    }

    /// Starts removing expired rows in the background, until the handle is stopped or dropped.
    ///
    /// One node is enough; several do no harm. Sessions that end with the browser are removed once
    /// they have not been saved for this manager's maximal age.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    // Go: pgstore.go Cleanup.
    pub fn start_sweeping(&self, options: SweepOptions) -> SweepHandle {
        let options = options.browser_sessions(self.codec().lifetime());
        let (store, clock) = (&self.shared.store, &self.shared.clock);
        Sweeper::new(Arc::clone(store), Arc::clone(clock), options).start()
    }
}

impl SessionManager {
    pub(crate) fn store(&self) -> &dyn Store {
        &*self.shared.store
    }

    /// The codec of rows.
    pub(crate) fn codec(&self) -> &SecureCookie {
        &self.shared.codec
    }

    /// The codec of cookies. They are short, whatever a row may hold.
    pub(crate) fn cookie_codec(&self) -> SecureCookie {
        let longest = SecureCookie::DEFAULT_MAX_LENGTH;
        self.codec().clone().max_length(longest)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// The cookie name whose sessions have their owner in a value.
    pub(crate) fn owner_value_name(&self) -> Option<&CookieName> {
        self.shared.owner_value.as_ref().map(|(name, _)| name)
    }

    /// The same manager with another policy for outages.
    #[cfg(feature = "middleware")]
    pub(crate) fn with_on_outage(self, on_outage: OnOutage) -> Self {
        Self { on_outage, ..self }
    }

    /// The attributes of cookies under this name.
    pub(crate) fn options_for(&self, name: &CookieName) -> Result<CookieOptions, CookieError> {
        let options = &self.shared.cookie_options;
        options.check(name)?;
        Ok(options.clone())
    }

    /// Whether a session of this row has reached its absolute timeout.
    pub(crate) fn has_ended(&self, row: &Row, now: Timestamp) -> bool {
        let timeout = self.shared.policy.absolute_timeout;
        timeout.is_some_and(|timeout| row.created_on.plus(timeout) <= now)
    }

    /// The rows of sessions under this name.
    pub(crate) fn rows(&self, name: CookieName) -> SealedRows {
        let shared = &*self.shared;
        SealedRows {
            store: Arc::clone(&shared.store),
            codec: shared.codec.clone(),
            clock: Arc::clone(&shared.clock),
            go_peer: shared.go_peer.clone(),
            policy: Policy {
                on_outage: self.on_outage,
                ..shared.policy
            },
            sources: shared.sources(&name),
            logouts: shared.logouts.clone(),
            counters: Arc::clone(&shared.counters),
            name,
        }
    }
}

impl Shared {
    /// Where sessions of this name have their owner and label.
    fn sources(&self, name: &CookieName) -> MetadataSources {
        let source = |value: &Option<(CookieName, Key)>| match value {
            Some((cookie, key)) if cookie == name => TextSource::Value(key.clone()),
            _ => TextSource::Setter,
        };
        MetadataSources {
            owner: source(&self.owner_value),
            label: source(&self.label_value),
        }
    }
}
