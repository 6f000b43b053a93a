//! A store that has one row under every ID and forgets what is written.

use std::future::ready;

use pgstore::store::{
    IdChange, Lookup, PeerWritten, PeerWrittenCursor, Revocation, Revoked, Row, Store, StoreError,
    StoreErrorKind, StoreFuture, SweepBatch, Swept, Written,
};
use pgstore::{SessionHandle, SessionId, Timestamp};

#[derive(Debug)]
pub struct StillStore(pub Row);

fn done<'a, T: Send + 'a>(answer: T) -> StoreFuture<'a, T> {
    Box::pin(ready(Ok(answer)))
}

/// The works do not call it.
fn unused<'a, T: Send + 'a>() -> StoreFuture<'a, T> {
    Box::pin(ready(Err(StoreError::new(StoreErrorKind::Closed))))
}

impl Store for StillStore {
    fn load<'a>(&'a self, id: &'a SessionId, _: Timestamp) -> StoreFuture<'a, Lookup> {
        done(Lookup::Row(id.clone(), self.0.clone()))
    }

    fn insert<'a>(&'a self, _: &'a SessionId, _: &'a Row) -> StoreFuture<'a, ()> {
        done(())
    }

    fn update<'a>(
        &'a self,
        _: &'a SessionId,
        _: Timestamp,
        _: &'a Row,
    ) -> StoreFuture<'a, Written> {
        done(Written::Saved)
    }

    fn rename<'a>(&'a self, _: IdChange<'a>, _: &'a Row) -> StoreFuture<'a, Written> {
        unused()
    }

    fn confirm<'a>(&'a self, _: &'a SessionId, _: Timestamp, _: Timestamp) -> StoreFuture<'a, ()> {
        unused()
    }

    fn delete<'a>(&'a self, _: &'a SessionId) -> StoreFuture<'a, u64> {
        unused()
    }

    fn delete_version<'a>(&'a self, _: &'a SessionId, _: Timestamp) -> StoreFuture<'a, Written> {
        unused()
    }

    fn find<'a>(
        &'a self,
        _: &'a SessionHandle,
        _: Timestamp,
    ) -> StoreFuture<'a, Option<(SessionId, Row)>> {
        unused()
    }

    fn owned<'a>(&'a self, _: &'a str, _: Timestamp) -> StoreFuture<'a, Vec<(SessionId, Row)>> {
        unused()
    }

    fn revoke<'a>(&'a self, _: &'a Revocation<'a>) -> StoreFuture<'a, Revoked> {
        unused()
    }

    fn peer_written(&self, _: PeerWrittenCursor, _: u32) -> StoreFuture<'_, PeerWritten> {
        unused()
    }

    fn sweep<'a>(&'a self, _: &'a SweepBatch) -> StoreFuture<'a, Swept> {
        unused()
    }

    fn probe(&self) -> StoreFuture<'_, ()> {
        unused()
    }
}
