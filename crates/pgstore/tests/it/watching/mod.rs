//! What an operator sees: metrics and spans. They are those that the manual lists, and carry no data of
//! a user.

mod dashboard;
mod documented;
mod metrics;
mod recording;
mod seen;
mod spans;
mod workload;
