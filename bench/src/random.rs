//! Cheap random numbers, one generator for each caller.

use std::sync::atomic::{AtomicU64, Ordering};

/// A xorshift generator.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// A generator with a sequence that no other one of this process has. A repeated sequence would save
    /// values that are stored already, which costs nothing.
    pub(crate) fn new() -> Random {
        static GENERATORS: AtomicU64 = AtomicU64::new(1);
        let number = GENERATORS.fetch_add(1, Ordering::Relaxed);
        Random(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_generators_have_the_same_sequence() {
        let mut first = Random::new();
        let mut second = Random::new();
        assert_ne!(first.below(usize::MAX), second.below(usize::MAX));
        assert_ne!(first.fork().below(1 << 30), first.fork().below(1 << 30));
    }
}
