//! Removing expired rows: once by hand, or in the background until the handle is dropped.

mod handle;
mod options;
mod pace;
mod sweeper;
mod worker;

pub use handle::{SweepHandle, SweepStats};
pub use options::{FirstSweep, SweepOptions};
pub use sweeper::Sweeper;
