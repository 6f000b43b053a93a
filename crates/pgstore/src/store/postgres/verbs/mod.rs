//! What the store asks the database: the parameters that each verb sends, and how it reads the
//! answer.
//!
//! A verb is plain data, so that a link may also gather several callers' verbs into one statement.

mod owners;
mod reads;
mod upkeep;
mod writes;

use std::future::Future;

use tokio_postgres::{Client, Statement};

pub(super) use self::owners::{Find, Owned, Revoke};
pub(super) use self::reads::{Load, Successor};
pub(super) use self::upkeep::{Probe, SelectPeerWritten, Sweep, Tidy};
pub(super) use self::writes::{Delete, DeleteVersion, Insert, Rename, Replace, Update};
use super::failure::Failure;
use super::statements::Kind;
use crate::store::StoreError;

/// Statements on one connection are answered in their order. So those that may have to wait for a
/// row, which somebody else has locked, keep to connections of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// Reading, and writing a first row: nobody's lock is in the way.
    NeverWaits,
    /// Writing over a row.
    MayWait,
    /// What must not stand in the way of requests.
    Background,
}

/// What it comes to when nobody knows whether a statement was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It changes nothing: it is simply done again.
    None,
    /// Twice is as good as once: it is done again.
    Idempotent,
    /// Done again, it would not find what it found before, or do it twice: whoever asked for it has
    /// to find out.
    Once,
}

/// One statement with its parameters.
pub(super) trait Verb: Sync {
    type Answer: Send;

    const KIND: Kind;

    const EFFECT: Effect;

    /// Which connections it goes over.
    const LANE: Lane;

    fn run(
        &self,
        client: &Client,
        statement: &Statement,
    ) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::last(error)
    }
}
