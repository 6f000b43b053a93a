//! A save from its beginning to its end: look up, plan, write, and again if another request was
//! faster.

use std::pin::pin;

use tokio::time::{Instant, sleep, timeout_at};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::attempt::{Outcome, pause};
use super::plan::{Comparison, Plan, plan};
use super::resolve::outcome_unknown;
use super::turns::{HandedOver, SaveTurn, Waited};
use super::write::Saved;
use crate::session::change::Change;
use crate::session::cookie_change::CookieChange;
use crate::session::state::Resolution;
use crate::session::{Gravity, Session, SessionError, Usage};
use crate::store::{Lookup, StoreError, StoreErrorKind};
use crate::telemetry::{self, SaveOutcome};

/// How many attempts a save makes while other requests keep saving first.
const MAX_ATTEMPTS: u32 = 100;

/// How many statements of one save may be lost without effect.
const MAX_LOST: u32 = 3;

impl Session {
    /// Whether a save asks the store anything.
    pub(crate) fn has_work(&self) -> bool {
        let state = self.state();
        let (change, confirms) = (state.change(), state.id_to_confirm().is_some());
        drop(state);
        change != Change::None || confirms || self.plan(Comparison::Same) != Plan::Keep
    }

    /// Saves what changed, if anything did, and returns what to tell the browser. A part of that is
    /// sent even if the save fails.
    ///
    /// If another request has saved the session since it was read, the session is read again and the
    /// changes are repeated on what that request saved: both requests keep their changes.
    ///
    /// All of it has one deadline. The waits for another task that asks the store and for other saves of
    /// the session on this node are included.
    pub(crate) async fn save(&self) -> (CookieChange, Result<(), SessionError>) {
        let until = self.save_until();
        let only_reads = self.state().change() == Change::None;
        let saved = pin!(timeout_at(until, async {
            let _asking = self.lock_store().await;
            let mut turn = self.take_turn().await;
            let saved = self.save_unlocked(turn.as_mut()).await;
            if let (Some(turn), Ok(_)) = (&mut turn, &saved) {
                turn.hand_over(|| self.row_to_hand_over());
            }
            saved
        }));
        let span = self.save_span();
        let saved = saved.instrument(span.clone()).await;
        match saved.unwrap_or_else(|_| self.give_up(only_reads)) {
            Ok(saved) => {
                if let Some(outcome) = saved.outcome {
                    note_outcome(&span, outcome);
                }
                (saved.cookie, Ok(()))
            }
            Err(error) => {
                note_outcome(&span, outcome_of(&error));
                let is_gone = matches!(error, SessionError::Gone);
                self.rows().counters.gone.add(u64::from(is_gone));
                (self.after_failure(&error), Err(error))
            }
        }
    }

    /// A logout that the store could not take continues in the background. What to tell the browser.
    fn after_failure(&self, error: &SessionError) -> CookieChange {
        if self.logout_failed(error) {
            let ids = self.state().ids_to_end();
            ids.into_iter()
                .for_each(|id| self.rows().logouts.take_over(id));
        }
        self.cookie_after_failure(error)
    }

    /// Until when a save that begins now may take.
    pub(in crate::session) fn save_until(&self) -> Instant {
        Instant::now() + self.rows().policy.deadline
    }

    /// The answer to a save after the manager was closed.
    pub(crate) fn refuse_to_save(&self) -> (CookieChange, Result<(), SessionError>) {
        let error = SessionError::of_closed();
        note_outcome(&Span::none(), outcome_of(&error));
        (self.after_failure(&error), Err(error))
    }

    /// How grave it is that the save failed.
    pub(crate) fn gravity(&self, error: &SessionError) -> Gravity {
        let is_gone = matches!(error, SessionError::Gone);
        match self.state().change().ends_the_session() && !is_gone {
            true => Gravity::LogoutNotDone,
            false => Gravity::of(error),
        }
    }

    /// Waits for other saves of the session on this node. Reads, touches and logouts do not wait: a touch
    /// that comes too late is dropped, and a logout wins. Nor do those wait whose ID leads nowhere.
    async fn take_turn(&self) -> Option<SaveTurn> {
        let id = {
            let state = self.state();
            let change = state.change();
            let is_there = !state.is_read() || state.row().is_some();
            let waits = change != Change::None && !change.ends_the_session() && is_there;
            state.cookie().filter(|_| waits)?.id.clone()
        };
        Some(self.rows().turns.take(&id).await)
    }

    /// The row as this save has left it, unless the handler has changed its values again.
    fn row_to_hand_over(&self) -> Option<HandedOver> {
        let state = self.state();
        Some(HandedOver {
            name: self.cookie_name().clone(),
            id: state.stored_id()?,
            row: state.unchanged_row()?,
        })
    }

    async fn save_unlocked(&self, turn: Option<&mut SaveTurn>) -> Result<Saved, SessionError> {
        self.settle_earlier_attempts().await?;
        let ended = self.end_if_started_over().await?;
        let mut same = self.look_up_to_save(turn).await?;
        self.confirm_id().await;
        let (mut missed, mut lost) = (0, 0);
        loop {
            match self.execute(self.plan(same)).await? {
                Outcome::Saved(saved) => {
                    return Ok(Saved {
                        outcome: saved.outcome.or(ended),
                        ..saved
                    });
                }
                Outcome::Missed => {
                    self.look_up_again(missed).await?;
                    same = Comparison::SameAsJustRead;
                }
                Outcome::Lost => lost += 1,
            }
            missed += 1;
            if lost == MAX_LOST {
                return Err(outcome_unknown()); // The last statement may still arrive.
            }
            if missed == MAX_ATTEMPTS {
                return Err(SessionError::Contended);
            }
        }
    }

    /// Finds out what became of attempts in doubt. Where the session ends that does not matter: what they
    /// may have stored is deleted.
    async fn settle_earlier_attempts(&self) -> Result<(), SessionError> {
        let ends = self.state().change().ends_the_session();
        match ends {
            true => self.delete_first_rows_in_doubt().await,
            false => self.resolve_earlier_attempts().await,
        }
    }

    /// Plans each attempt anew: another request, or an earlier attempt, may have done part of the work.
    /// `same` says what it is if the values are those of the row.
    fn plan(&self, same: Comparison) -> Plan {
        let (rows, state) = (self.rows(), self.state());
        let change = state.change();
        let found = match state.lookup() {
            // Ending a session needs no read.
            _ if change.ends_the_session() => state.presumed(),
            Some(lookup) => lookup.clone(),
            None => Lookup::Absent,
        };
        if change == Change::None && self.usage() == Usage::Background {
            return Plan::Keep; // A background read is not a use that extends the lifetime.
        }
        let browser = state.options().lasting();
        let age = |meta: Option<_>| meta.map(|meta| rows.age(&meta, browser));
        plan(
            found.map(age),
            change,
            state.content(&rows.sources),
            match change == Change::Values && state.is_as_stored(&rows.sources) {
                true => same,
                false => Comparison::Different,
            },
            self.cookie_due(&state),
            &rows.policy,
        )
    }

    /// After `start_over` the old session is deleted first; the new one is then saved like any other.
    async fn end_if_started_over(&self) -> Result<Option<SaveOutcome>, SessionError> {
        if self.state().change() != Change::StartedOver {
            return Ok(None);
        }
        match self.plan(Comparison::Same) {
            Plan::Delete(id) => {
                self.delete_row(&id).await?;
                Ok(Some(SaveOutcome::Deleted))
            }
            _ => {
                self.state().record_deleted();
                Ok(None)
            }
        }
    }

    /// Reads the session if the change needs it, again if another save of it has ended since. Returns
    /// what the values are if they are those of the row.
    async fn look_up_to_save(
        &self,
        turn: Option<&mut SaveTurn>,
    ) -> Result<Comparison, SessionError> {
        let change = self.state().change();
        if change == Change::None || change.ends_the_session() {
            return Ok(Comparison::Same);
        }
        if !self.state().is_read() {
            let read = self.load_unlocked().await;
            read.or_else(|error| self.replace_undecodable(error))?;
            return Ok(Comparison::SameAsJustRead);
        }
        match turn.filter(|turn| turn.waited() == Waited::Yes && self.may_be_outdated()) {
            Some(turn) => self.catch_up(turn).await,
            None => Ok(Comparison::Same),
        }
    }

    /// Whether a row was read and nothing is in doubt.
    fn may_be_outdated(&self) -> bool {
        let state = self.state();
        state.row().is_some() && state.attempts().is_empty()
    }

    /// Repeats the changes on what the save before has written.
    async fn catch_up(&self, turn: &mut SaveTurn) -> Result<Comparison, SessionError> {
        let is_ours = |row: &HandedOver| {
            let state = self.state();
            row.name == *self.cookie_name() && state.cookie().is_some_and(|id| id.id == row.id)
        };
        match turn.take_row().filter(is_ours) {
            Some(HandedOver { id, row, .. }) => {
                self.rows().counters.note_replay();
                self.take_in(Lookup::Row(id, row))?;
                Ok(Comparison::Same)
            }
            None => {
                self.look_up_again(0).await?;
                Ok(Comparison::SameAsJustRead)
            }
        }
    }

    /// A row that does not open is replaced if the handler asked for a new ID.
    fn replace_undecodable(&self, error: SessionError) -> Result<(), SessionError> {
        let mut state = self.state();
        if state.change() != Change::Renewed || !error.is_undecodable() {
            return Err(error);
        }
        state.replace_undecodable()
    }

    /// Reads the session again after a miss. A session that has ended stays ended.
    async fn look_up_again(&self, missed: u32) -> Result<(), SessionError> {
        if !self.state().attempts().is_empty() {
            return self.resolve_after_a_miss().await;
        }
        self.rows().counters.note_replay();
        if missed > 0 {
            sleep(pause(missed)?).await;
        }
        let cookie = self.state().cookie().cloned();
        let Some(cookie) = cookie else {
            return Err(SessionError::Gone);
        };
        match self.rows().look_up(&cookie).await {
            // Flashes cannot be put back into a session that has ended; taking them was no failure.
            Ok(Lookup::Absent | Lookup::Replaced) if self.state().only_puts_back() => {
                self.take_in(Lookup::Absent)
            }
            Ok(Lookup::Absent | Lookup::Replaced) => Err(SessionError::Gone),
            Ok(Lookup::Unknown) => Err(SessionError::Degraded),
            Ok(found) => self.take_in(found),
            Err(error) => self.replace_undecodable(error),
        }
    }

    /// The miss may come from an earlier attempt in doubt that did take effect. If it does not, that
    /// attempt may have been overwritten since and must not be repeated.
    async fn resolve_after_a_miss(&self) -> Result<(), SessionError> {
        let attempts = self.state().attempts().to_vec();
        for attempt in attempts {
            if self.resolve(&attempt).await? == Resolution::Saved {
                self.put_back_what_it_took(attempt);
                return Ok(());
            }
        }
        Err(outcome_unknown())
    }

    /// The deadline has passed. The statement under way may still take effect; for a touch that does
    /// not matter.
    fn give_up(&self, only_reads: bool) -> Result<Saved, SessionError> {
        if only_reads {
            self.rows().counters.touches_failed.add(1);
            self.state().forget_attempts();
            return Ok(Saved::by(SaveOutcome::TouchFailed, CookieChange::Keep));
        }
        Err(took_too_long())
    }

    /// The span of a save that has something to do.
    fn save_span(&self) -> Span {
        match tracing::span_enabled!(tracing::Level::DEBUG) && self.has_work() {
            true => tracing::debug_span!("save", otel.name = "save session", outcome = Empty),
            false => Span::none(),
        }
    }
}

fn outcome_of(error: &SessionError) -> SaveOutcome {
    match error {
        SessionError::Gone => SaveOutcome::Gone,
        SessionError::Conflict(_) => SaveOutcome::Conflict,
        SessionError::Contended => SaveOutcome::Contended,
        error if error.is_unavailable() => SaveOutcome::Unavailable,
        _ => SaveOutcome::Error,
    }
}

fn note_outcome(span: &Span, outcome: SaveOutcome) {
    span.record("outcome", outcome.word());
    telemetry::saved(outcome);
}

/// The error of a save whose deadline has passed. Its statement may still take effect.
pub(in crate::session) fn took_too_long() -> SessionError {
    StoreError::new(StoreErrorKind::Timeout).in_doubt().into()
}
