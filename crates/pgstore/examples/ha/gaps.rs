//! The longest time between two successes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// When something succeeded last, and the longest time without a success since it was told to begin.
#[derive(Debug)]
pub(crate) struct Gaps {
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    last: Instant,
    longest: Gap,
}

/// From one success to the next one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gap {
    begin: Instant,
    pub(crate) end: Instant,
}

impl Gap {
    pub(crate) fn length(&self) -> Duration {
        self.end - self.begin
    }
}

impl Gaps {
    pub(crate) fn new() -> Arc<Self> {
        let now = Instant::now();
        let none = Gap {
            begin: now,
            end: now,
        };
        Arc::new(Self {
            state: Mutex::new(State {
                last: now,
                longest: none,
            }),
        })
    }

    /// Forgets what was before.
    pub(crate) fn begin(&self) {
        let mut state = self.state();
        let last = state.last;
        state.longest = Gap {
            begin: last,
            end: last,
        };
    }

    /// Notes a success.
    pub(crate) fn success(&self) {
        let now = Instant::now();
        let mut state = self.state();
        let gap = Gap {
            begin: state.last,
            end: now,
        };
        if gap.length() > state.longest.length() {
            state.longest = gap;
        }
        state.last = now;
    }

    pub(crate) fn longest(&self) -> Gap {
        self.state().longest
    }

    /// Whether the longest gap is over for a while and successes go on.
    pub(crate) fn calm_for(&self) -> bool {
        let state = *self.state();
        state.last.elapsed() < Duration::from_secs(1) && state.longest.end.elapsed() > crate::CALM
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
