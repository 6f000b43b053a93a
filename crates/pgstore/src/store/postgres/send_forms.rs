//! In which form one connection sends each statement.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio_postgres::Client;

use super::failure::AttemptFailure;
use super::liveness::Liveness;
use super::statements::{SendForm, Statement};
use super::table_name::TableName;

/// The form of each statement, by its SQL. A statement that gets a name is prepared at its first use;
/// callers that come meanwhile send it without one, so that nobody waits for the first caller.
// The list is short (one entry a statement type), so a search by text is as quick as a hash.
#[derive(Debug)]
pub(super) struct SendForms {
    /// Whether statements get names.
    are_named: bool,
    forms: Mutex<Vec<(&'static str, Arc<KnownForm>)>>,
}

/// A statement's form, once it is known.
#[derive(Debug, Default)]
struct KnownForm {
    form: OnceLock<SendForm>,
    is_being_prepared: AtomicBool,
}

/// A caller that prepares a statement. When it is dropped, another one may.
struct Preparing<'a>(&'a KnownForm);

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
        let known = self.known(S::SQL);
        if let Some(form) = known.form.get() {
            return Ok(form.clone());
        }
        let text = table.put_into(S::SQL);
        if !self.are_named {
            let form = SendForm::Unnamed(text.into());
            return Ok(known.form.get_or_init(|| form).clone());
        }
        let Some(_preparing) = known.prepare() else {
            return Ok(SendForm::Unnamed(text.into()));
        };
        let prepared = client.prepare_typed(&text, S::PARAMETERS).await;
        liveness.heard();
        let form = SendForm::Named(prepared?);
        Ok(known.form.get_or_init(|| form).clone())
    }

    /// Forgets the names, so that each statement is prepared anew at its next use.
    pub(super) fn forget(&self) {
        self.forms().clear();
    }

    fn known(&self, sql: &'static str) -> Arc<KnownForm> {
        let mut forms = self.forms();
        if let Some((_, known)) = forms.iter().find(|(text, _)| *text == sql) {
            return Arc::clone(known);
        }
        let known = Arc::<KnownForm>::default();
        forms.push((sql, Arc::clone(&known)));
        known
    }

    fn forms(&self) -> MutexGuard<'_, Vec<(&'static str, Arc<KnownForm>)>> {
        // No code panics while it holds the lock.
        self.forms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KnownForm {
    /// `None` if another caller prepares it.
    fn prepare(&self) -> Option<Preparing<'_>> {
        let is_taken = self.is_being_prepared.swap(true, Ordering::Relaxed);
        (!is_taken).then(|| Preparing(self))
    }
}

impl Drop for Preparing<'_> {
    fn drop(&mut self) {
        self.0.is_being_prepared.store(false, Ordering::Relaxed);
    }
}
