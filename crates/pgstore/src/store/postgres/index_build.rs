//! Makes the indexes that a table in use lacks, while others read and write.
//!
//! CREATE INDEX CONCURRENTLY cannot run in a transaction, and it waits until all older snapshots have
//! gone. So the migrator's lock is held by a second connection, in a transaction without a snapshot.
//! Nothing is set for a session and no lock outlives a transaction: a transaction pooler would hand
//! both on to strangers.

use std::time::Duration;

use tokio::time::{Instant, timeout};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::catalogue::look;
use super::connection_source::{ConnectionSource, Dedicated};
use super::fitness::shape;
use super::migrate_error::MigrateError;
use super::migrate_progress::MigrateProgress;
use super::migrate_step::{Progress, lock, soon, within};
use super::migration_step::{NewIndex, Relation};
use super::migrations::Migration;
use super::table_name::TableName;

/// How long a second connection may take to get the lock, and the first one to answer then. An application's
/// pool or a pooler may have one connection only.
const SECOND_CONNECTION: Duration = Duration::from_secs(5);

/// How often the progress of a build is asked for.
const BETWEEN_REPORTS: Duration = Duration::from_millis(500);

/// Who makes the indexes.
pub(super) struct IndexBuilder<'a> {
    pub(super) client: &'a Client,
    pub(super) source: &'a ConnectionSource,
    pub(super) table: &'a TableName,
    pub(super) deadline: Instant,
    pub(super) tell: &'a (dyn Fn(MigrateProgress) + Send + Sync),
}

/// The second connection: it holds the lock, and watches.
struct Watcher(Option<Dedicated>);

/// An invalid index that an earlier attempt left, or that somebody is building.
struct Unfinished {
    name: String,
    is_being_built: bool,
}

/// A partition, and its part of an index.
struct Part {
    partition: String,
    has_rows: bool,
    /// As SQL, without a schema and with it.
    name: String,
    full_name: String,
    index_above: String,
    /// `None` if there is none.
    is_valid: Option<bool>,
    is_attached: bool,
}

impl IndexBuilder<'_> {
    /// Makes the missing indexes under the migrator's lock. Returns the numbers of the migrations
    /// whose indexes were made.
    pub(super) async fn run(&mut self) -> Result<(Progress, Vec<u32>), MigrateError> {
        let mut watcher = match within(self.deadline, self.watcher()).await? {
            Some(watcher) => watcher,
            None => return Ok((Progress::OthersWork, Vec::new())),
        };
        let mut applied = Vec::new();
        let made = self.make_all(&mut watcher, &mut applied).await;
        // The end of the transaction releases the lock; if this fails, so does the connection.
        if let Some(second) = &watcher.0 {
            let _ = second.batch_execute("ROLLBACK").await;
        }
        Ok((made?, applied))
    }

    /// Takes the lock over a second connection; `None` if another migrator has it.
    ///
    /// There may be none: a pool or a pooler gives a second connection to nobody, or, once that one is in a
    /// transaction, has none left for the first. Without the lock, others who build the same index are noticed by
    /// what they leave.
    async fn watcher(&self) -> Result<Option<Watcher>, MigrateError> {
        let Ok(locked) = timeout(SECOND_CONNECTION, self.lock_beside()).await else {
            return Ok(Some(Watcher(None)));
        };
        let Some(second) = locked? else {
            return Ok(None);
        };
        let first = timeout(SECOND_CONNECTION, self.client.check_connection());
        if first.await.is_ok() {
            return Ok(Some(Watcher(Some(second))));
        }
        second.batch_execute("ROLLBACK").await?;
        Ok(Some(Watcher(None)))
    }

    /// A second connection, in a transaction that has the lock; `None` if another migrator has it.
    async fn lock_beside(&self) -> Result<Option<Dedicated>, MigrateError> {
        let second = self.source.connect().await.map_err(MigrateError::connect)?;
        second.batch_execute(include_str!("sql/begin.sql")).await?;
        let sql = include_str!("sql/lock_in_transaction.sql");
        let is_locked = lock(&*second, sql, self.table).await?;
        let no_limit = include_str!("sql/no_transaction_timeout.sql");
        second.batch_execute(no_limit).await?;
        forget_snapshot(&second).await?;
        Ok(is_locked.then_some(second))
    }

    async fn make_all(
        &mut self,
        watcher: &mut Watcher,
        applied: &mut Vec<u32>,
    ) -> Result<Progress, MigrateError> {
        let found = within(self.deadline, look(self.client, self.table)).await?;
        let shape = within(self.deadline, shape(self.client, self.table)).await?;
        let is_partitioned = shape.is_some_and(|shape| shape.is_partitioned());
        for (migration, index) in found.without_indexes() {
            let progress = match is_partitioned && index.relation == Relation::Sessions {
                true => self.make_by_parts(&index, watcher).await?,
                false => self.make(&index, watcher).await?,
            };
            if let Progress::OthersWork = progress {
                return Ok(progress);
            }
            note(applied, migration);
        }
        Ok(Progress::Made)
    }

    async fn make(
        &mut self,
        index: &NewIndex,
        watcher: &mut Watcher,
    ) -> Result<Progress, MigrateError> {
        let quoted = self.table.put_into(index.name);
        let relation = index.relation.quoted(self.table);
        if self
            .remove_left_over(&relation, quoted.trim_matches('"'))
            .await?
        {
            return Ok(Progress::OthersWork);
        }
        let now = within(self.deadline.max(soon()), look(self.client, self.table)).await?;
        if !now.lacks(index) {
            return Ok(Progress::OthersWork);
        }
        let text = self.table.put_into(&index.concurrently());
        self.build(&quoted, &relation, &text, watcher).await?;
        let made = within(self.deadline.max(soon()), look(self.client, self.table)).await?;
        made.refuse_without(index, self.table)?;
        Ok(Progress::Made)
    }

    /// Makes the index of a partitioned table: its frame first, then the parts, each of which is
    /// attached to the one above it.
    async fn make_by_parts(
        &mut self,
        index: &NewIndex,
        watcher: &mut Watcher,
    ) -> Result<Progress, MigrateError> {
        let frame = self.table.put_into(&index.on_the_whole());
        self.in_a_moment(&frame).await?;
        for part in self.parts(index).await? {
            if part.is_valid == Some(true) {
                continue;
            }
            if part.has_rows {
                let bare = part.name.trim_matches('"');
                if self.remove_left_over(&part.partition, bare).await? {
                    return Ok(Progress::OthersWork);
                }
                let text = index.on_a_partition(&part.name, &part.partition);
                self.build(&part.name, &part.partition, &text, watcher)
                    .await?;
            } else if part.is_valid.is_none() {
                let text = index.on_a_partitioned_partition(&part.name, &part.partition);
                self.in_a_moment(&text).await?;
            }
        }
        for part in self.parts(index).await? {
            if !part.is_attached {
                let attach = include_str!("sql/attach_index.sql");
                let attach = attach.replace("index_above", &part.index_above);
                let attach = attach.replace("index_part", &part.full_name);
                self.in_a_moment(&attach).await?;
            }
        }
        let made = within(self.deadline.max(soon()), look(self.client, self.table)).await?;
        made.refuse_without(index, self.table)?;
        Ok(Progress::Made)
    }

    /// Runs a quick statement that needs a lock for which it waits only a moment.
    async fn in_a_moment(&self, statement: &str) -> Result<(), MigrateError> {
        let limit = include_str!("sql/migration_lock_waits.sql");
        let begin = include_str!("sql/begin.sql");
        let all = [begin, limit, statement, "COMMIT"].map(|text| format!("{};\n", text.trim_end()));
        let done = self.client.batch_execute(&all.concat()).await;
        if done.is_err() {
            // A failure leaves the transaction open.
            let _ = self.client.batch_execute("ROLLBACK").await;
        }
        Ok(done?)
    }

    async fn parts(&self, index: &NewIndex) -> Result<Vec<Part>, MigrateError> {
        let quoted = self.table.put_into(index.name);
        let relation = index.relation.quoted(self.table);
        let suffix = index.suffix();
        let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] = [
            (&relation, Type::TEXT),
            (&quoted.trim_matches('"'), Type::TEXT),
            (&suffix, Type::TEXT),
        ];
        let sql = include_str!("sql/partitions.sql");
        let rows = self.client.query_typed(sql, &parameters).await?;
        Ok(rows.iter().map(part).collect::<Result<_, _>>()?)
    }

    /// Runs the build of an index, and tells how far it is.
    async fn build(
        &mut self,
        name: &str,
        relation: &str,
        statement: &str,
        watcher: &mut Watcher,
    ) -> Result<(), MigrateError> {
        tracing::info!(index = name, "building an index of the sessions table");
        let mut building = std::pin::pin!(self.client.batch_execute(statement));
        loop {
            (self.tell)(MigrateProgress::BuildingIndex {
                index: name.trim_matches('"').to_owned(),
                percent: watcher.percent_done(relation).await,
            });
            if let Ok(built) = timeout(BETWEEN_REPORTS, &mut building).await {
                return Ok(built?);
            }
        }
    }

    /// Drops what an earlier build left. `true` if somebody is building it now.
    ///
    /// It looks twice, because a build that ends just now may seem neither valid nor under way.
    async fn remove_left_over(&self, relation: &str, name: &str) -> Result<bool, MigrateError> {
        for is_second_look in [false, true] {
            let left = self.unfinished(relation, name).await?;
            if left.iter().any(|one| one.is_being_built) {
                return Ok(true);
            }
            if left.is_empty() {
                return Ok(false);
            }
            for one in left.iter().filter(|_| is_second_look) {
                let drop = include_str!("sql/drop_index.sql");
                let drop = drop.replace("unfinished_index", &one.name);
                self.client.batch_execute(&drop).await?;
            }
        }
        Ok(false)
    }

    async fn unfinished(
        &self,
        relation: &str,
        name: &str,
    ) -> Result<Vec<Unfinished>, MigrateError> {
        let sql = include_str!("sql/unfinished_index.sql");
        let parameters: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
            [(&relation, Type::TEXT), (&name, Type::TEXT)];
        let rows = self.client.query_typed(sql, &parameters).await?;
        let read = |row: &Row| {
            Ok(Unfinished {
                name: row.try_get(0)?,
                is_being_built: row.try_get(1)?,
            })
        };
        rows.iter().map(read).collect()
    }
}

impl Watcher {
    /// How much of a build is done; `None` if that is not known.
    async fn percent_done(&self, relation: &str) -> Option<u8> {
        let second = self.0.as_ref()?;
        let sql = include_str!("sql/index_progress.sql");
        let rows = second.query_typed(sql, &[(&relation, Type::TEXT)]).await;
        forget_snapshot(second).await.ok()?;
        let percent: Option<i64> = rows.ok()?.first()?.try_get(0).ok()?;
        u8::try_from(percent?.clamp(0, 100)).ok()
    }
}

/// A query with parameters keeps its snapshot until the next statement, and the build would wait for
/// it. This statement has none.
async fn forget_snapshot(second: &Client) -> Result<(), tokio_postgres::Error> {
    second
        .batch_execute(include_str!("sql/stay_open.sql"))
        .await
}

fn part(row: &Row) -> Result<Part, tokio_postgres::Error> {
    Ok(Part {
        partition: row.try_get(0)?,
        has_rows: row.try_get(1)?,
        name: row.try_get(2)?,
        full_name: row.try_get(3)?,
        index_above: row.try_get(4)?,
        is_valid: row.try_get(5)?,
        is_attached: row.try_get(6)?,
    })
}

fn note(applied: &mut Vec<u32>, migration: &Migration) {
    if !applied.contains(&migration.number()) {
        applied.push(migration.number());
    }
}
