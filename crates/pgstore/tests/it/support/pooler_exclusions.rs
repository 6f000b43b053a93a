//! Trials of what a pooler is there to change. With `PGSTORE_POOLER` they are ignored, with the reason.

use super::pooler::Kind;

/// Why a trial is left out behind the pooler that `PGSTORE_POOLER` asks for.
pub(crate) fn reason(trial: &str) -> Option<&'static str> {
    let kind = Kind::wanted()?;
    let is_meant = |exclusion: &&Exclusion| {
        exclusion.kinds.contains(&kind) && trial.ends_with(exclusion.trial)
    };
    EXCLUSIONS.iter().find(is_meant).map(|found| found.reason)
}

/// Panics if an entry names no trial.
pub(crate) fn check(trials: &[&str]) {
    for exclusion in EXCLUSIONS {
        let is_there = trials.iter().any(|trial| trial.ends_with(exclusion.trial));
        assert!(is_there, "there is no trial {}", exclusion.trial);
    }
}

struct Exclusion {
    /// The end of its name.
    trial: &'static str,
    kinds: &'static [Kind],
    reason: &'static str,
}

const EXCLUSIONS: &[Exclusion] = &[];
