//! Records as opaque sessions. What the versions of tower-sessions share is here, `versions.rs` has the rest.

use pgstore::Timestamp;
use pgstore::opaque::OpaqueContent;
use pgstore::store::Written;
use time::OffsetDateTime;

use crate::failure::Failure;
use crate::on_gone::OnGone;
use crate::postgres_store::PostgresStore;
use crate::values::Values;

/// How many IDs are tried for a new session. Already the second one is never needed with 128 random
/// bits.
const IDS: usize = 8;

impl PostgresStore {
    /// Writes a new session under its ID or, if that is taken, under the next one that is drawn.
    pub(crate) async fn create_record(
        &self,
        id: String,
        values: &Values,
        expiry: OffsetDateTime,
        mut draw: impl FnMut() -> String + Send,
    ) -> Result<(), Failure> {
        let (mut id, content) = (id, self.content(values, expiry)?);
        for _ in 0..IDS {
            match self.sessions.create(&id, content.clone()).await? {
                Written::Saved => return Ok(()),
                Written::Missed => id = draw(),
            }
        }
        Err(Failure::NoFreeId)
    }

    /// Replaces the values of a session that has not ended.
    pub(crate) async fn save_record(
        &self,
        id: String,
        values: &Values,
        expiry: OffsetDateTime,
    ) -> Result<(), Failure> {
        let content = self.content(values, expiry)?;
        match (self.sessions.save(&id, content).await?, self.on_gone) {
            (Written::Saved, _) => Ok(()),
            (Written::Missed, on_gone) => {
                tracing::info!(
                    "a session has ended while a request was changing it: its changes are dropped"
                );
                match on_gone {
                    OnGone::Fail => Err(Failure::Gone),
                    OnGone::Drop => Ok(()),
                }
            }
        }
    }

    /// Reads the values and the expiry of a session that has not ended.
    pub(crate) async fn load_record(
        &self,
        id: String,
    ) -> Result<Option<(Values, OffsetDateTime)>, Failure> {
        let Some(content) = self.sessions.load(&id).await? else {
            return Ok(None);
        };
        let values = serde_json::from_slice(&content.data).map_err(|_| Failure::Decode)?;
        Ok(Some((values, date(content.expires_on)?)))
    }

    /// Ends a session.
    pub(crate) async fn delete_record(&self, id: String) -> Result<(), Failure> {
        Ok(self.sessions.delete(&id).await?)
    }

    /// Removes the rows of expired sessions.
    pub(crate) async fn sweep_records(&self) -> Result<(), Failure> {
        self.sessions.sweep().await?;
        Ok(())
    }

    fn content(&self, values: &Values, expiry: OffsetDateTime) -> Result<OpaqueContent, Failure> {
        Ok(OpaqueContent {
            data: serde_json::to_vec(values).map_err(|_| Failure::Encode)?,
            expires_on: timestamp(expiry),
            owner: self.owner.as_ref().and_then(|owner| owner.find(values)),
        })
    }
}

/// PostgreSQL counts in microseconds, so a date is rounded towards the past.
fn timestamp(date: OffsetDateTime) -> Timestamp {
    let micros = date.unix_timestamp_nanos().div_euclid(1_000);
    // The years from -9999 to 9999 fit.
    Timestamp::from_unix_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// An error if it is after the year 9999, which only another program can have written.
fn date(time: Timestamp) -> Result<OffsetDateTime, Failure> {
    let nanos = i128::from(time.unix_micros()) * 1_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).map_err(|_| Failure::Decode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_comes_back_in_whole_microseconds() {
        for nanos in [0, 1_999, -1, 1_795_704_330_123_456_789] {
            let before = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap();
            let after = date(timestamp(before)).unwrap();
            assert_eq!(
                after.unix_timestamp_nanos(),
                nanos.div_euclid(1_000) * 1_000
            );
        }
    }
}
