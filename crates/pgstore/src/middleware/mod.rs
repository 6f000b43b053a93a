//! Sessions in front of any tower service.

mod body;
mod future;
mod layer;
mod refusal;
mod service;

pub use body::SessionBody;
pub use future::SessionFuture;
pub use layer::SessionLayer;
pub use refusal::NotSaved;
#[cfg(feature = "axum")]
pub(crate) use refusal::status_and_text;
pub use service::SessionService;
