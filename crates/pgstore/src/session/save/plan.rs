//! Decides how to save a session. Pure: `write.rs` carries the plan out.

use crate::id::SessionId;
use crate::policy::{Policy, Touch};
use crate::session::change::Change;
use crate::store::Lookup;

/// How old a row is, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) struct Age {
    /// How long ago its data was sealed.
    pub(in crate::session) idle: i64,
    /// How long after that the session ends.
    pub(in crate::session) lifetime: u64,
}

/// Whether there is anything to store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Content {
    /// No values and no owner.
    Empty,
    Something,
}

/// Whether a request that has only read the session must give the browser a cookie: it has none of
/// the session's current ID, or an old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum CookieDue {
    Now,
    No,
}

/// What a save of changed values would write, compared with the row that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::session) enum Comparison {
    Different,
    /// The same, such as a value that was set to what it was.
    Same,
    /// The same as in a row that this save itself has read.
    SameAsJustRead,
}

/// The state change that saves the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Nothing is written.
    Keep,
    /// Insert a first row under a fresh ID.
    Insert,
    /// Nothing is written, since the row has the values: make sure that it still is as it was read.
    Check(SessionId),
    /// Nothing is written, since the row has the values.
    Leave,
    /// Update the row with new values.
    Update(SessionId),
    /// Update the row with the same values, sealed again, so that the session lasts and the browser
    /// may get a cookie.
    Touch(SessionId),
    /// Give the row a fresh ID, to which the old ID leads for a while.
    Rotate(SessionId),
    /// Give the row a fresh ID, to which the old ID does not lead.
    Rename(SessionId),
    /// Delete the row.
    Delete(SessionId),
    /// The change cannot be saved: the session has ended.
    Gone,
    /// The change cannot be saved: the session could not be read.
    Unavailable,
}

/// Decides how to save.
///
/// `found` is what the cookie's ID leads to. A row whose age is unknown was not read, or does not
/// open: it can only be replaced or deleted.
///
/// A cookie is given only with a write that confirmed in this request that its session lives. So a
/// cookie that is due takes a touch.
///
/// Values that are the same are written if a use has to be recorded, since every save is one.
///
/// A new session without values is not stored, so that bots which only read make no rows.
// Go: pgstore.go Save stores it.
pub(super) fn plan(
    found: Lookup<Option<Age>>,
    change: Change,
    content: Content,
    comparison: Comparison,
    cookie: CookieDue,
    policy: &Policy,
) -> Plan {
    let is_due =
        |touch: Touch, age: Age| cookie == CookieDue::Now || touch.is_due(age.idle, age.lifetime);
    match (found, change, content) {
        (Lookup::Row(id, Some(age)), Change::None, _) if is_due(policy.touch, age) => {
            Plan::Touch(id)
        }
        (_, Change::None, _) => Plan::Keep,
        (Lookup::Absent, Change::StartedOver | Change::Destroyed, _) => Plan::Keep,
        (Lookup::Replaced, ..) => Plan::Gone,
        (Lookup::Unknown, ..) => Plan::Unavailable,
        (Lookup::Absent, _, Content::Empty) => Plan::Keep,
        (Lookup::Absent, _, Content::Something) => Plan::Insert,
        (Lookup::Row(id, Some(age)), Change::Values, _)
            if comparison == Comparison::Same && !is_due(policy.touch.or_default(), age) =>
        {
            Plan::Check(id)
        }
        (Lookup::Row(_, Some(age)), Change::Values, _)
            if comparison == Comparison::SameAsJustRead
                && !is_due(policy.touch.or_default(), age) =>
        {
            Plan::Leave
        }
        (Lookup::Row(id, _), Change::Values, _) => Plan::Update(id),
        (Lookup::Row(id, _), Change::Rotated, _) => Plan::Rotate(id),
        (Lookup::Row(id, _), Change::Renewed, _) => Plan::Rename(id),
        (Lookup::Row(id, _), Change::StartedOver | Change::Destroyed, _) => Plan::Delete(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> SessionId {
        SessionId::parse(&[b'A'; SessionId::LENGTH]).unwrap()
    }

    fn row(idle: i64) -> Lookup<Option<Age>> {
        Lookup::Row(
            id(),
            Some(Age {
                idle,
                lifetime: 800,
            }),
        )
    }

    fn policies() -> [Policy; 2] {
        let touching = Policy::default();
        let never = Policy {
            touch: Touch::Never,
            ..touching
        };
        [touching, never]
    }

    /// found × change × (something, empty) × (touching, never touching)
    #[test]
    fn the_plan_for_every_combination() {
        const CHANGES: [Change; 6] = [
            Change::None,
            Change::Values,
            Change::Rotated,
            Change::Renewed,
            Change::StartedOver,
            Change::Destroyed,
        ];
        let both = |plan: Plan| [plan.clone(), plan];
        let on_nothing = |plan: Plan| [plan, Plan::Keep];
        let table = [
            (
                Lookup::Absent,
                [
                    both(Plan::Keep),
                    on_nothing(Plan::Insert),
                    on_nothing(Plan::Insert),
                    on_nothing(Plan::Insert),
                    both(Plan::Keep),
                    both(Plan::Keep),
                ],
            ),
            (
                Lookup::Replaced,
                [
                    both(Plan::Keep),
                    both(Plan::Gone),
                    both(Plan::Gone),
                    both(Plan::Gone),
                    both(Plan::Gone),
                    both(Plan::Gone),
                ],
            ),
            (
                Lookup::Unknown,
                [
                    both(Plan::Keep),
                    both(Plan::Unavailable),
                    both(Plan::Unavailable),
                    both(Plan::Unavailable),
                    both(Plan::Unavailable),
                    both(Plan::Unavailable),
                ],
            ),
            (
                row(99),
                [
                    both(Plan::Keep),
                    both(Plan::Update(id())),
                    both(Plan::Rotate(id())),
                    both(Plan::Rename(id())),
                    both(Plan::Delete(id())),
                    both(Plan::Delete(id())),
                ],
            ),
            (
                Lookup::Row(id(), None),
                [
                    both(Plan::Keep),
                    both(Plan::Update(id())),
                    both(Plan::Rotate(id())),
                    both(Plan::Rename(id())),
                    both(Plan::Delete(id())),
                    both(Plan::Delete(id())),
                ],
            ),
            (
                row(100),
                [
                    both(Plan::Touch(id())),
                    both(Plan::Update(id())),
                    both(Plan::Rotate(id())),
                    both(Plan::Rename(id())),
                    both(Plan::Delete(id())),
                    both(Plan::Delete(id())),
                ],
            ),
        ];
        let mut combinations = 0;
        for (found, plans) in table {
            for (change, expected) in CHANGES.into_iter().zip(plans) {
                for (content, expected) in [Content::Something, Content::Empty]
                    .into_iter()
                    .zip(expected)
                {
                    let [touching, never] = policies().map(|policy| {
                        let (found, comparison) = (found.clone(), Comparison::Different);
                        plan(found, change, content, comparison, CookieDue::No, &policy)
                    });
                    assert_eq!(touching, expected, "{found:?} {change:?} {content:?}");
                    let expected = match expected {
                        Plan::Touch(_) => Plan::Keep,
                        other => other,
                    };
                    assert_eq!(never, expected, "{found:?} {change:?} {content:?}, never");
                    combinations += 2;
                }
            }
        }
        assert_eq!(combinations, 6 * 6 * 2 * 2);
    }

    #[test]
    fn a_cookie_that_is_due_takes_a_touch_of_a_row_that_was_read() {
        for policy in policies() {
            let plan = |found, change| {
                let (content, comparison) = (Content::Something, Comparison::Different);
                plan(found, change, content, comparison, CookieDue::Now, &policy)
            };
            assert_eq!(plan(row(0), Change::None), Plan::Touch(id()));
            assert_eq!(plan(row(0), Change::Values), Plan::Update(id()));
            for found in [Lookup::Row(id(), None), Lookup::Replaced, Lookup::Absent] {
                assert_eq!(plan(found, Change::None), Plan::Keep);
            }
        }
    }

    #[test]
    fn values_that_are_the_same_are_written_only_if_a_use_has_to_be_recorded() {
        use Comparison::{Different, Same, SameAsJustRead};
        for policy in policies() {
            let plan = |found, change, comparison, cookie| {
                plan(
                    found,
                    change,
                    Content::Something,
                    comparison,
                    cookie,
                    &policy,
                )
            };
            for (comparison, young) in [
                (Different, Plan::Update(id())),
                (Same, Plan::Check(id())),
                (SameAsJustRead, Plan::Leave),
            ] {
                let of = |found, cookie| plan(found, Change::Values, comparison, cookie);
                assert_eq!(of(row(99), CookieDue::No), young);
                assert_eq!(of(row(100), CookieDue::No), Plan::Update(id()));
                assert_eq!(of(row(0), CookieDue::Now), Plan::Update(id()));
                let unread = Lookup::Row(id(), None);
                assert_eq!(of(unread, CookieDue::No), Plan::Update(id()));
                let rotated = plan(row(99), Change::Rotated, comparison, CookieDue::No);
                assert_eq!(rotated, Plan::Rotate(id()));
            }
        }
    }
}
