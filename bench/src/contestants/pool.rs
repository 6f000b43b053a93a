//! One query for each request over a deadpool-postgres pool: what the bare driver can do.

use std::time::{Duration, SystemTime};

use deadpool_postgres::{Manager, ManagerConfig, RecyclingMethod};
use tokio_postgres::{NoTls, Row};

use super::in_process::of_mix;
use super::{Answer, InProcess, POOL};
use crate::Outcome;
use crate::dataset::{Dataset, MONTH, sealed, text};
use crate::random::Random;
use crate::work::{Cell, Work};

/// The statements of the library, as it has them today.
pub(super) const LOAD: &str =
    include_str!("../../../crates/pgstore/src/store/postgres/sql/load.sql");
pub(super) const UPDATE: &str =
    include_str!("../../../crates/pgstore/src/store/postgres/sql/update.sql");
pub(super) const INSERT: &str =
    include_str!("../../../crates/pgstore/src/store/postgres/sql/insert.sql");

/// The pool, and the sessions' keys.
pub(crate) struct Pool {
    pool: deadpool_postgres::Pool,
    keys: Vec<Vec<u8>>,
}

impl Pool {
    pub(crate) fn start(url: &str, dataset: Dataset) -> Outcome<Pool> {
        Ok(Pool {
            pool: one_query_each(url, POOL)?,
            keys: dataset.keys(),
        })
    }

    async fn load(&self, visitor: usize) -> Outcome<Row> {
        let client = self.pool.get().await?;
        let load = client.prepare_cached(LOAD).await?;
        Ok(client.query_one(&load, &[&self.keys[visitor]]).await?)
    }

    async fn save(&self, visitor: usize, data: &[u8]) -> Outcome<()> {
        let row = self.load(visitor).await?;
        let (seen, created): (SystemTime, SystemTime) = (row.try_get(2)?, row.try_get(1)?);
        let expires: SystemTime = row.try_get(3)?; // The library's saves keep it, too.
        let now = SystemTime::now().max(seen + Duration::from_micros(1));
        let (token, none, text) = (1_i64, None::<i64>, None::<&str>);
        let handle: Option<&str> = row.try_get(8)?;
        let client = self.pool.get().await?;
        let update = client.prepare_cached(UPDATE).await?;
        client
            .execute(
                &update,
                &[
                    &self.keys[visitor],
                    &seen,
                    &data,
                    &created,
                    &now,
                    &expires,
                    &token,
                    &now,
                    &none,
                    &text,
                    &text,
                    &handle,
                ],
            )
            .await?;
        Ok(())
    }

    async fn insert(&self, data: &[u8], random: &mut Random) -> Outcome<()> {
        let key = new_key(random);
        let now = SystemTime::now();
        let (token, none, text) = (1_i64, None::<i64>, None::<&str>);
        let client = self.pool.get().await?;
        let insert = client.prepare_cached(INSERT).await?;
        client
            .query_one(
                &insert,
                &[
                    &key.as_bytes(),
                    &data,
                    &now,
                    &now,
                    &(now + MONTH),
                    &token,
                    &now,
                    &none,
                    &text,
                    &text,
                    &key,
                ],
            )
            .await?;
        Ok(())
    }
}

impl InProcess for Pool {
    fn operation<'a>(&'a self, cell: Cell, mut random: Random) -> Answer<'a> {
        let visitor = random.below(self.keys.len());
        Box::pin(async move {
            let work = match cell.work {
                Work::Mix => of_mix(&mut random),
                work => work,
            };
            match work {
                Work::Read => self.load(visitor).await.map(drop),
                Work::Save => self.save(visitor, &sealed(&text(cell.bytes))?).await,
                Work::Insert => {
                    let data = sealed(&text(cell.bytes))?;
                    self.insert(&data, &mut random).await
                }
                Work::Mix | Work::Http | Work::Untouched => Err("has no middleware".into()),
            }
        })
    }
}

/// A pool that checks nothing when it hands out a connection.
fn one_query_each(url: &str, size: usize) -> Outcome<deadpool_postgres::Pool> {
    let recycling = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let manager = Manager::from_config(url.parse()?, NoTls, recycling);
    let pool = deadpool_postgres::Pool::builder(manager).max_size(size);
    Ok(pool.build()?)
}

/// A key that no row has, drawn at random.
fn new_key(random: &mut Random) -> String {
    let letters =
        (0..52).map(|_| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[random.below(32)]));
    letters.collect()
}
