//! What a statement is.

use std::future::Future;

use tokio_postgres::types::Type;

use super::execution::Execution;
use crate::store::postgres::failure::AttemptFailure;
use crate::store::postgres::migrations::Migration;
use crate::telemetry::{Operation, Table};

/// Which connections a statement uses.
///
/// A connection answers its statements in order. A statement that takes long, or whose commit waits for
/// the disk, would delay those behind it, so the kinds use connections of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// For reads of single sessions: neither a lock nor a commit can delay them.
    Reads,
    /// For the writes of requests. With
    /// [`StatementStrategy::Gathered`](super::super::statement_strategy::StatementStrategy) they wait
    /// for no row lock.
    Writes,
    /// For statements that may take long or wait for a row lock, and must not delay the others.
    Slow,
    /// For reads of many sessions. However many ask for them, they keep one connection busy, and so one
    /// core of the server, and leave another one to the slow writes: logging in and ending sessions.
    Lists,
}

/// What a second execution does when the answer of the first one was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The statement changes nothing. It is repeated.
    None,
    /// A second execution has no further effect. It is repeated.
    Idempotent,
    /// A second execution would miss the row that the first one changed, or write a second row.
    /// It is not repeated; the caller has to find out.
    Once,
}

/// One statement with its parameters.
///
/// A statement is plain data, so an executor may also gather the statements of several callers
/// into one.
pub(crate) trait Statement: Sync {
    /// What the statement answers.
    type Output: Send;

    /// The text, for the table `http_sessions`.
    const SQL: &'static str;

    /// The types of the parameters, in order.
    const PARAMETERS: &'static [Type];

    /// What a second execution does.
    const EFFECT: Effect;

    /// Which connections it uses.
    const LANE: Lane;

    /// What it does, for spans and metrics.
    const OPERATION: Operation;

    /// Which table it is about, for spans and metrics.
    const TABLE: Table = Table::Sessions;

    /// The last migration that makes a column which the text names.
    const MIGRATION: &'static Migration;

    /// How many callers' requests it carries.
    fn requests(&self) -> usize {
        1
    }

    /// Sends the statement and reads the answer.
    fn run(
        &self,
        execution: &Execution<'_>,
    ) -> impl Future<Output = Result<Self::Output, AttemptFailure>> + Send;
}
