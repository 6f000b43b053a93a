//! One statement for the requests of several callers.

use super::execution::Execution;
use super::statement::{Effect, Lane, Statement};
use crate::id::SessionId;
use crate::store::postgres::failure::AttemptFailure;
use crate::store::postgres::migrations::Migration;
use crate::store::{StoreError, StoreErrorKind};
use crate::telemetry::{Operation, Table};
use tokio_postgres::types::Type;

/// A statement that carries the requests of several callers, and answers each.
///
/// The answers are in the order of the requests. A request fails alone if the statement can tell
/// which one it is. Otherwise the statement fails, and the executor sends each request by itself.
pub(crate) trait Gathered:
    Statement<Output = Vec<Result<Self::Answer, StoreError>>> + Send + Sized + 'static
{
    /// What one caller asks: a statement for it alone, which may wait for a row.
    type Request: Statement<Output: Into<Self::Answer>> + Send + 'static;

    /// What a caller sends that finds a place free.
    type Alone: Statement<Output = Self::Answer> + Send;

    /// What one caller is answered.
    type Answer: GatheredAnswer;

    /// The statement for these requests.
    fn of(requests: Vec<Self::Request>) -> Self;

    /// The statement for one request, which waits for no row.
    fn alone(request: Self::Request) -> Self::Alone;

    /// How much data a request carries.
    fn bytes(_: &Self::Request) -> usize {
        0
    }

    /// The session of which one request at a time may be under way, if any.
    fn id(_: &Self::Request) -> Option<&SessionId> {
        None
    }
}

/// What one caller of a gathered statement is answered.
pub(crate) trait GatheredAnswer: Send + 'static {
    /// Whether another writer had the row at that moment, so that nothing was done.
    fn is_busy(&self) -> bool {
        false
    }
}

/// A gathered statement for the request of one caller.
pub(crate) struct One<G>(G);

impl<G: Gathered> One<G> {
    pub(crate) fn of(request: G::Request) -> Self {
        Self(G::of(vec![request]))
    }
}

impl<G: Gathered> Statement for One<G> {
    type Output = G::Answer;
    const SQL: &'static str = G::SQL;
    const PARAMETERS: &'static [Type] = G::PARAMETERS;
    const EFFECT: Effect = G::EFFECT;
    const LANE: Lane = G::LANE;
    const OPERATION: Operation = G::OPERATION;
    const TABLE: Table = G::TABLE;
    const MIGRATION: &'static Migration = G::MIGRATION;

    async fn run(&self, execution: &Execution<'_>) -> Result<G::Answer, AttemptFailure> {
        let answer = self.0.run(execution).await?.pop();
        // A gathered statement answers each request.
        Ok(answer.unwrap_or_else(|| Err(StoreError::new(StoreErrorKind::Other)))?)
    }
}
