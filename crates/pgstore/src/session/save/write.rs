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
use crate::telemetry::SaveOutcome;

/// What a plan that was carried out has done.
pub(super) struct Saved {
    pub(super) cookie: CookieChange,
    /// How, for the operator; `None` if there was nothing to do.
    pub(super) outcome: Option<SaveOutcome>,
}

impl Saved {
    pub(super) fn by(outcome: SaveOutcome, cookie: CookieChange) -> Self {
        let outcome = Some(outcome);
        Self { cookie, outcome }
    }
}

impl Session {
    pub(super) async fn execute(&self, plan: Plan) -> Result<Outcome<Saved>, SessionError> {
        let (outcome, how) = match plan {
            Plan::Keep => {
                return Ok(Outcome::Saved(Saved {
                    cookie: self.cookie_without_saving(),
                    outcome: None,
                }));
            }
            Plan::Gone => return Err(SessionError::Gone),
            Plan::Unavailable => return Err(SessionError::Degraded),
            Plan::Touch(id) => return Ok(Outcome::Saved(self.touch(&id).await)),
            Plan::Check(id) => (self.check_row(&id).await?, SaveOutcome::Unchanged),
            Plan::Leave => {
                let covers = self.state().covers_all();
                (self.leave_row(&covers), SaveOutcome::Unchanged)
            }
            Plan::Delete(id) => {
                self.delete_row(&id).await?;
                (Outcome::Saved(self.removal()), SaveOutcome::Deleted)
            }
            Plan::Insert => (self.insert_row().await?, SaveOutcome::Inserted),
            Plan::Update(id) => (self.update_row(&id).await?, SaveOutcome::Updated),
            Plan::Rotate(id) => (self.rename_row(&id, true).await?, SaveOutcome::Renamed),
            Plan::Rename(id) => (self.rename_row(&id, false).await?, SaveOutcome::Renamed),
        };
        Ok(outcome.map(|cookie| Saved::by(how, cookie)))
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
    async fn touch(&self, id: &SessionId) -> Saved {
        let counters = &self.rows().counters;
        let outcome = match self.update_row(id).await {
            Ok(Outcome::Saved(cookie)) => {
                counters.touched.add(1);
                return Saved::by(SaveOutcome::Touched, cookie);
            }
            Ok(Outcome::Missed) => {
                counters.touches_overtaken.add(1);
                SaveOutcome::TouchOvertaken
            }
            Ok(Outcome::Lost) => {
                counters.touches_failed.add(1);
                SaveOutcome::TouchFailed
            }
            Err(error) => {
                counters.touches_failed.add(1);
                let error = error.for_the_log();
                tracing::debug!(
                    error,
                    "could not extend the lifetime of a session that was read"
                );
                SaveOutcome::TouchFailed
            }
        };
        self.state().forget_attempts();
        Saved::by(outcome, self.cookie_without_touch())
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
