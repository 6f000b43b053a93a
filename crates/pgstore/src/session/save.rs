//! Stage 5: does what `plan` decided, one statement each.

use std::time::Duration;

use tokio::time::timeout;

use super::cookie_change::CookieChange;
use super::plan::{Change, Found, Plan, plan};
use super::rows::{Arrival, Draft, RowMeta, Sealed};
use super::settle::{Attempt, Over, Resolution, is_in_doubt, unknown};
use super::state::{CoveredChanges, Job, Source};
use super::{Session, SessionError, Usage};
use crate::id::SessionId;
use crate::random;
use crate::store::{StoreError, StoreErrorKind, Written};

/// How often a save is tried while other requests keep coming first.
const MOST_ATTEMPTS: u32 = 100;

/// How often a save of unknown fate is tried that turned out to have had no effect.
const MOST_LOST: u32 = 3;

/// What became of one try.
enum Outcome {
    Done(CookieChange),
    /// The row is not the one that was read: another request came first, or ended the session.
    Missed(SessionId),
    /// The answer was lost, and so was the statement.
    Lost(Found),
}

/// What became of one statement.
pub(super) enum Tried {
    Saved,
    Missed,
    /// It had no effect, and nobody is in its way.
    Lost,
}

impl Session {
    /// Whether saving will ask the store anything.
    pub(crate) fn has_work(&self) -> bool {
        let change = self.state().change();
        change != Change::None || self.plan(self.found()) != Plan::Keep
    }

    /// Saves what changed, if anything did, and says what the browser is to be told. Some of it
    /// the browser is told even if the rest fails.
    ///
    /// Where another request has saved the session since it was read, it is read again and the
    /// changes are done to what that request left: neither loses anything.
    pub(crate) async fn save(&self) -> (CookieChange, Result<(), SessionError>) {
        let _asking = self.0.io.lock().await;
        let only_reads = self.state().change() == Change::None;
        let saved = timeout(self.0.rows.policy.deadline, self.save_unlocked()).await;
        match saved.unwrap_or_else(|_| self.give_up(only_reads)) {
            Ok(cookie) => (cookie, Ok(())),
            Err(error) => {
                let is_gone = matches!(error, SessionError::Gone);
                self.0.rows.counters.gone.add(u64::from(is_gone));
                (self.cookie_after_failure(&error), Err(error))
            }
        }
    }

    async fn save_unlocked(&self) -> Result<CookieChange, SessionError> {
        self.settle_earlier_attempts().await?;
        let mut found = self.find().await?;
        let (mut missed, mut lost) = (0, 0);
        loop {
            let plan = self.plan(found);
            found = match self.execute(plan).await? {
                Outcome::Done(cookie) => return Ok(cookie),
                Outcome::Missed(id) => self.find_again(&id, missed).await?,
                Outcome::Lost(found) => {
                    lost += 1;
                    found
                }
            };
            missed += 1;
            if lost == MOST_LOST {
                return Err(unknown()); // The last of them may be on its way still.
            }
            if missed == MOST_ATTEMPTS {
                return Err(SessionError::Contended);
            }
        }
    }

    /// Decides anew each time: what was asked for may have been done by another request meanwhile,
    /// or by an earlier try.
    fn plan(&self, found: Found) -> Plan {
        let (rows, state) = (&self.0.rows, self.state());
        let (change, content) = (state.change(), state.content(&rows.sources));
        match change {
            // A job's reading is no use that has to be written down.
            Change::None if self.0.usage == Usage::Background => Plan::Keep,
            // It may have been ended while it was saved.
            Change::Destroyed => plan(state.presumed(), change, content, &rows.policy),
            _ => plan(found, change, content, &rows.policy),
        }
    }

    /// What there is to save over. To end a session, nobody needs to look.
    async fn find(&self) -> Result<Found, SessionError> {
        let change = self.state().change();
        match change {
            Change::None => Ok(self.found()),
            Change::Destroyed => Ok(self.state().presumed()),
            _ => match self.load_unlocked().await {
                Ok(()) => Ok(self.found()),
                Err(error) => self.find_unreadable(error),
            },
        }
    }

    /// A row that cannot be read is replaced by one that can, if a new ID was asked for.
    fn find_unreadable(&self, error: SessionError) -> Result<Found, SessionError> {
        let mut state = self.state();
        if state.change() != Change::Renewed || !error.is_undecodable() {
            return Err(error);
        }
        state.replace_unreadable()?;
        drop(state);
        Ok(self.found())
    }

    /// Looks again after a miss. A session that is gone stays gone.
    async fn find_again(&self, id: &SessionId, missed: u32) -> Result<Found, SessionError> {
        if !self.state().attempts().is_empty() {
            return self.find_after_doubt().await;
        }
        self.0.rows.counters.replayed.add(1);
        if missed > 0 {
            tokio::time::sleep(pause(missed)?).await;
        }
        let cookie = self.state().presented().cloned();
        let Some(cookie) = cookie.filter(|cookie| cookie.id == *id) else {
            return Err(SessionError::Gone);
        };
        match self.0.rows.look_up(&cookie).await {
            Ok(Arrival::Nothing | Arrival::Retired) if self.state().only_puts_back() => {
                self.arrive(Arrival::Nothing)?; // Taking them was no failure either.
                Ok(self.found())
            }
            Ok(Arrival::Nothing | Arrival::Retired) => Err(SessionError::Gone),
            Ok(Arrival::Unknown) => Err(SessionError::Degraded),
            Ok(arrival) => {
                self.arrive(arrival)?;
                Ok(self.found())
            }
            Err(error) => self.find_unreadable(error),
        }
    }

    /// Looks again after a miss that an earlier try of unknown fate may have brought about. If it
    /// was not that one, it may have been written over since, and must not be done again.
    async fn find_after_doubt(&self) -> Result<Found, SessionError> {
        let attempts = self.state().attempts().to_vec();
        for attempt in attempts {
            if self.settle(&attempt).await? == Resolution::Saved {
                self.put_back_what_it_took(attempt);
                return Ok(self.found());
            }
        }
        Err(unknown())
    }

    /// What the session is, as far as it has been read.
    pub(super) fn found(&self) -> Found {
        let state = self.state();
        match state.source() {
            Some(Source::Row(meta)) => {
                let age = self.0.rows.age(meta, state.options().lasting());
                let id = state.presented().map(|presented| presented.id.clone());
                id.map_or(Found::Nothing, |id| Found::Row(id, age))
            }
            Some(Source::Unreadable) => state.presumed(),
            Some(Source::Retired) => Found::Retired,
            Some(Source::Unknown) => Found::Unknown,
            Some(Source::Nothing) | None => Found::Nothing,
        }
    }

    async fn execute(&self, plan: Plan) -> Result<Outcome, SessionError> {
        match plan {
            Plan::Keep => Ok(Outcome::Done(self.cookie_without_saving())),
            Plan::Gone => Err(SessionError::Gone),
            Plan::Unavailable => Err(SessionError::Degraded),
            Plan::Touch(id) => self.touch(&id).await,
            Plan::Delete(id) => self.end(&id).await,
            Plan::Insert => self.insert_row().await,
            Plan::Update(id) => self.update_row(id).await,
            Plan::Rotate(id) => self.rename_row(id, true).await,
            Plan::Rename(id) => self.rename_row(id, false).await,
        }
    }

    async fn insert_row(&self) -> Result<Outcome, SessionError> {
        let (rows, job) = (&self.0.rows, self.job()?);
        let sealed = rows.first(self.draft(&job, None)?)?;
        let id = SessionId::generate()?;
        let attempt = attempt(&job.covers, &sealed, &id, Over::Nothing);
        let written = self.attempt(attempt, async {
            rows.insert(&id, &sealed.row).await?;
            Ok(Written::Saved)
        });
        self.outcome(written.await?, &job, None)
    }

    async fn update_row(&self, id: SessionId) -> Result<Outcome, SessionError> {
        let (rows, job) = (&self.0.rows, self.job()?);
        let Some(read) = &job.row else {
            return Ok(Outcome::Missed(id));
        };
        let sealed = rows.next(self.draft(&job, Some(read))?, read)?;
        let attempt = attempt(&job.covers, &sealed, &id, Over::Row(read.version));
        let written = self.attempt(attempt, rows.update(&id, read, &sealed.row));
        self.outcome(written.await?, &job, Some(id.clone()))
    }

    async fn rename_row(&self, old: SessionId, in_passing: bool) -> Result<Outcome, SessionError> {
        let (rows, job) = (&self.0.rows, self.job()?);
        let draft = self.draft(&job, None)?;
        let sealed = match &job.row {
            Some(read) if in_passing => rows.next(draft, read)?,
            _ => rows.renewed(draft)?,
        };
        let new = SessionId::generate()?;
        let over = Over::OldId(old.clone(), job.row.as_ref().map(|read| read.version));
        let attempt = attempt(&job.covers, &sealed, &new, over);
        let renaming = rows.rename(&old, job.row.as_ref(), &new, &sealed.row, in_passing);
        let written = self.attempt(attempt, renaming).await?;
        self.outcome(written, &job, Some(old.clone()))
    }

    /// The row as it is, sealed anew. That it does not work out is no reason to fail a request
    /// that has only read.
    async fn touch(&self, id: &SessionId) -> Result<Outcome, SessionError> {
        let counters = &self.0.rows.counters;
        match self.update_row(id.clone()).await {
            Ok(Outcome::Done(cookie)) => {
                counters.touched.add(1);
                return Ok(Outcome::Done(cookie));
            }
            Ok(Outcome::Missed(_)) => counters.touches_overtaken.add(1),
            Ok(Outcome::Lost(_)) => counters.touches_failed.add(1),
            Err(error) => {
                counters.touches_failed.add(1);
                let error = error.with_causes();
                tracing::debug!(error, "a session that was read could not be touched");
            }
        }
        self.state().forget_attempts();
        Ok(Outcome::Done(self.cookie_for_reading()))
    }

    /// Removes the row.
    async fn end(&self, id: &SessionId) -> Result<Outcome, SessionError> {
        let rows = &self.0.rows;
        let ended = rows.logouts.end(&*rows.store, id, rows.clock.now()).await;
        let ended = ended.map_err(not_yet)?;
        if ended.is_retired() {
            return Err(SessionError::Gone);
        }
        self.state().record_deleted();
        Ok(Outcome::Done(self.removal()))
    }

    /// Time is up. What a statement under way does is open, and of no matter for a touch.
    fn give_up(&self, only_reads: bool) -> Result<CookieChange, SessionError> {
        if only_reads && !self.state().has_taken_perhaps() {
            self.0.rows.counters.touches_failed.add(1);
            self.state().forget_attempts();
            return Ok(self.cookie_for_reading());
        }
        Err(StoreError::new(StoreErrorKind::Timeout).in_doubt().into())
    }

    fn job(&self) -> Result<Job, SessionError> {
        self.state().job(&self.0.rows.sources)
    }

    /// What a job comes to as a row.
    fn draft<'a>(&self, job: &'a Job, read: Option<&RowMeta>) -> Result<Draft<'a>, SessionError> {
        Ok(Draft {
            values: &job.values,
            extras: job.extras.with_save_token()?,
            max_age: job.covers.max_age(),
            used_at: read.and_then(|read| self.0.usage.last(read)),
        })
    }

    /// Tries a statement, and finds out about it if its answer is lost.
    pub(super) async fn attempt(
        &self,
        attempt: Attempt,
        statement: impl Future<Output = Result<Written, SessionError>>,
    ) -> Result<Tried, SessionError> {
        self.state().begin(attempt.clone());
        match statement.await {
            Ok(Written::Saved) => {
                self.record_saved(&attempt);
                Ok(Tried::Saved)
            }
            Ok(Written::Missed) => {
                self.state().record_undone();
                Ok(Tried::Missed)
            }
            Err(error) if is_in_doubt(&error) => match self.settle(&attempt).await {
                Ok(Resolution::Saved) => Ok(Tried::Saved),
                Ok(Resolution::Undone) => Ok(Tried::Lost),
                Ok(Resolution::Open) | Err(_) => Err(error),
            },
            Err(error) => {
                self.state().record_undone();
                Err(error)
            }
        }
    }

    fn outcome(
        &self,
        tried: Tried,
        job: &Job,
        id: Option<SessionId>,
    ) -> Result<Outcome, SessionError> {
        Ok(match (tried, id) {
            (Tried::Saved, _) => Outcome::Done(self.cookie_for_saving(job)),
            (Tried::Missed, Some(id)) => Outcome::Missed(id),
            // A first row is in nobody's way.
            (Tried::Missed, None) => return Err(SessionError::Contended),
            (Tried::Lost, _) => Outcome::Lost(self.found()),
        })
    }
}

/// Whatever a logout was refused for, it is not done yet, and goes on.
fn not_yet(error: StoreError) -> StoreError {
    match error.is_unavailable() {
        true => error,
        false => StoreError::caused_by(StoreErrorKind::Unavailable, error),
    }
}

fn attempt(covers: &CoveredChanges, sealed: &Sealed, id: &SessionId, over: Over) -> Attempt {
    Attempt {
        covers: covers.clone(),
        id: id.clone(),
        meta: sealed.meta(),
        over,
        takes: None,
    }
}

/// A random wait before the next attempt, longer the more have failed, at most 16 ms: so that
/// those who collided do not collide again.
pub(super) fn pause(missed: u32) -> Result<Duration, SessionError> {
    let [random] = random::bytes()?;
    let most_micros = 500 << missed.min(5);
    Ok(Duration::from_micros(u64::from(random) * most_micros / 255))
}
