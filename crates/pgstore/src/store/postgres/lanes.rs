//! How the connections of a pool are shared out among the lanes.

use std::ops::Range;

/// Which of the connections for requests belong to each lane.
///
/// | connections | reads | writes |
/// |---|---|---|
/// | 1 | the same one | the same one |
/// | 2 or more | half of them, rounded down | the others |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lanes {
    reads: usize,
    all: usize,
}

impl Lanes {
    /// Shares out this many connections, at least one.
    pub(super) fn of(connections: usize) -> Self {
        let all = connections.max(1);
        let reads = (all / 2).max(1);
        Self { reads, all }
    }

    /// The connections for reads, by their indexes.
    pub(super) fn reads(self) -> Range<usize> {
        0..self.reads
    }

    /// The connections for writes, by their indexes.
    pub(super) fn writes(self) -> Range<usize> {
        match self.all {
            1 => 0..1,
            all => self.reads..all,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_share_no_connection_with_writes_unless_there_is_only_one() {
        for (connections, reads, writes) in [
            (0, 0..1, 0..1),
            (1, 0..1, 0..1),
            (2, 0..1, 1..2),
            (3, 0..1, 1..3),
            (4, 0..2, 2..4),
            (8, 0..4, 4..8),
        ] {
            let lanes = Lanes::of(connections);
            assert_eq!(lanes.reads(), reads, "{connections}");
            assert_eq!(lanes.writes(), writes, "{connections}");
        }
    }
}
