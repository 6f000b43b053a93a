//! The meters of a store without the feature `metrics`: they hold and do nothing.

use super::{ConnectionPhase, Gauged, Operation, Table};

#[derive(Clone, Debug)]
pub(crate) struct StoreMeter;

#[derive(Clone, Debug)]
pub(crate) struct ConnectionMeter;

#[derive(Clone, Debug, Default)]
pub(crate) struct QueueMeter;

#[derive(Debug)]
pub(crate) struct Stopwatch;

impl StoreMeter {
    pub(crate) fn new(_: &str, _: &str) -> Self {
        Self
    }

    pub(crate) fn connections(&self) -> ConnectionMeter {
        ConnectionMeter
    }

    pub(crate) fn queue(&self, _: Operation, _: Table) -> QueueMeter {
        QueueMeter
    }

    pub(crate) fn ended(&self, _: &Stopwatch, _: Operation, _: Table, _: Option<&str>) {}
}

impl ConnectionMeter {
    pub(crate) fn is(&self, _: ConnectionPhase) -> Gauged {
        Gauged
    }

    pub(crate) fn failed(&self) {}
    pub(crate) fn lost(&self) {}
}

impl QueueMeter {
    pub(crate) fn waits(&self) -> Gauged {
        Gauged
    }

    pub(crate) fn refused(&self) {}
    pub(crate) fn sent(&self, _: usize) {}
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self
    }
}
