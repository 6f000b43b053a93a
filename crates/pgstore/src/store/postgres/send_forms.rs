//! In which form one connection sends each statement.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;
use tokio_postgres::Client;

use super::failure::AttemptFailure;
use super::liveness::Liveness;
use super::statements::{SendForm, Statement};
use super::table_name::TableName;

/// The form of each statement, by its SQL. A statement that gets a name is prepared at its first use;
/// callers that come meanwhile wait for that.
// The list is short (one entry a statement type), so a search by text is as quick as a hash.
#[derive(Debug)]
pub(super) struct SendForms {
    /// Whether statements get names.
    are_named: bool,
    forms: Mutex<Vec<(&'static str, FormCell)>>,
}

/// A statement's form, once it is known.
type FormCell = Arc<OnceCell<SendForm>>;

impl SendForms {
    pub(super) fn new(are_named: bool) -> Self {
        Self {
            are_named,
            forms: Mutex::default(),
        }
    }

    pub(super) async fn get<S: Statement>(
        &self,
        client: &Client,
        table: &TableName,
        liveness: &Liveness,
    ) -> Result<SendForm, AttemptFailure> {
        let form = || async {
            let text = table.put_into(S::SQL);
            match self.are_named {
                true => {
                    let prepared = client.prepare_typed(&text, S::PARAMETERS).await;
                    liveness.heard();
                    Ok(SendForm::Named(prepared?))
                }
                false => Ok(SendForm::Unnamed(text.into())),
            }
        };
        self.cell(S::SQL).get_or_try_init(form).await.cloned()
    }

    /// Forgets the names, so that each statement is prepared anew at its next use.
    pub(super) fn forget(&self) {
        self.forms().clear();
    }

    fn cell(&self, sql: &'static str) -> FormCell {
        let mut forms = self.forms();
        if let Some((_, cell)) = forms.iter().find(|(text, _)| *text == sql) {
            return Arc::clone(cell);
        }
        let cell = FormCell::default();
        forms.push((sql, Arc::clone(&cell)));
        cell
    }

    fn forms(&self) -> MutexGuard<'_, Vec<(&'static str, FormCell)>> {
        // No code panics while it holds the lock.
        self.forms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
