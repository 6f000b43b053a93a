//! What saving does: decided here, done in `save.rs`.

use crate::id::SessionId;
use crate::policy::Policy;

/// What the request's session turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// No cookie that opens, no row, or a row past its time.
    Nothing,
    /// An ID that was replaced a moment ago, and does not lead to the new one.
    Retired,
    /// Nobody could tell: the store was away, and the application wanted to go on.
    Unknown,
    /// The row of this ID. One that does not open comes this far only to be replaced or removed;
    /// any other change to it has failed by now, so that nothing is lost.
    Row(SessionId, Age),
}

/// How old a row is, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Age {
    /// How long ago it was sealed.
    pub(super) idle: i64,
    /// How long after that it ends.
    pub(super) lifetime: u64,
}

/// What the handler did with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It read, at most.
    None,
    /// It changed values, what belongs to them, or the cookie's attributes.
    Values,
    /// It asked for a new ID in passing, and may have changed values.
    Rotated,
    /// It asked for a new ID that the old one does not lead to, and may have changed values.
    Renewed,
    /// It ended the session.
    Destroyed,
}

/// Whether there is anything to store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// No values, and nobody owns it.
    Empty,
    Something,
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
    /// The same values in the row, sealed anew, so that it lasts.
    Touch(SessionId),
    /// The row goes, one under a fresh ID comes, and the old ID leads to it for a while.
    Rotate(SessionId),
    /// The row goes, one under a fresh ID comes, and the old ID is dead.
    Rename(SessionId),
    /// The row goes.
    Delete(SessionId),
    /// The change cannot be made: the session has ended.
    Gone,
    /// The change cannot be made: the session could not be read.
    Unavailable,
}

/// Decides how to save.
///
/// A new session without values is not stored: a row for every bot that reads one helps nobody.
// Go: pgstore.go Save stores it.
pub(super) fn plan(found: Found, change: Change, content: Content, policy: &Policy) -> Plan {
    match (found, change, content) {
        (Found::Row(id, age), Change::None, _) if policy.touch.is_due(age.idle, age.lifetime) => {
            Plan::Touch(id)
        }
        (_, Change::None, _) | (Found::Nothing, Change::Destroyed, _) => Plan::Keep,
        (Found::Retired, ..) => Plan::Gone,
        (Found::Unknown, ..) => Plan::Unavailable,
        (Found::Nothing, _, Content::Empty) => Plan::Keep,
        (Found::Nothing, _, Content::Something) => Plan::Insert,
        (Found::Row(id, _), Change::Values, _) => Plan::Update(id),
        (Found::Row(id, _), Change::Rotated, _) => Plan::Rotate(id),
        (Found::Row(id, _), Change::Renewed, _) => Plan::Rename(id),
        (Found::Row(id, _), Change::Destroyed, _) => Plan::Delete(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Touch;

    fn id() -> SessionId {
        SessionId::parse(&[b'A'; SessionId::LENGTH]).unwrap()
    }

    fn row(idle: i64) -> Found {
        Found::Row(
            id(),
            Age {
                idle,
                lifetime: 800,
            },
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
        const CHANGES: [Change; 5] = [
            Change::None,
            Change::Values,
            Change::Rotated,
            Change::Renewed,
            Change::Destroyed,
        ];
        let both = |plan: Plan| [plan.clone(), plan];
        let on_nothing = |plan: Plan| [plan, Plan::Keep];
        let table = [
            (
                Found::Nothing,
                [
                    both(Plan::Keep),
                    on_nothing(Plan::Insert),
                    on_nothing(Plan::Insert),
                    on_nothing(Plan::Insert),
                    both(Plan::Keep),
                ],
            ),
            (
                Found::Retired,
                [
                    both(Plan::Keep),
                    both(Plan::Gone),
                    both(Plan::Gone),
                    both(Plan::Gone),
                    both(Plan::Gone),
                ],
            ),
            (
                Found::Unknown,
                [
                    both(Plan::Keep),
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
                    let [touching, never] =
                        policies().map(|policy| plan(found.clone(), change, content, &policy));
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
        assert_eq!(combinations, 5 * 5 * 2 * 2);
    }
}
