//! What every test needs: the demo as a program, browsers, and how a test becomes a trial.

pub(crate) mod axe;
pub(crate) mod browser;
pub(crate) mod cdp;
pub(crate) mod chromium;
pub(crate) mod program;
pub(crate) mod registry;

pub(crate) use macro_rules_attribute::apply;
pub(crate) use registry::{browser_trial, trial};
