//! Base64url as in Go's `base64.URLEncoding`: written in canonical form, read leniently.

use std::sync::LazyLock;

use data_encoding::{BASE64URL, BASE64URL_NOPAD, Encoding};

/// Appends the text of these bytes.
pub(super) fn encode_onto(text: &mut String, bytes: &[u8]) {
    BASE64URL.encode_append(bytes, text);
}

/// The length of the text of that many bytes, in characters.
pub(super) fn encoded_length(bytes: usize) -> usize {
    BASE64URL.encode_len(bytes)
}

/// Reads padded base64url as Go does: unused trailing bits may be set, CR and LF are skipped.
// Go: encoding/base64 URLEncoding, not Strict.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    // Almost all texts are canonical.
    decode_with(&BASE64URL_NOPAD, text).or_else(|| decode_leniently(text))
}

#[cold]
fn decode_leniently(text: &[u8]) -> Option<Vec<u8>> {
    static LENIENT: LazyLock<Encoding> = LazyLock::new(|| {
        let mut specification = BASE64URL_NOPAD.specification();
        specification.check_trailing_bits = false;
        // The specification is that of BASE64URL_NOPAD without one check, so it is valid.
        specification.encoding().unwrap_or(BASE64URL_NOPAD)
    });
    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let text = text.iter().copied().filter(|byte| !is_break(byte));
    decode_with(&LENIENT, &text.collect::<Vec<_>>())
}

/// Decodes padded text. The encoding has no padding, so that none is accepted in the middle, as
/// data-encoding does where texts are concatenated.
fn decode_with(unpadded: &Encoding, text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let symbols = match text {
        [symbols @ .., b'=', b'='] | [symbols @ .., b'='] => symbols,
        symbols => symbols,
    };
    unpadded.decode(symbols).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_after_padding_is_not_base64() {
        assert_eq!(decode(b"QQ==QQ=="), None);
        assert_eq!(decode(b"QQ=="), Some(b"A".to_vec()));
        assert_eq!(decode(b"Q\r\nQ=\n="), Some(b"A".to_vec()));
        assert_eq!(decode(b"QR=="), Some(b"A".to_vec()));
        assert_eq!(decode(b"QQ==QUFB"), None);
        assert_eq!(decode(b"QQ==QUE="), None);
        assert_eq!(decode(b"QQ"), None);
        assert_eq!(decode(b"QUF="), Some(b"AA".to_vec()));
        for bad in ["=", "==", "QQ=", "Q===", "====", "QUE==", "QUFB===="] {
            assert_eq!(decode(bad.as_bytes()), None, "{bad}");
        }
    }
}
