//! Carries out a plan: one statement each.

use super::attempt::Outcome;
use super::plan::Plan;
use crate::id::SessionId;
use crate::policy::Touch;
use crate::session::change::Change;
use crate::session::cookie_change::CookieChange;
use crate::session::record::{NewRow, RowMeta, SealedRow};
use crate::session::state::{Attempt, CoveredChanges, Replaces, Snapshot};
use crate::session::{Session, SessionError, Usage};
use crate::store::Written;

impl Session {
    pub(super) async fn execute(&self, plan: Plan) -> Result<Outcome<CookieChange>, SessionError> {
        match plan {
            Plan::Keep => Ok(Outcome::Saved(self.cookie_without_saving())),
            Plan::Gone => Err(SessionError::Gone),
            Plan::Unavailable => Err(SessionError::Degraded),
            Plan::Touch(id) => self.touch(&id).await,
            Plan::Check(id) => self.check_row(&id).await,
            Plan::Leave => {
                let covers = self.state().covers_all();
                Ok(self.leave_row(&covers))
            }
            Plan::Delete(id) => {
                self.delete_row(&id).await?;
                Ok(Outcome::Saved(self.removal()))
            }
            Plan::Insert => self.insert_row().await,
            Plan::Update(id) => self.update_row(&id).await,
            Plan::Rotate(id) => self.rename_row(&id, true).await,
            Plan::Rename(id) => self.rename_row(&id, false).await,
        }
    }

    async fn insert_row(&self) -> Result<Outcome<CookieChange>, SessionError> {
        let (rows, snapshot) = (self.rows(), self.snapshot()?);
        let sealed = rows.seal_first(self.new_row(&snapshot, None)?)?;
        let id = SessionId::generate()?;
        let attempt = attempt(&snapshot.covers, &sealed, &id, Replaces::Nothing);
        let insert = async {
            rows.insert(&id, &sealed.row).await?;
            Ok(Written::Saved)
        };
        let outcome = self.attempt(attempt, insert).await?;
        Ok(outcome.map(|()| self.cookie_for_saving(&snapshot)))
    }

    async fn update_row(&self, id: &SessionId) -> Result<Outcome<CookieChange>, SessionError> {
        let (rows, snapshot) = (self.rows(), self.snapshot()?);
        let Some(read) = &snapshot.row else {
            return Ok(Outcome::Missed);
        };
        let sealed = rows.seal_next(self.new_row(&snapshot, Some(read))?, read)?;
        let replaces = Replaces::Version(read.version);
        let attempt = attempt(&snapshot.covers, &sealed, id, replaces);
        let update = rows.update(id, read, &sealed.row);
        let outcome = self.attempt(attempt, update).await?;
        Ok(outcome.map(|()| self.cookie_for_saving(&snapshot)))
    }

    async fn rename_row(
        &self,
        old: &SessionId,
        is_gentle: bool,
    ) -> Result<Outcome<CookieChange>, SessionError> {
        let (rows, snapshot) = (self.rows(), self.snapshot()?);
        let row = self.new_row(&snapshot, None)?;
        let sealed = match &snapshot.row {
            Some(read) if is_gentle => rows.seal_next(row, read)?,
            _ => rows.seal_renewed(row)?,
        };
        let (read, new) = (snapshot.row.as_ref(), SessionId::generate()?);
        let replaces = Replaces::OldId(old.clone(), read.map(|read| read.version));
        let attempt = attempt(&snapshot.covers, &sealed, &new, replaces);
        let rename = rows.rename(old, read, &new, &sealed.row, is_gentle);
        let outcome = self.attempt(attempt, rename).await?;
        Ok(outcome.map(|()| self.cookie_for_saving(&snapshot)))
    }

    /// Makes sure that the session still is as it was read, because nothing else is to be written.
    async fn check_row(&self, id: &SessionId) -> Result<Outcome<CookieChange>, SessionError> {
        let (covers, read) = {
            let state = self.state();
            (state.covers_all(), state.row().map(|row| row.version))
        };
        let found = self.rows().version(id).await?;
        Ok(match found.is_some() && found == read {
            true => self.leave_row(&covers),
            false => Outcome::Missed,
        })
    }

    fn leave_row(&self, covers: &CoveredChanges) -> Outcome<CookieChange> {
        self.state().record_unchanged(covers);
        self.rows().counters.unchanged.add(1);
        Outcome::Saved(CookieChange::Keep)
    }

    /// Seals the row again so that the session lasts. A failure does not fail the request, which has
    /// only read.
    async fn touch(&self, id: &SessionId) -> Result<Outcome<CookieChange>, SessionError> {
        let counters = &self.rows().counters;
        match self.update_row(id).await {
            Ok(Outcome::Saved(cookie)) => {
                counters.touched.add(1);
                return Ok(Outcome::Saved(cookie));
            }
            Ok(Outcome::Missed) => counters.touches_overtaken.add(1),
            Ok(Outcome::Lost) => counters.touches_failed.add(1),
            Err(error) => {
                counters.touches_failed.add(1);
                let error = error.with_causes();
                tracing::debug!(
                    error,
                    "could not extend the lifetime of a session that was read"
                );
            }
        }
        self.state().forget_attempts();
        Ok(Outcome::Saved(self.cookie_without_touch()))
    }

    /// Ends the session, and that of every other cookie of the name.
    pub(super) async fn delete_row(&self, id: &SessionId) -> Result<(), SessionError> {
        let others = self.state().cookies().into_iter().skip(1);
        let others: Vec<_> = others.map(|cookie| cookie.id).collect();
        for id in std::iter::once(id).chain(&others) {
            self.rows().logouts.end(id).await?;
        }
        self.state().record_deleted();
        Ok(())
    }

    /// Deletes the first rows that attempts in doubt may have inserted: no cookie carries their IDs.
    pub(super) async fn delete_first_rows_in_doubt(&self) -> Result<(), SessionError> {
        let ids = self.state().first_ids_in_doubt();
        for id in &ids {
            self.rows().logouts.end(id).await?;
        }
        self.state().forget_all_attempts();
        Ok(())
    }

    fn snapshot(&self) -> Result<Snapshot, SessionError> {
        self.state().snapshot(&self.rows().sources)
    }

    /// Whether saving the snapshot extends the session's lifetime.
    fn counts_as_use(&self, snapshot: &Snapshot) -> bool {
        let only_reads = snapshot.covers.change == Change::None;
        let is_recorded = !(only_reads && self.rows().policy.touch == Touch::Never);
        self.usage() == Usage::Request && is_recorded
    }

    /// The row that a snapshot becomes.
    fn new_row<'a>(
        &self,
        snapshot: &'a Snapshot,
        read: Option<&RowMeta>,
    ) -> Result<NewRow<'a>, SessionError> {
        Ok(NewRow {
            values: &snapshot.values,
            extras: snapshot.extras.with_save_token()?,
            used_at: read
                .filter(|_| !self.counts_as_use(snapshot))
                .map(RowMeta::last_use),
        })
    }
}

fn attempt(
    covers: &CoveredChanges,
    sealed: &SealedRow,
    id: &SessionId,
    replaces: Replaces,
) -> Attempt {
    Attempt {
        covers: covers.clone(),
        id: id.clone(),
        meta: sealed.meta(),
        replaces,
        takes: None,
    }
}
