//! How long to wait before the next try at a row that another writer has.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::store::{StoreError, StoreErrorKind};

/// The first pause. It doubles each time.
const SHORTEST: Duration = Duration::from_millis(1);

/// The longest one.
const LONGEST: Duration = Duration::from_millis(50);

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

    /// Pauses before the next try, unless the deadline would pass before that has ended: a try without an
    /// answer would be in doubt.
    pub(super) async fn pause(&mut self, deadline: Instant) -> Result<(), StoreError> {
        if Instant::now() + self.next + 2 * self.tried_at.elapsed() >= deadline {
            return Err(StoreError::new(StoreErrorKind::Timeout));
        }
        sleep(self.next).await;
        self.next = LONGEST.min(2 * self.next);
        self.tried_at = Instant::now();
        Ok(())
    }
}
