//! From gobs to sealed texts, and back.

use std::hint::black_box;

use pgstore::Keys;
use pgstore::Values;
use pgstore::wire::SecureCookie;

const NAME: &str = "session";

/// Keys for the MAC and for encryption: opening does all that it can.
const KEYS: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f,\
                    404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f";

/// Texts of up to a number of characters.
pub struct Texts {
    codec: SecureCookie,
    characters: usize,
}

impl Texts {
    pub fn within(characters: usize) -> Self {
        let keys = Keys::from_hex(KEYS).expect("the keys are good");
        let codec = SecureCookie::new(keys).max_age(0).max_length(characters);
        Self { codec, characters }
    }

    /// The most bytes of a gob that fit.
    pub fn most(&self) -> usize {
        greatest(self.characters, |length| {
            self.seal(&vec![0; length]).is_some()
        })
    }

    /// The gob's text, if it fits.
    pub fn seal(&self, gob: &[u8]) -> Option<String> {
        self.codec.seal(NAME, gob, 0, [7; 16]).ok()
    }

    /// The call whose instructions are counted.
    #[inline(never)]
    pub fn open_once(&self, text: &str) {
        let _ = black_box(
            self.codec
                .open(NAME, black_box(text).as_bytes(), 0, Values::decode),
        );
    }
}

/// The greatest number up to a bound that fits, where all smaller ones fit, too.
pub fn greatest(bound: usize, fits: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, bound);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if fits(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}
