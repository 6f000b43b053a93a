//! What every test needs: a runtime, a schema of its own, one application and one browser.

pub(crate) mod app;
pub(crate) mod browser;
pub(crate) mod careless;
pub(crate) mod chance;
pub(crate) mod database;
pub(crate) mod distributed;
pub(crate) mod go;
pub(crate) mod log;
pub(crate) mod pooler;
pub(crate) mod pooler_exclusions;
pub(crate) mod proxy;
pub(crate) mod registry;
pub(crate) mod rust_app;
pub(crate) mod secrets;
pub(crate) mod server;
pub(crate) mod sources;
pub(crate) mod unguarded;
pub(crate) mod vectors;

pub(crate) use macro_rules_attribute::apply;
pub(crate) use registry::{distributed_trial, trials_on_both_servers};
pub(crate) use registry::{go_trial, hostile_trial, trial, trial_on_both_servers, trials};
