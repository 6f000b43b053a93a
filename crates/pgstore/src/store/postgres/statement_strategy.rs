//! Whether several callers' requests go out in one statement.

/// Whether several callers' requests go out in one statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatementStrategy {
    /// Loads, first rows, saves and logouts that arrive while others of their kind are under way go out
    /// together in the next statement. None waits for others to arrive: a lone caller sends its own
    /// at once. Under load, client and server spend less time on each, and writes share a commit.
    #[default]
    Gathered,
    /// Each caller's statement is sent by itself, pipelined with those of other callers. Use it for
    /// servers that do badly with statements about many keys, such as Citus. A change may then wait for
    /// a row that another program has locked, and delay other changes. If the server refuses shared
    /// statements, such as for a table with a rule, the store changes to this by itself and logs a
    /// warning.
    OnePerCaller,
}
