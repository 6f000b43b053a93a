//! Who is inside, so that closing can wait for them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Lets operations in until it is closed, and knows when the last one has left.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    state: Mutex<State>,
    empty: Notify,
}

#[derive(Debug, Default)]
struct State {
    inside: usize,
    closed: bool,
}

/// One operation inside; it leaves when this is dropped, however it ends.
#[derive(Debug)]
pub(super) struct InFlightGuard<'a>(&'a InFlight);

impl InFlight {
    /// `None` when the gate is closed.
    pub(super) fn enter(&self) -> Option<InFlightGuard<'_>> {
        let mut state = self.state();
        if state.closed {
            return None;
        }
        state.inside += 1;
        Some(InFlightGuard(self))
    }

    pub(super) fn close(&self) {
        self.state().closed = true;
    }

    /// Waits until nobody is inside.
    pub(super) async fn emptied(&self) {
        loop {
            // Registered before looking, so that the last one to leave is not missed.
            let mut left = std::pin::pin!(self.empty.notified());
            left.as_mut().enable();
            if self.state().inside == 0 {
                return;
            }
            left.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.inside -= 1;
        if state.inside == 0 {
            self.0.empty.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn closing_waits_for_those_inside_and_lets_nobody_in() {
        let gate = InFlight::default();
        let inside = gate.enter().unwrap();
        gate.close();
        assert!(gate.enter().is_none());

        let mut emptied = std::pin::pin!(gate.emptied());
        let mut early = tokio::task::unconstrained(emptied.as_mut());
        tokio::select! {
            biased;
            () = &mut early => panic!("somebody is still inside"),
            () = tokio::task::yield_now() => {}
        }
        drop(inside);
        emptied.await;
    }
}
