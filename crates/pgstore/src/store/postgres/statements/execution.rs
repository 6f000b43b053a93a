//! How a statement goes to the server: with a name or without one.

use std::sync::Arc;

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, Row as PgRow, Statement as Prepared};

use crate::store::postgres::columns::Parameter;
use crate::store::postgres::failure::AttemptFailure;
use crate::store::postgres::text::Texts;
use crate::store::{StoreError, StoreErrorKind};

/// A statement as a connection sends it.
#[derive(Clone, Debug)]
pub(crate) enum SendForm {
    /// The server has prepared it under a name.
    Named(Prepared),
    /// Its text goes along each time, and nothing of it stays with the server.
    Unnamed(Arc<str>),
}

/// One statement on one connection.
pub(crate) struct Execution<'a> {
    client: &'a Client,
    form: &'a SendForm,
    /// The types of the statement's parameters.
    types: &'static [Type],
    texts: Texts,
}

impl<'a> Execution<'a> {
    /// `types`: those of the statement's parameters.
    pub(crate) fn new(client: &'a Client, form: &'a SendForm, types: &'static [Type]) -> Self {
        Self {
            client,
            form,
            types,
            texts: Texts::AsTheyAre,
        }
    }

    /// How the statement stores owners and labels.
    pub(super) fn texts(&self) -> Texts {
        self.texts
    }

    pub(super) fn with_texts(&self, texts: Texts) -> Execution<'a> {
        Execution { texts, ..*self }
    }

    /// The rows that the statement answers.
    pub(super) async fn query(&self, parameters: &[Parameter<'_>]) -> Result<Vec<PgRow>, Error> {
        match self.form {
            SendForm::Named(prepared) => self.client.query(prepared, parameters).await,
            SendForm::Unnamed(text) => {
                let typed = self.typed(parameters);
                self.client.query_typed(text, &typed).await
            }
        }
    }

    /// The first row, if the statement answers any.
    pub(super) async fn query_opt(
        &self,
        parameters: &[Parameter<'_>],
    ) -> Result<Option<PgRow>, Error> {
        Ok(self.query(parameters).await?.into_iter().next())
    }

    /// The row of a statement that always answers one.
    pub(super) async fn query_one(
        &self,
        parameters: &[Parameter<'_>],
    ) -> Result<PgRow, AttemptFailure> {
        let row = self.query_opt(parameters).await?;
        row.ok_or_else(no_answer)
    }

    /// How many rows the statement changed.
    pub(super) async fn execute(&self, parameters: &[Parameter<'_>]) -> Result<u64, Error> {
        match self.form {
            SendForm::Named(prepared) => self.client.execute(prepared, parameters).await,
            SendForm::Unnamed(text) => {
                let typed = self.typed(parameters);
                self.client.execute_typed(text, &typed).await
            }
        }
    }

    fn typed<'p>(&self, parameters: &[Parameter<'p>]) -> Vec<(Parameter<'p>, Type)> {
        let types = self.types.iter().cloned();
        parameters.iter().copied().zip(types).collect()
    }
}

/// The row of a statement that always answers one.
pub(super) fn one(rows: &[PgRow]) -> Result<&PgRow, AttemptFailure> {
    rows.first().ok_or_else(no_answer)
}

/// The server, or what stands in front of it, did not execute the statement that was sent.
fn no_answer() -> AttemptFailure {
    StoreError::new(StoreErrorKind::Other).into()
}
