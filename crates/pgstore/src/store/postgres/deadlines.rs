//! How long an operation may take, and how long a connection may be silent.

use std::time::Duration;

use super::statements::{Effect, Lane, Statement};

/// How long an operation may take in all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    pub(super) all: Duration,
    /// For lookups, with which requests begin.
    pub(super) reading: Duration,
    /// For a server that starts later than this program.
    pub(super) server_start: Duration,
}

impl Deadlines {
    /// For an operation that begins with this statement.
    pub(super) fn of<S: Statement>(&self) -> Duration {
        match (S::EFFECT, S::LANE) {
            (Effect::None, Lane::Reads) => self.reading,
            _ => self.all,
        }
    }

    /// How long a connection may leave a statement of this kind without any answer before it counts
    /// as hung: half of the operation's time, so that the other half is left for another connection.
    pub(super) fn patience<S: Statement>(&self) -> Duration {
        self.of::<S>() / 2
    }
}
