//! Asks the server for what `stats` tells.

use std::time::{Duration, SystemTime};

use pgstore::{TableName, Timestamp};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use super::report::{BOUNDS, Bucket, IndexSize, MOST, Sessions, Space, Stats, Upkeep};
use crate::failure::Failure;
use crate::table_client::TableClient;

/// How many pages are read at most; of more, a sample of about as many. 32 MB.
const MOST_PAGES: f64 = 4096.0;

/// How long after its expiry a row stays, as a sweep does by default.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// The times that rows are compared with.
pub(super) struct Times {
    now: SystemTime,
    expired_before: SystemTime,
    idle_since_before: SystemTime,
}

impl Times {
    pub(super) fn new(now: Timestamp, max_age: Duration) -> Self {
        Self {
            now: now.into(),
            expired_before: now.minus(CLOCK_SKEW).into(),
            idle_since_before: now.minus(max_age).into(),
        }
    }
}

impl Stats {
    pub(super) async fn read(
        client: &TableClient,
        table: &TableName,
        times: &Times,
    ) -> Result<Self, Failure> {
        let sizes = client.rows(include_str!("../sql/sizes.sql"), &[]).await?;
        let sizes = sizes.first().ok_or(Failure::NoTable)?;
        let pages = get::<i64>(sizes, "heap")? / get::<i64>(sizes, "page")?.max(1);
        let percent = share(pages);
        let sample = sample(client, times, percent).await?;
        let counts = Counts {
            row: &sample,
            factor: 100.0 / f64::from(percent),
        };
        Ok(Self {
            table: table.to_string(),
            sampled_percent: f64::from(percent),
            sessions: sessions(&counts, &rare(client).await?)?,
            last_used: counts.histogram()?,
            space: space(client, sizes).await?,
            upkeep: upkeep(sizes)?,
        })
    }
}

/// The share of the pages to read, in per cent.
pub(crate) fn share(pages: i64) -> f32 {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // It is a share.
    let share = (100.0 * MOST_PAGES / pages.max(1) as f64) as f32;
    share.min(100.0)
}

async fn sample(client: &TableClient, times: &Times, percent: f32) -> Result<Row, Failure> {
    let bounds = BOUNDS.as_slice();
    let parameters: &[(&(dyn tokio_postgres::types::ToSql + Sync), Type)] = &[
        (&percent, Type::FLOAT4),
        (&times.now, Type::TIMESTAMPTZ),
        (&times.expired_before, Type::TIMESTAMPTZ),
        (&times.idle_since_before, Type::TIMESTAMPTZ),
        (&bounds, Type::FLOAT8_ARRAY),
    ];
    client
        .row(include_str!("../sql/sample.sql"), parameters)
        .await
}

async fn rare(client: &TableClient) -> Result<Row, Failure> {
    let sql = include_str!("../sql/rare.sql");
    client.row(sql, &[(&MOST, Type::INT8)]).await
}

/// The counts of a sample, and what makes them those of the table.
struct Counts<'a> {
    row: &'a Row,
    factor: f64,
}

impl Counts<'_> {
    fn get(&self, name: &str) -> Result<u64, Failure> {
        Ok(self.of_all(get(self.row, name)?))
    }

    fn of_all(&self, counted: i64) -> u64 {
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss
        )] // It is an estimate, unless the factor is 1.
        let of_all = (counted.max(0) as f64 * self.factor).round() as u64;
        of_all
    }

    fn histogram(&self) -> Result<Vec<Bucket>, Failure> {
        let counted: Vec<i64> = get(self.row, "last_used")?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // They are whole.
        let bounds = BOUNDS.iter().map(|bound| Some(*bound as u64));
        let buckets = bounds.chain([None]).zip(counted);
        let bucket = |(within_seconds, counted)| Bucket {
            within_seconds,
            sessions: self.of_all(counted),
        };
        Ok(buckets.map(bucket).collect())
    }
}

fn sessions(counts: &Counts<'_>, rare: &Row) -> Result<Sessions, Failure> {
    let oldest: Option<f64> = get(counts.row, "oldest_due")?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // It is an age in seconds.
    let oldest_due_seconds = oldest.map(|seconds| seconds.max(0.0) as u64);
    Ok(Sessions {
        rows: counts.get("rows")?,
        live: counts.get("live")?,
        live_until_browser_closes: counts.get("of_browsers")?,
        live_with_owner: counts.get("owned")?,
        expired: counts.get("expired")?,
        due: counts.get("due")?,
        oldest_due_seconds,
        without_times: counts.get("unreadable")?,
        peer_written: counts.get("peer_written")?,
        sharing_keys: counts.get("sharing_keys")?,
        expires_on_epoch: number(rare, "epoch")?,
        expires_on_null: number(rare, "endless")?,
        earlier_ids: number(rare, "earlier_ids")?,
    })
}

async fn space(client: &TableClient, sizes: &Row) -> Result<Space, Failure> {
    let sql = include_str!("../sql/index_sizes.sql");
    let indexes = client.rows(sql, &[]).await?;
    let index = |row: &Row| {
        Ok(IndexSize {
            name: get(row, "name")?,
            bytes: number(row, "bytes")?,
        })
    };
    Ok(Space {
        table_bytes: number(sizes, "heap")?,
        beside_table_bytes: number(sizes, "beside")?,
        indexes_bytes: number(sizes, "indexes")?,
        earlier_ids_bytes: number(sizes, "earlier_ids")?,
        indexes: indexes.iter().map(index).collect::<Result<_, Failure>>()?,
    })
}

fn upkeep(sizes: &Row) -> Result<Upkeep, Failure> {
    let (updates, hot_updates) = (number(sizes, "updates")?, number(sizes, "hot_updates")?);
    let (live, dead_rows) = (number(sizes, "live_rows")?, number(sizes, "dead_rows")?);
    let vacuumed: Option<i64> = get(sizes, "vacuumed")?;
    Ok(Upkeep {
        updates,
        hot_updates,
        hot_percent: percent(hot_updates, updates),
        dead_rows,
        dead_percent: percent(dead_rows, live + dead_rows),
        last_vacuum: vacuumed.map(|at| crate::time::shown(Timestamp::from_unix_seconds(at))),
    })
}

fn percent(part: u64, whole: u64) -> Option<f64> {
    #[allow(clippy::cast_precision_loss)] // It is a share.
    (whole > 0).then(|| (1000.0 * part as f64 / whole as f64).round() / 10.0)
}

fn number(row: &Row, name: &str) -> Result<u64, Failure> {
    Ok(get::<i64>(row, name)?.max(0).unsigned_abs())
}

fn get<'a, T: FromSql<'a>>(row: &'a Row, name: &str) -> Result<T, Failure> {
    Ok(row.try_get(name)?)
}
