//! How an application's sessions are kept: configured and checked once, then shared by all requests.

mod build;
mod builder;
mod config_error;
mod session_manager;

pub use builder::SessionManagerBuilder;
pub use config_error::ConfigError;
pub use session_manager::SessionManager;
