//! Keeping opaque sessions: create, load, save, extend, delete.

use std::fmt;
use std::sync::Arc;

use super::id::OpaqueId;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::id::SessionId;
use crate::store::{PgStore, Row, RowExtras, StoreError, StoreErrorKind, Written};

/// The sessions of another crate. A handle: clones share the store.
///
/// ```no_run
/// use std::time::Duration;
/// use pgstore::PgStore;
/// use pgstore::opaque::{OpaqueContent, OpaqueSessions};
/// use pgstore::store::Written;
///
/// # async fn example(store: PgStore) -> Result<(), pgstore::StoreError> {
/// let sessions = OpaqueSessions::new(store, "my-session-crate");
/// let content = OpaqueContent {
///     data: b"{}".to_vec(),
///     expires_on: sessions.now().plus(Duration::from_secs(60 * 60)),
///     owner: None,
/// };
/// assert_eq!(sessions.create("its ID", content.clone()).await?, Written::Saved);
/// sessions.delete("its ID").await?;
/// assert_eq!(sessions.save("its ID", content).await?, Written::Missed); // a logout is final
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct OpaqueSessions {
    pub(super) store: PgStore,
    pub(super) clock: Arc<dyn Clock>,
    crate_name: &'static str,
}

/// What an opaque session holds.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // A literal must name everything that is written.
pub struct OpaqueContent {
    /// Its values, as the other crate serialises them.
    pub data: Vec<u8>,
    /// When it ends. From then on no load finds it.
    pub expires_on: Timestamp,
    /// The user to whom it belongs.
    pub owner: Option<String>,
}

impl OpaqueSessions {
    /// The sessions of the crate with this name, in the store's table.
    ///
    /// The name is a part of each row's key, so several crates that use one table do not find each
    /// other's sessions. Do not change it: sessions under another name are lost.
    #[must_use]
    pub fn new(store: PgStore, crate_name: &'static str) -> Self {
        Self {
            store,
            clock: Arc::new(SystemClock),
            crate_name,
        }
    }

    /// The same sessions with another clock (default [`SystemClock`]).
    #[must_use]
    pub fn clock(self, clock: impl Clock) -> Self {
        let clock = Arc::new(clock);
        Self { clock, ..self }
    }

    /// The time that counts.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &PgStore {
        &self.store
    }

    /// Writes a new session. [`Written::Missed`] if the ID is taken: draw another one.
    ///
    /// Content that has expired already is not written. Cost: one statement.
    ///
    /// # Errors
    /// When the session is not known to be stored.
    pub async fn create(&self, id: &str, content: OpaqueContent) -> Result<Written, StoreError> {
        let (place, now) = (self.place(id), self.now());
        if content.expires_on <= now {
            return Ok(Written::Saved);
        }
        let row = content.into_row(now)?;
        self.store.insert_new(&place.key, place.number, &row).await
    }

    /// Reads a session that has not ended. Cost: one statement, which carries the requests of several
    /// callers if they wait.
    ///
    /// # Errors
    /// When the store cannot be asked, or a column holds a NULL.
    pub async fn load(&self, id: &str) -> Result<Option<OpaqueContent>, StoreError> {
        let row = self.store.load_opaque(&self.key(id), self.now()).await?;
        Ok(row.map(OpaqueContent::of))
    }

    /// Replaces what a session holds; the last save wins. [`Written::Missed`] if the session has
    /// ended: it stays so.
    ///
    /// Content that has expired already ends the session. Cost: one statement, which carries the
    /// saves of several callers if they wait.
    ///
    /// # Errors
    /// When the session is not known to be stored.
    pub async fn save(&self, id: &str, content: OpaqueContent) -> Result<Written, StoreError> {
        let (key, now) = (self.key(id), self.now());
        if content.expires_on <= now {
            let removed = self.store.delete_opaque(&key).await?;
            return Ok(Written::from_count(removed));
        }
        let row = content.into_row(now)?;
        self.store.overwrite(&key, &row).await
    }

    /// Lets a session end at another time and leaves its values. [`Written::Missed`] if it has ended.
    /// Cost: one statement.
    ///
    /// # Errors
    /// When the time is not known to be stored.
    pub async fn extend(&self, id: &str, expires_on: Timestamp) -> Result<Written, StoreError> {
        let (key, now) = (self.key(id), self.now());
        if expires_on <= now {
            let removed = self.store.delete_opaque(&key).await?;
            return Ok(Written::from_count(removed));
        }
        let max_age = Some(seconds(now, expires_on));
        self.store.extend(&key, now, expires_on, max_age).await
    }

    /// Ends a session. One that has ended is no error. Cost: one statement.
    ///
    /// # Errors
    /// When the session is not known to be removed.
    pub async fn delete(&self, id: &str) -> Result<(), StoreError> {
        self.store.delete_opaque(&self.key(id)).await?;
        Ok(())
    }

    pub(super) fn key(&self, id: &str) -> SessionId {
        self.place(id).key
    }

    fn place(&self, id: &str) -> OpaqueId {
        OpaqueId::of(self.crate_name, id)
    }
}

impl OpaqueContent {
    fn of(row: Row) -> Self {
        Self {
            data: row.data,
            expires_on: row.expires_on,
            owner: row.extras.owner,
        }
    }

    fn into_row(self, now: Timestamp) -> Result<Row, StoreError> {
        let extras = RowExtras {
            max_age: Some(seconds(now, self.expires_on)),
            owner: self.owner,
            ..RowExtras::default()
        };
        let extras = extras
            .with_save_token()
            .map_err(|error| StoreError::caused_by(StoreErrorKind::Other, error))?;
        Ok(Row {
            data: self.data,
            created_on: now,
            modified_on: now,
            expires_on: self.expires_on,
            extras,
        })
    }
}

/// How long a session lasts from now on, rounded up: 0 would mean that it ends with the browser.
fn seconds(now: Timestamp, expires_on: Timestamp) -> i64 {
    let micros = expires_on.unix_micros().saturating_sub(now.unix_micros());
    micros / 1_000_000 + 1
}

/// It shows neither the data nor the owner.
impl fmt::Debug for OpaqueContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpaqueContent")
            .field("data", &format_args!("{} bytes", self.data.len()))
            .field("expires_on", &self.expires_on)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for OpaqueSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpaqueSessions")
            .field("store", &self.store)
            .field("crate_name", &self.crate_name)
            .finish_non_exhaustive()
    }
}
