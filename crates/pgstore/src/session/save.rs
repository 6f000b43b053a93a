//! Stage 5: does what `plan` decided, one statement each.

use std::time::Duration;

use super::plan::{Change, Found, Plan, cookie_is_due};
use super::rows::{RowTimes, Stored};
use super::state::Job;
use super::{Presented, Session, SessionError};
use crate::id::SessionId;
use crate::options::CookieOptions;
use crate::random;

/// How often a save is tried while other requests keep coming first.
const MOST_ATTEMPTS: u32 = 100;

/// What the browser has to be told.
#[derive(Debug)]
pub(crate) enum CookieChange {
    /// Nothing: it has what it needs.
    Keep,
    /// This ID, from now on.
    Set(SessionId, CookieOptions),
    /// That the session is over.
    Remove(CookieOptions),
}

/// What became of one attempt to save.
enum Attempt {
    Done(CookieChange),
    /// The row is not the one that was read: another request came first, or ended the session.
    Missed(SessionId),
}

impl Session {
    /// Saves what changed, if anything did.
    ///
    /// Where another request has saved the session since it was read, it is read again and the
    /// changes are done to what that request left: neither loses anything.
    pub(crate) async fn save(&self) -> Result<CookieChange, SessionError> {
        let _asking = self.0.io.lock().await;
        let change = self.state().change();
        if change == Change::None {
            return Ok(CookieChange::Keep);
        }
        let mut found = self.find(change).await?;
        for attempt in 0..MOST_ATTEMPTS {
            let (plan, job) = self.state().decide(found);
            match self.execute(plan, job).await? {
                Attempt::Done(cookie) => return Ok(cookie),
                Attempt::Missed(id) => found = self.find_again(id, attempt).await?,
            }
        }
        Err(SessionError::Contended)
    }

    /// What there is to save over. To end a session, nobody needs to look.
    async fn find(&self, change: Change) -> Result<Found, SessionError> {
        if change == Change::Destroyed {
            return Ok(self.state().presumed());
        }
        match self.load_unlocked().await {
            Ok(()) => Ok(self.state().found()),
            Err(error) => self.find_unreadable(error),
        }
    }

    /// A row that cannot be read is replaced by one that can, if a new ID was asked for.
    fn find_unreadable(&self, error: SessionError) -> Result<Found, SessionError> {
        let mut state = self.state();
        if state.change() != Change::Renewed || !error.is_undecodable() {
            return Err(error);
        }
        state.arrive(None)?;
        Ok(state.presumed())
    }

    /// Looks again after a miss. A session that is gone stays gone.
    async fn find_again(&self, id: SessionId, attempt: u32) -> Result<Found, SessionError> {
        if attempt > 0 {
            tokio::time::sleep(pause(attempt)?).await;
        }
        match self.0.rows.load(&id).await {
            Ok(None) => Err(SessionError::Gone),
            Ok(row) => {
                self.state().arrive(row)?;
                Ok(Found::Row(id))
            }
            Err(error) => self.find_unreadable(error),
        }
    }

    async fn execute(&self, plan: Plan, job: Job) -> Result<Attempt, SessionError> {
        match plan {
            Plan::Keep if job.change == Change::Destroyed => Ok(Attempt::Done(self.removal())),
            Plan::Keep => Ok(Attempt::Done(CookieChange::Keep)),
            Plan::Insert => self.insert_row(job).await,
            Plan::Update(id) => self.update_row(id, job).await,
            Plan::Rename(id) => self.rename_row(id, job).await,
            Plan::Delete(id) => self.delete_row(&id).await,
        }
    }

    async fn insert_row(&self, job: Job) -> Result<Attempt, SessionError> {
        let stored = self
            .0
            .rows
            .insert(&job.values, job.options.lasting())
            .await?;
        Ok(Attempt::Done(self.give_cookie(job, stored)))
    }

    async fn update_row(&self, id: SessionId, job: Job) -> Result<Attempt, SessionError> {
        let (rows, max_age) = (&self.0.rows, job.options.lasting());
        let Some(read) = job.row else {
            return Ok(Attempt::Missed(id));
        };
        let Some(stored) = rows.update(&id, read, &job.values, max_age).await? else {
            return Ok(Attempt::Missed(id));
        };
        if self.cookie_lags_behind(read, &stored) {
            return Ok(Attempt::Done(self.give_cookie(job, stored)));
        }
        self.state().record_saved(&job, &stored);
        Ok(Attempt::Done(CookieChange::Keep))
    }

    async fn rename_row(&self, old: SessionId, job: Job) -> Result<Attempt, SessionError> {
        let (rows, max_age) = (&self.0.rows, job.options.lasting());
        match rows.rename(&old, job.row, &job.values, max_age).await? {
            Some(stored) => Ok(Attempt::Done(self.give_cookie(job, stored))),
            None => Ok(Attempt::Missed(old)),
        }
    }

    async fn delete_row(&self, id: &SessionId) -> Result<Attempt, SessionError> {
        self.0.rows.delete(id).await?;
        self.state().record_deleted();
        Ok(Attempt::Done(self.removal()))
    }

    /// The session is stored, and the browser gets a cookie for it.
    fn give_cookie(&self, job: Job, stored: Stored) -> CookieChange {
        let mut state = self.state();
        state.record_saved(&job, &stored);
        state.record_cookie(stored.id.clone(), stored.times.version);
        CookieChange::Set(stored.id, job.options)
    }

    /// Whether the browser's cookie lags behind what was saved: other attributes, another life,
    /// older keys, or a date that an eighth of its life has passed since.
    fn cookie_lags_behind(&self, read: RowTimes, stored: &Stored) -> bool {
        let now = self.0.rows.clock.now().unix_seconds();
        let state = self.state();
        let (cookie, browser) = (state.presented(), state.options().lasting());
        let life = self
            .0
            .rows
            .codec
            .lifetime()
            .min(self.0.rows.lifetime(browser))
            .as_secs();
        let is_old = |cookie: &Presented| {
            !cookie.by_current_keys || cookie_is_due(cookie.issued_at, now, life)
        };
        state.options_changed() || read.life() != stored.times.life() || cookie.is_some_and(is_old)
    }

    fn removal(&self) -> CookieChange {
        CookieChange::Remove(self.options())
    }
}

/// A random wait before the next attempt, longer the more have failed, at most 16 ms: so that
/// those who collided do not collide again.
fn pause(attempt: u32) -> Result<Duration, SessionError> {
    let [random] = random::bytes()?;
    let most_micros = 500 << attempt.min(5);
    Ok(Duration::from_micros(u64::from(random) * most_micros / 255))
}
