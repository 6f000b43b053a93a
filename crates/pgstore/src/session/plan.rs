//! What saving does: decided here, done in `save.rs`.

use crate::id::SessionId;

/// What the request's session turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// No cookie that opens, no row, or a row past its time.
    Nothing,
    /// The row of this ID. One that does not open comes this far only to be replaced or removed;
    /// any other change to it has failed by now, so that nothing is lost.
    Row(SessionId),
}

/// What the handler did with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It read, at most.
    None,
    /// It changed values or the cookie's attributes.
    Values,
    /// It asked for a new ID, and may have changed values.
    Renewed,
    /// It ended the session.
    Destroyed,
}

/// The one state change that saves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Nothing to do.
    Keep,
    /// A first row under a fresh ID.
    Insert,
    /// New values in the row.
    Update(SessionId),
    /// The row goes, one under a fresh ID comes.
    Rename(SessionId),
    /// The row goes.
    Delete(SessionId),
}

/// Decides how to save. `is_empty`: whether the session holds no value.
///
/// A new session without values is not stored: a row for every bot that reads one helps nobody.
// Go: pgstore.go Save stores it.
pub(super) fn plan(found: Found, change: Change, is_empty: bool) -> Plan {
    match (change, found) {
        (Change::None, _) | (Change::Destroyed, Found::Nothing) => Plan::Keep,
        (Change::Values | Change::Renewed, Found::Nothing) if is_empty => Plan::Keep,
        (Change::Values | Change::Renewed, Found::Nothing) => Plan::Insert,
        (Change::Values, Found::Row(id)) => Plan::Update(id),
        (Change::Renewed, Found::Row(id)) => Plan::Rename(id),
        (Change::Destroyed, Found::Row(id)) => Plan::Delete(id),
    }
}

/// Whether a cookie sealed at `issued_at` should be sealed anew, now that its session is saved.
///
/// Go seals it at every save. The browser's copy and the timestamp in it live for the maximal
/// age, so once an eighth of that has passed is often enough. All times are seconds.
pub(super) fn cookie_is_due(issued_at: i64, now: i64, max_age: u64) -> bool {
    u64::try_from(now.saturating_sub(issued_at)).is_ok_and(|age| age >= max_age / 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_for_every_combination() {
        let id = || SessionId::parse(&[b'A'; SessionId::LENGTH]).unwrap();
        let table = [
            // found, change, plan with values, plan without
            (Found::Nothing, Change::None, Plan::Keep, Plan::Keep),
            (Found::Nothing, Change::Values, Plan::Insert, Plan::Keep),
            (Found::Nothing, Change::Renewed, Plan::Insert, Plan::Keep),
            (Found::Nothing, Change::Destroyed, Plan::Keep, Plan::Keep),
            (Found::Row(id()), Change::None, Plan::Keep, Plan::Keep),
            (
                Found::Row(id()),
                Change::Values,
                Plan::Update(id()),
                Plan::Update(id()),
            ),
            (
                Found::Row(id()),
                Change::Renewed,
                Plan::Rename(id()),
                Plan::Rename(id()),
            ),
            (
                Found::Row(id()),
                Change::Destroyed,
                Plan::Delete(id()),
                Plan::Delete(id()),
            ),
        ];
        for (found, change, with_values, without) in table {
            assert_eq!(
                plan(found.clone(), change, false),
                with_values,
                "{found:?} {change:?}"
            );
            assert_eq!(
                plan(found.clone(), change, true),
                without,
                "{found:?} {change:?}, empty"
            );
        }
    }

    #[test]
    fn a_cookie_is_due_after_an_eighth_of_its_life() {
        assert!(!cookie_is_due(1000, 1099, 800));
        assert!(cookie_is_due(1000, 1100, 800));
        assert!(
            !cookie_is_due(1000, 0, 800),
            "a clock that went back changes nothing"
        );
    }
}
