/// Appends gob's primitive values to a buffer. Each method is the inverse of one in `Reader`.
pub(super) trait Write {
    fn uint(&mut self, value: u64);
    fn int(&mut self, value: i64);
    fn float(&mut self, value: f64);
    fn bytes(&mut self, value: &[u8]);
    fn count(&mut self, value: usize);
}

impl Write for Vec<u8> {
    fn uint(&mut self, value: u64) {
        let bytes = value.to_be_bytes();
        let skip = (value.leading_zeros() / 8).min(7) as usize;
        if value > 0x7f {
            // Go: encode.go, encodeUint: the negated number of bytes comes first.
            self.push(skip.wrapping_sub(8).to_le_bytes()[0]);
        }
        self.extend_from_slice(&bytes[skip..]);
    }

    fn int(&mut self, value: i64) {
        let doubled = value.cast_unsigned() << 1;
        self.uint(if value < 0 { !doubled } else { doubled });
    }

    fn float(&mut self, value: f64) {
        self.uint(value.to_bits().swap_bytes());
    }

    fn bytes(&mut self, value: &[u8]) {
        self.count(value.len());
        self.extend_from_slice(value);
    }

    fn count(&mut self, value: usize) {
        self.uint(value as u64);
    }
}
