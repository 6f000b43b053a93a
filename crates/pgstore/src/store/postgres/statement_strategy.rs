//! Whether several callers' requests go out in one statement.

/// Whether several callers' requests go out in one statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatementStrategy {
    /// Loads that arrive while others are under way go out together in the next statement, `key =
    /// ANY (…)`. No load waits for others to arrive: a lone caller sends its own at once. Under load it
    /// costs client and server less than half of the time per load.
    #[default]
    Gathered,
    /// Each caller's statement is sent by itself, pipelined with those of other callers. Use it for
    /// servers that do badly with statements about many keys.
    OnePerCaller,
}
