//! Stage 5: decides how to save the session (`plan`), sends the statement (`attempt`), and finds out
//! what became of it (`resolve`). A logout that the store cannot take continues in `logout_retry`.

mod attempt;
mod confirm;
mod cookie;
mod logout_retry;
mod plan;
mod resolve;
mod run;
mod turns;
mod write;

pub(super) use attempt::{Outcome, pause};
pub(crate) use logout_retry::LogoutRetry;
#[cfg(feature = "middleware")]
pub(super) use logout_retry::pause_before;
pub(super) use plan::{Age, Content};
pub(super) use resolve::outcome_unknown;
pub(super) use run::took_too_long;
pub(crate) use turns::SaveTurns;
pub(super) use turns::{SaveTurn, Waited};
