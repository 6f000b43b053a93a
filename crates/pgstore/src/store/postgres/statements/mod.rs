//! The statements that the store sends, one type each, with its SQL from `sql/`.

mod escaped;
mod execution;
mod gathered;
mod ids;
mod maintenance;
mod opaque;
mod owners;
mod reads;
mod refusal;
mod statement;
mod writes;
mod writes_together;

pub(super) use escaped::Escaped;
pub(super) use execution::{Execution, SendForm};
pub(super) use gathered::{Gathered, GatheredAnswer};
pub(super) use ids::{Confirm, Move, Remember, Rename, Renamed, Retire, SweepIds};
pub(super) use maintenance::{BatchSwept, RemoveOlder, RevokeIssuedBefore, SelectPeerWritten};
pub(super) use maintenance::{Sweep, SweepAnswer, SweepDistributed, SweepPlace};
pub(super) use opaque::{Extend, InsertNew, Overwrite, OverwriteAll};
pub(super) use owners::{Find, Owned, Revoke, RevokedRows};
pub(super) use reads::{
    Earlier, EarlierAll, EarlierId, EarlierIds, IsEarlier, Load, LoadAll, Loaded,
};
pub(super) use refusal::{Newest, Revocable};
pub(super) use statement::{Effect, Lane, Statement};
pub(super) use writes::{Delete, DeleteVersion, Insert, Update};
pub(super) use writes_together::{DeleteAll, InsertAll, Removed, Replaced, UpdateAll};
