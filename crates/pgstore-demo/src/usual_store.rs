//! A session as most stores keep it: a request reads it, changes its copy, and writes the copy back over
//! whatever another request has written meanwhile.

use pgstore::SessionHandle;

use crate::client::{Client, ClientError};

#[derive(Clone)]
pub(crate) struct UsualStore(Client);

/// What the table has about one session.
#[derive(Clone, Copy, Default)]
pub(crate) struct UsualSession {
    /// The value that requests read, change and write.
    pub(crate) changes: i64,
    /// How many requests have written.
    pub(crate) requests: i64,
}

impl UsualStore {
    /// Makes the table, and removes what earlier runs left.
    pub(crate) async fn open(client: Client) -> Result<Self, ClientError> {
        let create = include_str!("sql/create_usual_sessions.sql");
        client.query(create, &[]).await?;
        let forget = include_str!("sql/forget_ended_usual_sessions.sql");
        client.query(forget, &[]).await?;
        Ok(Self(client))
    }

    pub(crate) async fn load(&self, id: &SessionHandle) -> Result<UsualSession, ClientError> {
        let load = include_str!("sql/load_usual_session.sql");
        let rows = self.0.query(load, &[&id.as_str()]).await?;
        Ok(rows.first().map_or_else(UsualSession::default, |row| {
            let (changes, requests) = (row.get("changes"), row.get("requests"));
            UsualSession { changes, requests }
        }))
    }

    pub(crate) async fn overwrite(
        &self,
        id: &SessionHandle,
        changes: i64,
    ) -> Result<(), ClientError> {
        let overwrite = include_str!("sql/overwrite_usual_session.sql");
        self.0.query(overwrite, &[&id.as_str(), &changes]).await?;
        Ok(())
    }
}
