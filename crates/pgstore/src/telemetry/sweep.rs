use std::time::Duration;

/// What a sweep has done.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(feature = "metrics"),
    allow(dead_code, reason = "what the feature `metrics` reads")
)]
pub(crate) struct SweepFigures {
    pub(crate) removed: u64,
    pub(crate) undeletable: u64,
    pub(crate) lag: Duration,
    pub(crate) has_failed: bool,
}
