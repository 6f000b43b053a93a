//! How an application's sessions are kept: configured and checked once, then shared by all requests.

mod build;
mod builder;
mod close;
mod config_error;
mod known_names;
mod managed_session;
mod session_manager;

pub use builder::SessionManagerBuilder;
pub use close::UnfinishedWork;
pub use config_error::ConfigError;
pub(crate) use known_names::NamedSessions;
pub(crate) use managed_session::ManagedSession;
pub use session_manager::SessionManager;
