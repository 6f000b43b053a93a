//! Stage 5: does what `plan` decided, one statement each.

use super::plan::{Change, Found, Plan, cookie_is_due, plan};
use super::rows::Stored;
use super::{Presented, Session, SessionError};
use crate::id::SessionId;
use crate::options::CookieOptions;

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

impl Session {
    /// Saves what changed, if anything did.
    pub(crate) async fn save(&self) -> Result<CookieChange, SessionError> {
        let _asking = self.0.io.lock().await;
        let change = self.state().change();
        let found = self.find(change).await?;
        let plan = plan(found, change, self.state().is_empty());
        let done = self.execute(plan, change).await;
        if done.is_err() {
            self.state().saving_failed(change);
        }
        done
    }

    /// What there is to save over. Without a change, and at the end, nobody needs to look.
    async fn find(&self, change: Change) -> Result<Found, SessionError> {
        match change {
            Change::None => Ok(Found::Nothing),
            Change::Destroyed => Ok(self.state().presumed()),
            Change::Values | Change::Renewed => match self.load_unlocked().await {
                Ok(()) => Ok(self.state().found()),
                // The row that cannot be read is to be replaced by one that can.
                Err(error) if change == Change::Renewed && error.is_undecodable() => {
                    self.state().arrive(None)?;
                    Ok(self.state().presumed())
                }
                Err(error) => Err(error),
            },
        }
    }

    async fn execute(&self, plan: Plan, change: Change) -> Result<CookieChange, SessionError> {
        match plan {
            Plan::Keep if change == Change::Destroyed => Ok(self.removal()),
            Plan::Keep => Ok(CookieChange::Keep),
            Plan::Insert => {
                let job = self.state().start_saving();
                let stored = self.0.rows.insert(&job.values, job.options.max_age).await?;
                Ok(self.stored(stored, job.options))
            }
            Plan::Update(id) => self.update(id).await,
            Plan::Rename(old) => {
                let job = self.state().start_saving();
                let stored = self
                    .0
                    .rows
                    .rename(&old, &job.values, job.options.max_age, job.seen)
                    .await?;
                Ok(self.stored(stored, job.options))
            }
            Plan::Delete(id) => {
                self.0.rows.delete(&id).await?;
                self.state().deleted();
                Ok(self.removal())
            }
        }
    }

    async fn update(&self, id: SessionId) -> Result<CookieChange, SessionError> {
        let reissue = self.cookie_is_due();
        let job = self.state().start_saving();
        let seen = job.seen.ok_or(SessionError::Gone)?;
        let stored = self
            .0
            .rows
            .update(id, &job.values, job.options.max_age, seen)
            .await?;
        if reissue {
            return Ok(self.stored(stored, job.options));
        }
        self.state().written(&stored);
        Ok(CookieChange::Keep)
    }

    /// Whether the browser's cookie lags behind: other attributes, older keys, or an old date.
    fn cookie_is_due(&self) -> bool {
        let now = self.0.rows.clock.now().unix_seconds();
        let max_age = self.0.rows.codec.lifetime().as_secs();
        let state = self.state();
        let lags = |cookie: &Presented| {
            !cookie.by_current_keys || cookie_is_due(cookie.issued_at, now, max_age)
        };
        state.options_changed() || state.presented().is_some_and(lags)
    }

    fn stored(&self, stored: Stored, options: CookieOptions) -> CookieChange {
        let now = self.0.rows.clock.now().unix_seconds();
        let mut state = self.state();
        state.written(&stored);
        state.cookie_follows(stored.id.clone(), now);
        CookieChange::Set(stored.id, options)
    }

    fn removal(&self) -> CookieChange {
        CookieChange::Remove(self.options())
    }
}
