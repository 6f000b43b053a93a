//! What a load answers.

use super::Row;
use crate::id::SessionId;

/// What an ID leads to.
///
/// ```
/// use pgstore::store::Lookup;
/// use pgstore::{MemoryStore, SessionId, Store, Timestamp};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (store, id) = (MemoryStore::new(), SessionId::generate()?);
/// match store.load(&id, Timestamp::UNIX_EPOCH).await? {
///     Lookup::Row(_, row) => println!("last written at {:?}", row.modified_on),
///     Lookup::Replaced => println!("a login has replaced this ID a moment ago"),
///     Lookup::Absent | Lookup::Unknown => println!("no session"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // A caller that overlooks one of them leaks or loses sessions.
pub enum Lookup<R = Row> {
    /// The session's row, and the ID that it is stored under: the one asked for or, if that is an
    /// earlier ID of a gentle rotation which still leads to the session, the current one.
    Row(SessionId, R),
    /// The ID was replaced a moment ago and does not lead to the session any more, as after a login.
    Replaced,
    /// There is no session.
    Absent,
    /// The store could not be asked and the application continues without the session. Stores
    /// never answer this; the session does.
    Unknown,
}

impl<R> Lookup<R> {
    /// The same answer with another view of the row.
    #[must_use]
    pub fn map<T>(self, view: impl FnOnce(R) -> T) -> Lookup<T> {
        match self {
            Self::Row(id, row) => Lookup::Row(id, view(row)),
            Self::Replaced => Lookup::Replaced,
            Self::Absent => Lookup::Absent,
            Self::Unknown => Lookup::Unknown,
        }
    }

    /// The row, under the ID that was asked for or its successor.
    #[must_use]
    pub fn row(&self) -> Option<&R> {
        match self {
            Self::Row(_, row) => Some(row),
            Self::Replaced | Self::Absent | Self::Unknown => None,
        }
    }

    /// The row, under the ID that was asked for or its successor.
    #[must_use]
    pub fn into_row(self) -> Option<R> {
        match self {
            Self::Row(_, row) => Some(row),
            Self::Replaced | Self::Absent | Self::Unknown => None,
        }
    }

    /// The row, if it is stored under this ID and not under its successor.
    #[must_use]
    pub fn into_row_of(self, id: &SessionId) -> Option<R> {
        match self {
            Self::Row(found, row) if found == *id => Some(row),
            _ => None,
        }
    }
}
