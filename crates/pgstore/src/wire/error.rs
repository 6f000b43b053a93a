/// Who can mend an error: every error of this crate answers `blame()` with one of these.
///
/// The three classes are gorilla/securecookie's (`Error.IsUsage`, `IsDecode`, `IsInternal`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blame {
    /// The programmer or the configuration: it fails every time until the code is changed.
    Usage,
    /// The client or the stored bytes: expected on the open internet, no reason for an alarm.
    Decode,
    /// The machine: the database, the network, the system's randomness.
    Internal,
}
