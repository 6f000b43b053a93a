//! Removing expired rows, past those that the table does not let go.

use super::failure::is_unsupported;
use super::inner::Inner;
use super::refusal::{TRIES, may_be_refused};
use super::statements::{BatchSwept, Sweep, SweepAnswer, SweepDistributed, SweepPlace};
use crate::store::{StoreError, SweepBatch, Swept};

impl Inner {
    /// Removes one batch of expired rows. If the table forbids the removal of one of them, the batch
    /// is halved until the rows before that one are removed, or that one is alone and skipped.
    pub(super) async fn sweep_sessions(&self, batch: &SweepBatch) -> Result<Swept, StoreError> {
        let mut part = *batch;
        loop {
            match self.sweep_part(&part).await? {
                SweptPart::Swept(swept) => return Ok(swept),
                SweptPart::Forbidden(error) if part.limit <= 1 => {
                    return self.step_over(&part, &error).await;
                }
                SweptPart::Forbidden(_) => part.limit /= 2,
            }
        }
    }

    async fn sweep_part(&self, batch: &SweepBatch) -> Result<SweptPart, StoreError> {
        let mut before = None;
        for _ in 0..TRIES {
            match self.sweep_once(batch).await? {
                SweepAnswer::Forbidden(error) => return Ok(SweptPart::Forbidden(error)),
                SweepAnswer::Done(answer)
                    if may_be_refused(&answer) && !self.was_outrun(before, &answer) =>
                {
                    before = answer.first_due;
                }
                SweepAnswer::Done(answer) => return Ok(SweptPart::Swept(answer.swept)),
            }
        }
        Err(self.refused("no expired row was removed"))
    }

    /// Whether another node has removed the rows of the try before. Without locks of its own, a sweep of
    /// a distributed table does not know which rows others are removing.
    fn was_outrun(&self, before: Option<i64>, answer: &BatchSwept) -> bool {
        let is_distributed = self.executor.distribution().is_distributed();
        is_distributed && before.is_some() && before != answer.first_due
    }

    /// Sends the statement that suits the table.
    async fn sweep_once(&self, batch: &SweepBatch) -> Result<SweepAnswer, StoreError> {
        if !self.executor.distribution().is_distributed() {
            let deadline = self.executor.deadline::<Sweep<'_>>();
            match self.run(&Sweep { batch }).await {
                Err(error)
                    if is_unsupported(&error)
                        && self.executor.finds_distribution(deadline).await => {}
                answer => return answer,
            }
        }
        self.run(&SweepDistributed { batch }).await
    }

    /// Skips the first row of a batch, which cannot be removed.
    async fn step_over(&self, batch: &SweepBatch, error: &StoreError) -> Result<Swept, StoreError> {
        let Some(place) = self.run(&SweepPlace { batch }).await? else {
            return Ok(Swept::new(0, None));
        };
        if self.first_undeletable() {
            let error = error as &dyn std::error::Error;
            tracing::warn!(
                error,
                "the table forbids the removal of an expired session: sweeps skip such rows and count \
                 them; give foreign keys that refer to sessions a rule such as ON DELETE CASCADE"
            );
        }
        Ok(Swept {
            undeletable: 1,
            oldest: Some(place.expires_on),
            ..Swept::new(0, Some(place))
        })
    }
}

/// What became of a part of a batch.
enum SweptPart {
    Swept(Swept),
    /// The table forbids the removal of one of its rows. Nothing was done.
    Forbidden(StoreError),
}
