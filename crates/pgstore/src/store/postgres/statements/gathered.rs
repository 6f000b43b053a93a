//! One statement for the requests of several callers.

use super::statement::Statement;
use crate::id::SessionId;
use crate::store::StoreError;

/// A statement that carries the requests of several callers, and answers each.
///
/// The answers are in the order of the requests. A request fails alone if the statement can tell
/// which one it is. Otherwise the statement fails, and the executor sends each request by itself.
pub(crate) trait Gathered:
    Statement<Output = Vec<Result<Self::Answer, StoreError>>> + Send + Sized + 'static
{
    /// What one caller asks.
    type Request: Send + 'static;

    /// What one caller is answered.
    type Answer: Send + 'static;

    /// The statement for these requests.
    fn of(requests: Vec<Self::Request>) -> Self;

    /// The session of which one request at a time may be under way, if any.
    fn id(_: &Self::Request) -> Option<&SessionId> {
        None
    }
}
