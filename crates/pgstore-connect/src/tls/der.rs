//! The elements of DER, as far as certificates need them.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
/// `[0]`, in which a certificate has its version.
pub(super) const VERSION: u8 = 0xa0;

/// The contents of the first element, which must have this tag, and the bytes after it.
pub(super) fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let rest = der.strip_prefix(&[tag])?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short @ 0..=0x7f => (usize::from(short), rest),
        long @ 0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            let number = length
                .iter()
                .fold(0_usize, |sum, &byte| sum << 8 | usize::from(byte));
            (number, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}
