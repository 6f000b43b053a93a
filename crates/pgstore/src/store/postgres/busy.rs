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
    begun: Instant,
}

impl BusyPauses {
    pub(super) fn new() -> Self {
        Self {
            next: SHORTEST,
            begun: Instant::now(),
        }
    }

    /// Pauses before the next try. None begins in the last tenth of the time until the deadline: without its
    /// answer, the outcome would be in doubt.
    pub(super) async fn pause(&mut self, deadline: Instant) -> Result<(), StoreError> {
        let last_tenth = deadline - deadline.saturating_duration_since(self.begun) / 10;
        if Instant::now() + self.next >= last_tenth {
            return Err(StoreError::new(StoreErrorKind::Timeout));
        }
        sleep(self.next).await;
        self.next = LONGEST.min(2 * self.next);
        Ok(())
    }
}
