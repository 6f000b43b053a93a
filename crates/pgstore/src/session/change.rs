//! What a request asks for, from nothing to the end of its session.

/// What the handler did with the session. A later variant includes the earlier ones: a session that
/// is renewed may have changed values too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// It read the session, at most.
    None,
    /// It changed values, metadata or the cookie's attributes.
    Values,
    /// It asked for a new ID to which the old one leads for a while.
    Rotated,
    /// It asked for a new ID to which the old one does not lead.
    Renewed,
    /// It ended the session and continues with an empty new one.
    StartedOver,
    /// It ended the session.
    Destroyed,
}

impl Change {
    /// Whether the stored session ends.
    pub(super) fn ends_the_session(self) -> bool {
        matches!(self, Self::StartedOver | Self::Destroyed)
    }
}
