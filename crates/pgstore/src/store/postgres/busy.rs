//! How long to wait before the next try at a row that another writer has.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::store::{StoreError, StoreErrorKind};

/// The first pause. It doubles each time.
const SHORTEST: Duration = Duration::from_millis(1);

/// The longest one.
const LONGEST: Duration = Duration::from_millis(50);

/// How long a try is expected to take at most.
const LONGEST_TRY: Duration = Duration::from_millis(200);

/// The pauses of one caller. Statements wait for no row, so that they delay no other caller.
pub(super) struct BusyPauses {
    next: Duration,
    /// When the last try began.
    tried_at: Instant,
}

impl BusyPauses {
    pub(super) fn new() -> Self {
        Self {
            next: SHORTEST,
            tried_at: Instant::now(),
        }
    }

    /// Pauses before the next try, unless the deadline may pass before that has ended, even if it takes twice
    /// as long as the last one: a try without an answer would be in doubt.
    pub(super) async fn pause(&mut self, deadline: Instant) -> Result<(), StoreError> {
        let expected = LONGEST_TRY.min(2 * self.tried_at.elapsed());
        if Instant::now() + self.next + expected >= deadline {
            return Err(StoreError::new(StoreErrorKind::Timeout));
        }
        sleep(self.next).await;
        self.next = LONGEST.min(2 * self.next);
        self.tried_at = Instant::now();
        Ok(())
    }
}
