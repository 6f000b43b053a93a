//! A statement that is sent again because the database's encoding lacks a character.

use tokio_postgres::types::Type;

use super::execution::Execution;
use super::statement::{Effect, Lane, Statement};
use crate::store::postgres::failure::AttemptFailure;
use crate::store::postgres::migrations::Migration;
use crate::store::postgres::text::Texts;
use crate::telemetry::{Operation, Table};

/// The statement with labels, or labels and owners, escaped.
pub(crate) struct Escaped<'a, S> {
    pub(crate) statement: &'a S,
    pub(crate) texts: Texts,
}

impl<S: Statement> Statement for Escaped<'_, S> {
    type Output = S::Output;
    const SQL: &'static str = S::SQL;
    const PARAMETERS: &'static [Type] = S::PARAMETERS;
    const EFFECT: Effect = S::EFFECT;
    const LANE: Lane = S::LANE;
    const OPERATION: Operation = S::OPERATION;
    const TABLE: Table = S::TABLE;
    const MIGRATION: &'static Migration = S::MIGRATION;

    fn requests(&self) -> usize {
        self.statement.requests()
    }

    async fn run(&self, execution: &Execution<'_>) -> Result<S::Output, AttemptFailure> {
        self.statement.run(&execution.with_texts(self.texts)).await
    }
}
