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
use crate::wire::{GoPeer, OpenError, SecureCookie, Values};

/// The store of one cookie name, with the codec that opens and seals its rows.
#[derive(Clone, Debug)]
pub(crate) struct SealedRows {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) codec: SecureCookie,
    pub(crate) clock: Arc<dyn Clock>,
    /// Who reads the rows besides us.
    pub(crate) go_peer: GoPeer,
    /// The cookie's name, which every row is signed with.
    pub(crate) name: CookieName,
}

/// The times of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowTimes {
    /// When it was last written: its version.
    pub(super) version: Timestamp,
    /// When the session began.
    pub(super) since: Timestamp,
    expires_on: Timestamp,
}

impl RowTimes {
    fn of(row: &Row) -> Self {
        Self {
            version: row.modified_on,
            since: row.created_on,
            expires_on: row.expires_on,
        }
    }

    /// How many seconds it was given to live when it was written. Go reads its clock several
    /// times for one row, so this is rounded.
    pub(super) fn life(&self) -> i64 {
        (self.expires_on.unix_micros() - self.version.unix_micros() + 500_000).div_euclid(1_000_000)
    }
}

/// What was written, and under which ID.
pub(super) struct Stored {
    pub(super) id: SessionId,
    pub(super) times: RowTimes,
}

/// A row that is there, opened.
pub(super) struct OpenedRow {
    pub(super) values: Values,
    pub(super) times: RowTimes,
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
        let (name, now) = (self.name.as_str(), now.unix_seconds());
        match self.codec.open(name, &row.data, now, Values::decode) {
            Ok(data) => Ok(Some(OpenedRow {
                values: data.value,
                times: RowTimes::of(row),
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
        let row = self.seal(values, max_age)?;
        let id = SessionId::generate()?;
        self.store.insert(&id, &row).await?;
        Ok(Stored {
            id,
            times: RowTimes::of(&row),
        })
    }

    /// Writes new values into the row, if it is still the one that was read.
    pub(super) async fn update(
        &self,
        id: &SessionId,
        read: RowTimes,
        values: &Values,
        max_age: MaxAge,
    ) -> Result<Option<Stored>, SessionError> {
        let mut row = self.seal(values, max_age)?;
        row.created_on = read.since;
        let moment = Duration::from_micros(1);
        row.modified_on = row.modified_on.max(read.version.plus(moment));
        // A version ahead of our clock must not make it look like a row without an end.
        row.expires_on = row.expires_on.max(row.modified_on.plus(moment));
        let written = self.store.update(id, read.version, &row).await?;
        Ok(Stored::if_saved(written, id.clone(), &row))
    }

    /// Ends the row, if it is still the one that was read, and writes one under a fresh ID: the
    /// session begins anew. One that could not be read goes whatever it is.
    pub(super) async fn rename(
        &self,
        old: &SessionId,
        read: Option<RowTimes>,
        values: &Values,
        max_age: MaxAge,
    ) -> Result<Option<Stored>, SessionError> {
        let row = self.seal(values, max_age)?;
        let new = SessionId::generate()?;
        let written = self
            .store
            .rename(
                crate::store::Renaming {
                    old,
                    seen: read.map(|read| read.version),
                    new: &new,
                    retirement: crate::store::Retirement {
                        until: row.modified_on,
                        honoured_until: None,
                    },
                },
                &row,
            )
            .await?;
        Ok(Stored::if_saved(written, new, &row))
    }

    /// Ends the row. That it has already ended is no error.
    pub(super) async fn delete(&self, id: &SessionId) -> Result<(), SessionError> {
        self.store.delete(id).await?;
        Ok(())
    }

    /// The row of a session that begins now.
    fn seal(&self, values: &Values, max_age: MaxAge) -> Result<Row, SessionError> {
        let now = self.clock.now();
        let special = SpecialTimes::of(values)?;
        let (name, iv) = (self.name.as_str(), random::bytes()?);
        let data = self
            .codec
            .seal(name, &values.encode(), now.unix_seconds(), iv);
        Ok(Row {
            data: data.map_err(SessionError::TooLarge)?.into_bytes(),
            created_on: special.created_on.unwrap_or(now),
            modified_on: now,
            expires_on: special.later(now.plus(self.lifetime(max_age))),
            ours: crate::store::Ours {
                mark: Some(i64::from_le_bytes(random::bytes()?)),
                ..Default::default()
            },
        })
    }

    /// How long a row written now may live. One that ends with the browser lives as long as its
    /// data opens.
    // Go: pgstore.go save writes expires_on = now for a MaxAge of 0, and the next Cleanup takes
    // the session from under the user.
    pub(super) fn lifetime(&self, max_age: MaxAge) -> Duration {
        match max_age {
            MaxAge::For(age) => age,
            MaxAge::UntilBrowserCloses | MaxAge::Delete => self.codec.lifetime(),
        }
    }
}

impl Stored {
    fn if_saved(written: Written, id: SessionId, row: &Row) -> Option<Self> {
        match written {
            Written::Saved => Some(Self {
                id,
                times: RowTimes::of(row),
            }),
            Written::Missed => None,
        }
    }
}
