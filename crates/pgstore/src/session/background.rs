//! Background work: saves and logouts that outlive their request.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// The longest pause between two tries while the manager is being closed.
const WHILE_CLOSING: Duration = Duration::from_millis(200);

/// Counts the saves and logouts of a manager, so that closing can wait for them. Clones count
/// together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Background(watch::Sender<UnderWay>);

#[derive(Debug, Default)]
struct UnderWay {
    saves: usize,
    logouts: usize,
    closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BackgroundWork {
    Save,
    Logout,
}

/// Work that is under way until this is dropped.
#[derive(Debug)]
pub(crate) struct WorkGuard {
    of: Background,
    work: BackgroundWork,
}

impl Background {
    /// Begins some work. `None` when closed.
    pub(crate) fn begin(&self, work: BackgroundWork) -> Option<WorkGuard> {
        self.begin_if(work, |under_way| !under_way.closed)
    }

    /// Begins what is left of a save. Closing waits for it as long as anything else is under way, such as
    /// the save itself. `None` when closed and nothing is.
    pub(crate) fn continue_as(&self, work: BackgroundWork) -> Option<WorkGuard> {
        self.begin_if(work, |under_way| !under_way.closed || !under_way.is_idle())
    }

    fn begin_if(
        &self,
        work: BackgroundWork,
        may_begin: impl Fn(&UnderWay) -> bool,
    ) -> Option<WorkGuard> {
        let begins = |under_way: &mut UnderWay| {
            let begins = may_begin(under_way);
            *under_way.count(work) += usize::from(begins);
            begins
        };
        self.0.send_if_modified(begins).then(|| WorkGuard {
            of: self.clone(),
            work,
        })
    }

    pub(crate) fn close(&self) {
        self.0.send_modify(|under_way| under_way.closed = true);
    }

    /// Pauses between two tries of some work. Closing ends the pause and shortens later ones.
    pub(crate) async fn pause(&self, pause: Duration) {
        if self.0.borrow().closed {
            return sleep(pause.min(WHILE_CLOSING)).await;
        }
        // Closed or not, the pause is over.
        let _ = timeout(pause, self.wait_for(|under_way| under_way.closed)).await;
    }

    /// Waits until nothing is under way.
    pub(crate) async fn ended(&self) {
        self.wait_for(UnderWay::is_idle).await;
    }

    /// How many saves and logouts are under way.
    pub(crate) fn under_way(&self) -> (usize, usize) {
        let under_way = self.0.borrow();
        (under_way.saves, under_way.logouts)
    }

    async fn wait_for(&self, is_so: impl FnMut(&UnderWay) -> bool) {
        // It fails when all senders are gone, and `self` is one.
        let _ = self.0.subscribe().wait_for(is_so).await;
    }
}

impl UnderWay {
    fn is_idle(&self) -> bool {
        self.saves == 0 && self.logouts == 0
    }

    fn count(&mut self, work: BackgroundWork) -> &mut usize {
        match work {
            BackgroundWork::Save => &mut self.saves,
            BackgroundWork::Logout => &mut self.logouts,
        }
    }
}

impl Drop for WorkGuard {
    fn drop(&mut self) {
        self.of
            .0
            .send_modify(|under_way| *under_way.count(self.work) -= 1);
    }
}
