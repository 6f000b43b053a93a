//! Cheap random numbers, one generator for each caller.

/// A xorshift generator.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// A generator with a sequence of its own.
    pub(crate) fn of_caller(caller: usize) -> Random {
        Random((caller as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// A generator for one operation.
    pub(crate) fn fork(&mut self) -> Random {
        Random(self.next() | 1)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or(0)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}
