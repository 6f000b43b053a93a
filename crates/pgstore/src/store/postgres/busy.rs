//! How long to wait before the next try at a row that another writer has.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::store::{StoreError, StoreErrorKind};

/// The first pause. It doubles each time.
const SHORTEST: Duration = Duration::from_millis(1);

/// The longest one.
const LONGEST: Duration = Duration::from_millis(50);

/// The pauses of one caller. Statements wait for no row, so that they delay no other caller.
pub(super) struct BusyPauses(Duration);

impl BusyPauses {
    pub(super) fn new() -> Self {
        Self(SHORTEST)
    }

    /// Pauses before the next try, unless the deadline passes meanwhile.
    pub(super) async fn pause(&mut self, deadline: Instant) -> Result<(), StoreError> {
        if Instant::now() + self.0 >= deadline {
            return Err(StoreError::new(StoreErrorKind::Timeout));
        }
        sleep(self.0).await;
        self.0 = LONGEST.min(2 * self.0);
        Ok(())
    }
}
