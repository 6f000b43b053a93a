//! Everything a connection string and its environment say, with types.

mod builder;
mod resolve;
mod settings;

pub use builder::ConfigBuilder;
pub use settings::Config;
