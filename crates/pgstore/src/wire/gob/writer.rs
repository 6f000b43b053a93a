/// Appends gob's primitive values to a buffer. Each method is the inverse of one in `Reader`.
pub(super) trait Write {
    fn uint(&mut self, value: u64);
    fn int(&mut self, value: i64);
    fn float(&mut self, value: f64);
    fn bytes(&mut self, value: &[u8]);
    fn count(&mut self, value: usize);
    /// Appends what `write` appends, with its length in front.
    fn measured(&mut self, write: impl FnOnce(&mut Self));
}

impl Write for Vec<u8> {
    fn uint(&mut self, value: u64) {
        let bytes = value.to_be_bytes();
        if value <= 0x7f {
            return self.push(bytes[7]);
        }
        let skip = (value.leading_zeros() / 8) as usize;
        // Go: encode.go, encodeUint: the negated number of bytes comes first.
        self.push(skip.wrapping_sub(8).to_le_bytes()[0]);
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
    fn measured(&mut self, write: impl FnOnce(&mut Self)) {
        let start = self.len();
        self.push(0); // Most lengths take one byte.
        write(self);
        let length = self.len() - start - 1;
        match u8::try_from(length) {
            Ok(short @ 0..=0x7f) => self[start] = short,
            _ => {
                let mut long = Self::new();
                long.count(length);
                self.splice(start..=start, long);
            }
        }
    }
}
