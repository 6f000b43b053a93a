//! Sessions in front of any tower service.

mod answer;
mod body;
mod future;
mod head_guard;
mod layer;
mod on_failure;
mod refusal;
mod service;

pub use body::SessionBody;
pub use future::SessionFuture;
pub use layer::SessionLayer;
pub use on_failure::Failed;
pub use refusal::SessionFailure;
#[cfg(feature = "axum")]
pub(crate) use refusal::refusal;
pub use service::SessionService;
