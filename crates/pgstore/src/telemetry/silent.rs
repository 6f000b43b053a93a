//! Nothing is counted without the feature `metrics`.

use super::SweepFigures;
use super::{Conflicting, CookieKind, CookieRefusal, LoadOutcome, SaveOutcome, Sealed};

/// Nothing.
#[derive(Debug)]
pub(crate) struct Gauged;

pub(crate) fn describe_sessions() {}
pub(crate) fn loaded(_: LoadOutcome) {}
pub(crate) fn saved(_: SaveOutcome) {}
pub(crate) fn replayed() {}
pub(crate) fn conflicting(_: Conflicting, _: u64) {}
pub(crate) fn cookie_refused(_: CookieKind, _: CookieRefusal) {}
pub(crate) fn has_older_keys(_: Sealed) {}
pub(crate) fn logout_given_up() {}
pub(crate) fn swept(_: Option<&str>, _: SweepFigures) {}

/// Nothing.
pub(crate) fn pending_logout() -> Gauged {
    Gauged
}
