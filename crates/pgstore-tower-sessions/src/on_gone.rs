//! What a save of an ended session answers.

/// What a save answers when the session has ended meanwhile: by a logout in another request, a
/// revocation, or its expiry.
///
/// The session stays ended in either case, and an event of `tracing` (level INFO) says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnGone {
    /// An error, so that no response reports the success of a change that is not stored (the
    /// default). `SessionManagerLayer` answers 500 then.
    #[default]
    Fail,
    /// Success: the changes are dropped. Choose it with `with_always_save(true)`, where requests
    /// that change nothing are saved, too, and should not fail because of a logout in another tab.
    Drop,
}
