//! The statements that the store sends, one type each, with its SQL from `sql/`.

mod gathered;
mod ids;
mod maintenance;
mod owners;
mod reads;
mod refusal;
mod statement;
mod writes;
mod writes_together;

pub(super) use gathered::Gathered;
pub(super) use ids::{Confirm, IsDistributed, Move, Remember, Rename, Renamed, Retire, SweepIds};
pub(super) use maintenance::{
    BatchSwept, RemoveOlder, RevokeIssuedBefore, SelectPeerWritten, Sweep,
};
pub(super) use owners::{Find, Owned, Revoke};
pub(super) use reads::{ById, EarlierAll, EarlierId, EarlierIds, Load, LoadAll, Loaded};
pub(super) use refusal::{Newest, Revocable};
pub(super) use statement::{Effect, Lane, Statement};
pub(super) use writes::{Delete, DeleteVersion, Insert, Update};
pub(super) use writes_together::{FirstRow, InsertAll, NewVersion, Replaced, UpdateAll};
