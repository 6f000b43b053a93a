//! Stages 3 to 5 for one cookie name: rows of the store opened to values, values sealed to rows.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::id::SessionId;
use crate::name::CookieName;
use crate::options::MaxAge;
use crate::random;
use crate::session::SessionError;
use crate::session::special::SpecialTimes;
use crate::store::{Row, Store, Written};
use crate::wire::{OpenError, SecureCookie, Values};

/// The store of one cookie name, with the codec that opens and seals its rows.
#[derive(Clone, Debug)]
pub(crate) struct SealedRows {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) codec: SecureCookie,
    pub(crate) clock: Arc<dyn Clock>,
    /// The cookie's name, which every row is signed with.
    pub(crate) name: CookieName,
}

/// What was written: a session's ID and row from now on.
pub(super) struct Stored {
    pub(super) id: SessionId,
    pub(super) row: Seen,
}

impl Stored {
    fn new(id: SessionId, row: &Row) -> Self {
        let row = Seen::new(row);
        Self { id, row }
    }
}

/// A row that is there, opened.
pub(super) struct OpenedRow {
    pub(super) values: Values,
    pub(super) row: Seen,
}

/// What a save has to know of the row that it replaces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) created_on: Timestamp,
    /// Its `modified_on`: another writer leaves another one.
    pub(super) version: Timestamp,
}

impl Seen {
    fn new(row: &Row) -> Self {
        Self {
            created_on: row.created_on,
            version: row.modified_on,
        }
    }

    /// The time to write over it: now, but never the same version again.
    fn next_version(self, now: Timestamp) -> Timestamp {
        now.max(self.version.plus(Duration::from_micros(1)))
    }
}

impl SealedRows {
    /// The row of an ID, or `None` when there is none or it is past its time.
    pub(super) async fn load(&self, id: &SessionId) -> Result<Option<OpenedRow>, SessionError> {
        let now = self.clock.now();
        match self.store.load(id, now).await? {
            Some(row) => self.open(&row, now),
            None => Ok(None),
        }
    }

    /// What the row holds. The timestamp inside `data` counts as Go counts it: too old is gone.
    fn open(&self, row: &Row, now: Timestamp) -> Result<Option<OpenedRow>, SessionError> {
        let data = self.codec.open(
            self.name.as_str(),
            &row.data,
            now.unix_seconds(),
            Values::decode,
        );
        match data {
            Ok(data) => Ok(Some(OpenedRow {
                values: data.value,
                row: Seen::new(row),
            })),
            Err(OpenError::Expired) => Ok(None),
            Err(error) => Err(SessionError::Undecodable(error)),
        }
    }

    /// Writes a first row under a fresh ID.
    pub(super) async fn insert(
        &self,
        values: &Values,
        max_age: MaxAge,
    ) -> Result<Stored, SessionError> {
        let row = self.seal(values, max_age, None)?;
        let id = SessionId::generate()?;
        self.store.insert(&id, &row).await?;
        Ok(Stored::new(id, &row))
    }

    /// Writes new values into the row. A row that is gone stays gone.
    pub(super) async fn update(
        &self,
        id: SessionId,
        values: &Values,
        max_age: MaxAge,
        seen: Seen,
    ) -> Result<Stored, SessionError> {
        let row = self.seal(values, max_age, Some(seen))?;
        match self.store.update(&id, seen.version, &row).await? {
            Written::Saved => Ok(Stored::new(id, &row)),
            Written::Missed => Err(SessionError::Gone),
        }
    }

    /// Ends the row and writes one under a fresh ID. The session begins anew. A row that could
    /// not be read (`None`) is ended whatever its version.
    pub(super) async fn rename(
        &self,
        old: &SessionId,
        values: &Values,
        max_age: MaxAge,
        seen: Option<Seen>,
    ) -> Result<Stored, SessionError> {
        let row = self.seal(values, max_age, None)?;
        let new = SessionId::generate()?;
        let seen = seen.map(|row| row.version);
        match self.store.rename(old, seen, &new, &row).await? {
            Written::Saved => Ok(Stored::new(new, &row)),
            Written::Missed => Err(SessionError::Gone),
        }
    }

    /// Ends the row. That it has already ended is no error.
    pub(super) async fn delete(&self, id: &SessionId) -> Result<(), SessionError> {
        self.store.delete(id).await?;
        Ok(())
    }

    fn seal(
        &self,
        values: &Values,
        max_age: MaxAge,
        over: Option<Seen>,
    ) -> Result<Row, SessionError> {
        let now = self.clock.now();
        let special = SpecialTimes::of(values)?;
        let iv = random::bytes()?;
        let data = self
            .codec
            .seal(self.name.as_str(), &values.encode(), now.unix_seconds(), iv);
        Ok(Row {
            data: data.map_err(SessionError::TooLarge)?.into_bytes(),
            created_on: over
                .map(|row| row.created_on)
                .or(special.created_on)
                .unwrap_or(now),
            modified_on: over.map_or(now, |row| row.next_version(now)),
            expires_on: special.later(now.plus(self.lifetime(max_age))),
        })
    }

    /// How long a row written now may live. One that ends with the browser lives as long as its
    /// data opens.
    // Go: pgstore.go save writes expires_on = now for a MaxAge of 0, and the next Cleanup takes
    // the session from under the user.
    fn lifetime(&self, max_age: MaxAge) -> Duration {
        match max_age {
            MaxAge::For(age) => age,
            MaxAge::UntilBrowserCloses | MaxAge::Delete => self.codec.lifetime(),
        }
    }
}
