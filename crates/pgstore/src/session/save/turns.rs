//! Saves of one session take turns on a node, in the order in which they asked.
//!
//! Two saves of one session at the same time can only disturb each other: one of them finds another
//! version and begins again. A thousand of them would do little else.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::id::SessionId;
use crate::name::CookieName;
use crate::session::record::OpenedRow;

/// The sessions that a node is saving at this moment. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct SaveTurns(Arc<Mutex<Queues>>);

/// For each session that is being saved, the saves that wait.
type Queues = HashMap<SessionId, VecDeque<oneshot::Sender<SaveTurn>>>;

/// The right to save a session. When it is dropped, the save that has waited longest gets it.
pub(crate) struct SaveTurn {
    /// `None` when no save waits any more.
    of: Option<(SaveTurns, SessionId)>,
    waited: Waited,
    /// The row that the save with this turn has written, or the one before it.
    row: Option<HandedOver>,
}

/// A session's row, as a save has written it.
pub(in crate::session) struct HandedOver {
    pub(in crate::session) name: CookieName,
    pub(in crate::session) id: SessionId,
    pub(in crate::session) row: OpenedRow,
}

/// Whether a save has waited for another one of the same session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    No,
    /// The session has probably changed since it was read.
    Yes,
}

impl SaveTurns {
    /// Waits until no other save of the session is in progress. A caller that goes away leaves the queue.
    pub(in crate::session) async fn take(&self, id: &SessionId) -> SaveTurn {
        // A sender is dropped only once it has sent.
        match self.join(id) {
            Some(waiting) => waiting.await.unwrap_or_else(|_| self.turn(id, Waited::No)),
            None => self.turn(id, Waited::No),
        }
    }

    /// Joins the queue. `None` if there was none: it is the caller's turn.
    fn join(&self, id: &SessionId) -> Option<oneshot::Receiver<SaveTurn>> {
        match self.queues().entry(id.clone()) {
            Entry::Vacant(none) => {
                none.insert(VecDeque::new());
                None
            }
            Entry::Occupied(mut queue) => {
                let (sender, receiver) = oneshot::channel();
                queue.get_mut().push_back(sender);
                Some(receiver)
            }
        }
    }

    /// The save that has waited longest. If none waits, the queue is removed.
    fn next(&self, id: &SessionId) -> Option<oneshot::Sender<SaveTurn>> {
        let mut queues = self.queues();
        let next = queues.get_mut(id).and_then(VecDeque::pop_front);
        if next.is_none() {
            queues.remove(id);
        }
        next
    }

    fn turn(&self, id: &SessionId, waited: Waited) -> SaveTurn {
        SaveTurn {
            of: Some((self.clone(), id.clone())),
            waited,
            row: None,
        }
    }

    fn queues(&self) -> MutexGuard<'_, Queues> {
        // No code panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SaveTurn {
    pub(in crate::session) fn waited(&self) -> Waited {
        self.waited
    }

    /// Takes the row that the save before has written. Others may have changed it since.
    pub(in crate::session) fn take_row(&mut self) -> Option<HandedOver> {
        self.row.take()
    }

    /// Hands the row over to the next save, if one waits.
    pub(in crate::session) fn hand_over(&mut self, row: impl FnOnce() -> Option<HandedOver>) {
        let Some((turns, id)) = &self.of else {
            return;
        };
        let is_awaited = turns
            .queues()
            .get(id)
            .is_some_and(|queue| !queue.is_empty());
        self.row = is_awaited.then(row).flatten();
    }
}

impl Drop for SaveTurn {
    fn drop(&mut self) {
        let Some((turns, id)) = self.of.take() else {
            return;
        };
        let mut turn = turns.turn(&id, Waited::Yes);
        turn.row = self.row.take();
        while let Some(next) = turns.next(&id) {
            match next.send(turn) {
                Ok(()) => return,
                Err(back) => turn = back, // That caller has gone away.
            }
        }
        turn.of = None;
    }
}

impl fmt::Debug for SaveTurns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaveTurns")
            .field("sessions", &self.queues().len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn id(letter: u8) -> SessionId {
        SessionId::parse(&[letter; SessionId::LENGTH]).unwrap()
    }

    fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    fn ready<T>(poll: Poll<T>) -> T {
        match poll {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("it waits"),
        }
    }

    #[test]
    fn saves_of_one_session_wait_in_order_and_others_do_not_wait() {
        let turns = SaveTurns::default();
        let (one, other) = (id(b'A'), id(b'B'));
        let first = ready(poll(pin!(turns.take(&one)).as_mut()));
        assert_eq!(first.waited(), Waited::No);
        let (mut second, mut third) = (pin!(turns.take(&one)), pin!(turns.take(&one)));
        assert!(poll(second.as_mut()).is_pending());
        assert!(poll(third.as_mut()).is_pending());
        drop(ready(poll(pin!(turns.take(&other)).as_mut())));
        drop(first);
        assert!(poll(third.as_mut()).is_pending());
        let second = ready(poll(second.as_mut()));
        assert_eq!(second.waited(), Waited::Yes);
        assert!(poll(third.as_mut()).is_pending());
        drop(second);
        drop(ready(poll(third.as_mut())));
        assert!(turns.queues().is_empty());
    }

    #[test]
    fn a_caller_that_goes_away_leaves_the_queue_whenever_that_is() {
        let (turns, id) = (SaveTurns::default(), id(b'A'));
        let first = ready(poll(pin!(turns.take(&id)).as_mut()));
        let mut last = Box::pin(turns.take(&id));
        {
            let mut leaves_early = Box::pin(turns.take(&id));
            let mut leaves_late = Box::pin(turns.take(&id));
            assert!(poll(leaves_early.as_mut()).is_pending());
            assert!(poll(leaves_late.as_mut()).is_pending());
            assert!(poll(last.as_mut()).is_pending());
            drop(leaves_early);
            drop(first);
            // It has its turn without knowing.
            drop(leaves_late);
        }
        drop(ready(poll(last.as_mut())));
        assert!(turns.queues().is_empty());
    }
}
