//! Proves by doing that sessions can be kept: a session's whole life in one transaction, undone.
//!
//! It sends the statements that requests send, on a connection of its own: a transaction on a shared
//! one would take in the statements of other callers.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_postgres::{Client, IsolationLevel};

use super::connection_source::Dedicated;
use super::failure::{AttemptFailure, Retry};
use super::inner::Inner;
use super::needs_migration::NeedsMigration;
use super::refusal::refused;
use super::statements::{
    Confirm, Delete, DeleteAll, EarlierId, EarlierIds, Execution, Gathered, Insert, Load, Move,
    Remember, Removed, Rename, Renamed, Replaced, SendForm, Statement, Update, UpdateAll,
};
use super::table_name::TableName;
use crate::clock::Timestamp;
use crate::handle::SessionHandle;
use crate::id::SessionId;
use crate::random::{self, RngError};
use crate::store::{
    IdChange, Lookup, PreviousId, Row, RowExtras, StoreError, StoreErrorKind, Written,
};

/// How often a probe is sent whose connection was lost, or whose server turned out to be a standby.
const TRIES: usize = 3;

/// The probe's row is in no other transaction's view, so its lifetime does not matter.
const LIFETIME: Duration = Duration::from_secs(60 * 60);

impl Inner {
    /// Keeps a session in a transaction that is rolled back.
    pub(super) async fn probe(&self) -> Result<(), StoreError> {
        let _guard = self.executor.enter()?;
        let deadline = self.executor.deadline::<Update>();
        let mut tries = 1;
        loop {
            let failure = match self.probe_once(deadline).await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            let is_last = failure.retry == Retry::Never || tries == TRIES;
            if is_last || Instant::now() >= deadline {
                return Err(failure.error);
            }
            tries += 1;
        }
    }

    async fn probe_once(&self, deadline: Instant) -> Result<(), AttemptFailure> {
        let life = Life::beginning_at(self.clock.now()).map_err(rng_failed)?;
        let source = self.executor.source();
        let mut connection = timeout_at(deadline, source.connect())
            .await
            .map_err(|_| AttemptFailure::too_late())?
            .map_err(unavailable)?;
        let lived = timeout_at(deadline, live(&mut connection, &life, self))
            .await
            .unwrap_or_else(|_| Err(AttemptFailure::no_answer()));
        source.take_back(connection, lived.as_ref().err());
        lived
    }
}

/// Begins a transaction, lives the life in it, and rolls it back.
async fn live(
    connection: &mut Dedicated,
    life: &Life,
    inner: &Inner,
) -> Result<(), AttemptFailure> {
    let transaction = connection
        .build_transaction()
        .isolation_level(IsolationLevel::ReadCommitted)
        .start()
        .await?;
    let limits = [
        include_str!("sql/limit_lock_waits.sql"),
        include_str!("sql/limit_statements.sql"),
        include_str!("sql/check_constraints_now.sql"),
    ];
    transaction.batch_execute(&limits.join(";\n")).await?;
    let client = transaction.client();
    let distribution = inner.executor.distribution();
    distribution.ask(client, &inner.table).await?;
    let probe = Probe {
        client,
        is_distributed: distribution.is_distributed(),
        table: &inner.table,
        gathers: inner.executor.gathers(),
    };
    let lived = life.live(&probe).await;
    transaction.rollback().await?;
    lived
}

/// Sends statements within the probe's transaction.
struct Probe<'a> {
    client: &'a Client,
    table: &'a TableName,
    is_distributed: bool,
    /// Whether requests may share a statement.
    gathers: bool,
}

impl Probe<'_> {
    async fn run<S: Statement>(&self, statement: &S) -> Result<S::Output, AttemptFailure> {
        self.send(statement).await.map_err(|failure| {
            let error = match failure.error.kind() {
                StoreErrorKind::NotMigrated => NeedsMigration::of(S::MIGRATION, failure.error),
                _ => failure.error,
            };
            AttemptFailure { error, ..failure }
        })
    }

    async fn send<S: Statement>(&self, statement: &S) -> Result<S::Output, AttemptFailure> {
        let text = self.table.put_into(S::SQL);
        let form = SendForm::Unnamed(text.into());
        let execution = Execution::new(self.client, &form, S::PARAMETERS);
        statement.run(&execution).await
    }
}

/// The life of a session: its IDs and its rows.
struct Life {
    first: SessionId,
    second: SessionId,
    created: Row,
    saved: Row,
    renamed: Row,
    confirmed: Row,
}

impl Life {
    fn beginning_at(now: Timestamp) -> Result<Self, RngError> {
        let created = row(now, now)?;
        let moment = Duration::from_micros(1);
        let saved = next(&created, moment)?;
        let confirmed = next(&saved, moment)?;
        let mut renamed = confirmed.clone();
        renamed.extras.id_is_unconfirmed = true;
        Ok(Self {
            first: SessionId::generate()?,
            second: SessionId::generate()?,
            renamed,
            confirmed,
            created,
            saved,
        })
    }

    /// Inserts it, loads it, saves it, gives it a new ID, loads it by both, confirms the new one, and
    /// deletes it.
    async fn live(&self, probe: &Probe<'_>) -> Result<(), AttemptFailure> {
        let (first, second) = (&self.first, &self.second);
        let insert = Insert {
            id: first.clone(),
            row: self.created.clone(),
        };
        // A trigger may write the row into another table and count none; the load tells.
        probe.run(&insert).await?;
        self.must_load(first, &self.created, probe).await?;
        must_save(self.update(probe).await?, "a probe's update changed no row")?;
        self.rename(probe).await?;
        self.must_load(second, &self.renamed, probe).await?;
        self.must_lead(first, true, probe).await?;
        let confirm = Confirm {
            id: second,
            until: self.confirmed.expires_on,
            grace_until: self.confirmed.modified_on,
        };
        probe.run(&confirm).await?;
        self.must_load(second, &self.confirmed, probe).await?;
        self.must_lead(first, false, probe).await?;
        match self.delete(probe).await? {
            0 => Err(refused("a probe's row was not deleted").into()),
            _ => Ok(()),
        }
    }

    /// Replaces its row, as requests do.
    async fn update(&self, probe: &Probe<'_>) -> Result<Written, AttemptFailure> {
        let update = Update {
            id: self.first.clone(),
            seen: self.created.modified_on,
            row: self.saved.clone(),
        };
        if !probe.gathers {
            return probe.run(&update).await;
        }
        match probe.run(&UpdateAll::alone(update)).await? {
            Replaced::Done(written) => Ok(written),
            Replaced::Busy => Err(not_lockable()),
        }
    }

    /// Removes its row, as requests do.
    async fn delete(&self, probe: &Probe<'_>) -> Result<u64, AttemptFailure> {
        let delete = Delete {
            id: self.second.clone(),
        };
        if !probe.gathers {
            return probe.run(&delete).await;
        }
        match probe.run(&DeleteAll::alone(delete)).await? {
            Removed::Done(rows) => Ok(rows),
            Removed::Busy => Err(not_lockable()),
        }
    }

    /// Gives it the second ID, to which the first one leads.
    async fn rename(&self, probe: &Probe<'_>) -> Result<(), AttemptFailure> {
        let row = &self.renamed;
        let change = IdChange {
            old: &self.first,
            seen: Some(self.saved.modified_on),
            new: &self.second,
            previous: PreviousId {
                until: row.expires_on,
                grace_until: Some(row.expires_on),
            },
        };
        let renamed = match probe.is_distributed {
            true => {
                probe.run(&Remember { change, row }).await?;
                Renamed::Done(probe.run(&Move { change, row }).await?)
            }
            false => probe.run(&Rename { change, row }).await?,
        };
        match renamed {
            Renamed::Done(written) => must_save(written, "a probe's row got no new ID"),
            Renamed::KeyIsFixed(refused) => Err(refused.into()),
        }
    }

    /// The first ID must belong to the session under the second one, and lead to it in its grace time
    /// only.
    async fn must_lead(
        &self,
        id: &SessionId,
        has_grace: bool,
        probe: &Probe<'_>,
    ) -> Result<(), AttemptFailure> {
        let (ids, now) = (std::slice::from_ref(id), self.renamed.modified_on);
        let earlier = probe.run(&EarlierIds { ids, now }).await?;
        let is_right = |earlier: &EarlierId| {
            earlier.current.as_ref() == Some(&self.second)
                && matches!(earlier.lookup, Lookup::Row(..)) == has_grace
        };
        match earlier.iter().any(is_right) {
            true => Ok(()),
            false => Err(refused("a probe's first ID is not remembered as it must be").into()),
        }
    }

    async fn must_load(
        &self,
        id: &SessionId,
        row: &Row,
        probe: &Probe<'_>,
    ) -> Result<(), AttemptFailure> {
        let load = Load {
            id: id.clone(),
            now: row.modified_on,
        };
        let loaded = probe.run(&load).await?;
        match loaded.row {
            Some(loaded) if loaded == *row => Ok(()),
            Some(_) => Err(refused("a probe's row is not as it was written").into()),
            None => Err(refused("a probe's row cannot be read").into()),
        }
    }
}

/// The transaction's own row cannot be locked: a policy of row-level security forbids that.
fn not_lockable() -> AttemptFailure {
    refused("a probe's row cannot be locked").into()
}

fn must_save(written: Written, otherwise: &'static str) -> Result<(), AttemptFailure> {
    match written {
        Written::Saved => Ok(()),
        Written::Missed => Err(refused(otherwise).into()),
    }
}

/// A row without owner and label, which sessions may lack.
fn row(created_on: Timestamp, now: Timestamp) -> Result<Row, RngError> {
    Ok(Row {
        data: b"probe".to_vec(),
        created_on,
        modified_on: now,
        expires_on: now.plus(LIFETIME),
        extras: RowExtras {
            save_token: Some(i64::from_le_bytes(random::bytes()?)),
            max_age: Some(0),
            owner: None,
            label: None,
            handle: Some(SessionHandle::generate()?),
            id_is_unconfirmed: false,
        },
    })
}

/// The row that a save a moment later writes.
fn next(row: &Row, moment: Duration) -> Result<Row, RngError> {
    Ok(Row {
        modified_on: row.modified_on.plus(moment),
        extras: row.extras.with_save_token()?,
        ..row.clone()
    })
}

fn unavailable(error: Box<dyn std::error::Error + Send + Sync>) -> AttemptFailure {
    AttemptFailure::last(StoreError::caused_by(StoreErrorKind::Unavailable, error))
}

fn rng_failed(error: RngError) -> AttemptFailure {
    AttemptFailure::last(StoreError::caused_by(StoreErrorKind::Other, error))
}
