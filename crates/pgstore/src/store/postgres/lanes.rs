//! How the connections of a pool are shared out among the lanes.

use std::ops::Range;

use super::statements::Lane;

/// Which of a pool's connections belong to each lane.
///
/// | connections | reads | commits | may wait |
/// |---|---|---|---|
/// | 1 | the same one | the same one | the same one |
/// | 2 | the first | the second | the second |
/// | 3 or more | a quarter | half of the others | the rest |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lanes {
    reads: usize,
    commits: usize,
    all: usize,
}

impl Lanes {
    /// Shares out this many connections, at least one.
    pub(super) fn of(connections: usize) -> Self {
        let all = connections.max(1);
        let reads = (all / 4).max(1);
        let commits = (all - reads).div_ceil(2);
        Self {
            reads,
            commits,
            all,
        }
    }

    /// The connections of a lane that requests use, by their indexes.
    pub(super) fn range(self, lane: Lane) -> Range<usize> {
        let (reads, commits, all) = (self.reads, self.commits, self.all);
        match (lane, all) {
            (_, 1) => 0..1,
            (Lane::Reads, _) => 0..reads,
            (_, 2) => 1..2,
            (Lane::Commits, _) => reads..reads + commits,
            (Lane::MayWait | Lane::Background, _) => reads + commits..all,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_share_no_connection_with_writes_unless_there_is_only_one() {
        for (connections, reads, commits, may_wait) in [
            (0, 0..1, 0..1, 0..1),
            (1, 0..1, 0..1, 0..1),
            (2, 0..1, 1..2, 1..2),
            (3, 0..1, 1..2, 2..3),
            (4, 0..1, 1..3, 3..4),
            (8, 0..2, 2..5, 5..8),
        ] {
            let lanes = Lanes::of(connections);
            assert_eq!(lanes.range(Lane::Reads), reads, "{connections}");
            assert_eq!(lanes.range(Lane::Commits), commits, "{connections}");
            assert_eq!(lanes.range(Lane::MayWait), may_wait, "{connections}");
        }
    }
}
