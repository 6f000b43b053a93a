//! Mutations, the same in every run.

/// A small generator (xorshift64*).
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap_or_default() % bound.max(1)
    }

    /// Changes, removes, adds, repeats or exchanges bytes, at a few places.
    pub fn mutate(&mut self, bytes: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(3) {
            self.mutate_once(&mut bytes, other);
        }
        bytes
    }

    fn mutate_once(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(bytes.len() + 1);
        let end = (at + 1 + self.below(40)).min(bytes.len());
        let byte = self.below(256) as u8;
        match self.below(6) {
            0 => drop(bytes.drain(at..end)),
            1 => bytes.insert(at, byte),
            2 => {
                let copy = bytes[at..end].repeat(1 + self.below(20));
                bytes.splice(at..at, copy);
            }
            3 => {
                let from = self.below(other.len());
                let to = (from + 1 + self.below(60)).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
            _ if at < bytes.len() => bytes[at] = byte,
            _ => {}
        }
    }
}
