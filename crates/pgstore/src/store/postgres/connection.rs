//! One connection, which many callers use at once: their statements are pipelined, or take turns where
//! something is between the store and its server.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pgstore_connect::{ConnectionTask, Host};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::Client;

use super::deadlines::Deadlines;
use super::failure::AttemptFailure;
use super::liveness::Liveness;
use super::send_forms::SendForms;
use super::statement_names::Sending;
use super::statements::{Effect, Execution, Statement};
use super::table_name::TableName;
use super::turns::{TurnGuard, Turns};
use crate::telemetry::Gauged;

/// A connection that any number of callers use at once.
#[derive(Debug)]
pub(super) struct Connection {
    client: Client,
    forms: SendForms,
    /// `None` if statements are pipelined.
    turns: Option<Turns>,
    task: ConnectionTask,
    retired: AtomicBool,
    given_up: AtomicBool,
    liveness: Liveness,
    _open: Gauged,
}

/// How long a statement waits for its connection.
#[derive(Clone, Copy)]
struct WaitLimits {
    deadline: Instant,
    /// How long the connection may answer nothing.
    patience: Duration,
    /// It is not given up before: another caller may have its answer, and not have been polled since.
    least: Instant,
}

impl Connection {
    /// `round_trip`: how long the way to the server and back took.
    pub(super) fn new(
        client: Client,
        task: ConnectionTask,
        sending: Sending,
        round_trip: Duration,
        open: Gauged,
    ) -> Self {
        Self {
            client,
            turns: (!sending.are_pipelined).then(Turns::default),
            forms: SendForms::new(sending.are_named),
            task,
            retired: AtomicBool::new(false),
            given_up: AtomicBool::new(false),
            liveness: Liveness::new(round_trip),
            _open: open,
        }
    }

    /// Whether it takes new statements.
    pub(super) fn is_live(&self) -> bool {
        !self.retired.load(Ordering::Relaxed) && !self.client.is_closed()
    }

    /// Gives it no new statements; it closes when the current ones are done. `true` the first time.
    pub(super) fn retire(&self) -> bool {
        !self.retired.swap(true, Ordering::Relaxed)
    }

    /// Has the server plan each statement anew.
    pub(super) fn forget_plans(&self) {
        self.forms.forget();
    }

    /// How many statements are under way on it.
    pub(super) fn load(&self) -> usize {
        self.liveness.load()
    }

    /// Whether it may be silent, now that another connection is. It may be idle for this long at most.
    pub(super) fn is_doubtful(&self, idle: Duration) -> bool {
        self.liveness.is_doubtful(idle)
    }

    /// How long ago it was opened.
    pub(super) fn age(&self) -> Duration {
        self.liveness.age()
    }

    /// The host that it is connected to.
    pub(super) fn host(&self) -> &Host {
        self.task.host()
    }

    /// Runs one statement until the deadline at most. Dropping the future leaves the connection
    /// usable.
    ///
    /// A read ends earlier if the connection answers nothing at all: there is time left to ask over
    /// another one.
    pub(super) async fn run<S: Statement>(
        &self,
        statement: &S,
        table: &TableName,
        deadline: Instant,
        deadlines: &Deadlines,
    ) -> Result<S::Output, AttemptFailure> {
        let _guard = self.liveness.begin(deadlines.of::<S>());
        let patience = deadlines.patience::<S>();
        let is_read = S::EFFECT == Effect::None;
        let limits = WaitLimits {
            deadline,
            patience,
            least: Instant::now() + self.liveness.moment(),
        };
        // Before it is sent, a write leaves a silent connection early, too.
        let turn = async { Ok(self.turn().await) };
        let turn = self.answer(turn, limits, true).await;
        let turn = turn.map_err(AttemptFailure::before_execution)?;
        if self.given_up.load(Ordering::Relaxed) {
            return Err(AttemptFailure::not_sent());
        }
        match self.liveness.proof_within(patience) {
            Some(within) => self.prove(within, deadline).await?,
            None if turn.as_ref().is_some_and(TurnGuard::comes_early) => {
                let ready = self.answer(self.ready(), limits, true);
                ready.await.map_err(AttemptFailure::before_execution)?;
            }
            None => {}
        }
        let form = self.forms.get::<S>(&self.client, table, &self.liveness);
        let form = self.answer(form, limits, true);
        let form = form.await.map_err(AttemptFailure::before_execution)?;
        if self.client.is_closed() {
            return Err(AttemptFailure::not_sent());
        }
        let execution = Execution::new(&self.client, &form, S::PARAMETERS);
        let run = async {
            let answer = statement.run(&execution).await;
            self.liveness.heard();
            answer
        };
        let answer = self.answer(run, limits, is_read).await;
        if let (Some(turn), Ok(_)) = (turn, &answer) {
            turn.end();
        }
        answer
    }

    /// Waits for the statements before, unless statements are pipelined.
    async fn turn(&self) -> Option<TurnGuard<'_>> {
        match &self.turns {
            Some(turns) => Some(turns.next().await),
            None => None,
        }
    }

    /// Waits until the server is done with what was sent before.
    async fn ready(&self) -> Result<(), AttemptFailure> {
        let answer = self.client.check_connection().await;
        self.liveness.heard();
        Ok(answer?)
    }

    /// Makes sure that the connection still leads to the server: a NAT or a firewall may have forgotten it
    /// without a word.
    async fn prove(&self, within: Duration, deadline: Instant) -> Result<(), AttemptFailure> {
        let until = deadline.min(Instant::now() + within);
        match timeout_at(until, self.ready()).await {
            Ok(answer) => answer.map_err(AttemptFailure::before_execution),
            Err(_) if until == deadline => Err(AttemptFailure::no_answer_yet().before_execution()),
            // It has answered others meanwhile.
            Err(_) if self.turns.is_none() && !self.liveness.is_doubted() => Ok(()),
            Err(_) => Err(AttemptFailure::not_proven()),
        }
    }

    /// Waits for an answer until the deadline. If `gives_up`, until the connection has answered
    /// nothing for as long as patience lasts.
    async fn answer<T>(
        &self,
        answer: impl Future<Output = Result<T, AttemptFailure>>,
        limits: WaitLimits,
        gives_up: bool,
    ) -> Result<T, AttemptFailure> {
        let WaitLimits {
            deadline,
            patience,
            least,
        } = limits;
        let mut answer = std::pin::pin!(answer);
        loop {
            let patient_until = Instant::now() + patience.saturating_sub(self.liveness.silence());
            let until = match gives_up {
                true => deadline.min(patient_until.max(least)),
                false => deadline,
            };
            if let Ok(answer) = timeout_at(until, &mut answer).await {
                return answer;
            }
            if self.liveness.silence() >= patience {
                return Err(AttemptFailure::no_answer());
            }
            if Instant::now() >= deadline {
                return Err(AttemptFailure::no_answer_yet());
            }
        }
    }

    /// Retires it and asks the server to cancel its statement. After `grace` the connection is
    /// aborted. Many callers may give up at once; the server is asked once. `true` the first time.
    pub(super) fn give_up(&self, grace: Duration) -> bool {
        self.retire();
        if self.given_up.swap(true, Ordering::Relaxed) {
            return false;
        }
        let (cancel, task) = (self.task.cancel_handle(), self.task.abort_handle());
        tokio::spawn(async move {
            if let Err(error) = cancel.cancel().await {
                tracing::debug!(%error, "a statement on the session store could not be cancelled");
            }
            tokio::time::sleep(grace).await;
            task.abort();
        });
        true
    }

    /// Gives it up unless it answers before patience ends. Its last caller could not wait so long.
    pub(super) fn judge_later(self: Arc<Self>, patience: Duration, grace: Duration) {
        tokio::spawn(async move {
            loop {
                let left = patience.saturating_sub(self.liveness.silence());
                match timeout(left, self.check()).await {
                    Ok(()) => return self.liveness.heard(),
                    Err(_) if self.liveness.silence() >= patience => {
                        self.give_up(grace);
                        return;
                    }
                    Err(_) => {} // It has answered others meanwhile.
                }
            }
        });
    }

    /// Waits until the server has answered what was sent before, or the connection is closed.
    async fn check(&self) {
        let turn = self.turn().await;
        if self.client.check_connection().await.is_ok()
            && let Some(turn) = turn
        {
            turn.end();
        }
    }

    /// Closes the connection and waits until it is closed.
    pub(super) async fn close(self) {
        drop(self.client);
        self.task.ended().await;
    }
}
