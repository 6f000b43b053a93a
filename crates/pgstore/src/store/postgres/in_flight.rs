//! The operations in flight, so that closing can wait for them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Admits operations until it is closed, and tells when the last one has ended.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    state: Mutex<InFlightState>,
    empty: Notify,
}

#[derive(Debug, Default)]
struct InFlightState {
    count: usize,
    closed: bool,
}

/// One operation in flight. Dropping it ends the operation.
#[derive(Debug)]
pub(super) struct InFlightGuard<'a>(&'a InFlight);

impl InFlight {
    /// Admits an operation. `None` when closed.
    pub(super) fn enter(&self) -> Option<InFlightGuard<'_>> {
        let mut state = self.state();
        if state.closed {
            return None;
        }
        state.count += 1;
        Some(InFlightGuard(self))
    }

    pub(super) fn close(&self) {
        self.state().closed = true;
    }

    /// Waits until no operation is in flight.
    pub(super) async fn emptied(&self) {
        loop {
            // Registered before the count is read, so that the last end is not missed.
            let mut ended = std::pin::pin!(self.empty.notified());
            ended.as_mut().enable();
            if self.state().count == 0 {
                return;
            }
            ended.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, InFlightState> {
        // No code panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.count -= 1;
        if state.count == 0 {
            self.0.empty.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn closing_waits_for_operations_in_flight_and_admits_no_more() {
        let in_flight = InFlight::default();
        let guard = in_flight.enter().unwrap();
        in_flight.close();
        assert!(in_flight.enter().is_none());

        let mut emptied = std::pin::pin!(in_flight.emptied());
        let mut early = tokio::task::unconstrained(emptied.as_mut());
        tokio::select! {
            biased;
            () = &mut early => panic!("an operation is still in flight"),
            () = tokio::task::yield_now() => {}
        }
        drop(guard);
        emptied.await;
    }
}
