//! Base64url as in Go's `base64.URLEncoding`: written in canonical form, read leniently.

use std::borrow::Cow;
use std::sync::LazyLock;

use data_encoding::{BASE64URL, Encoding};

pub(super) fn encode(bytes: &[u8]) -> String {
    BASE64URL.encode(bytes)
}

/// Reads padded base64url as Go does: unused trailing bits may be set, CR and LF are skipped.
// Go: encoding/base64 URLEncoding, not Strict. Unlike data-encoding, it accepts no text after
// padding, so the padding is checked first.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    static LENIENT: LazyLock<Encoding> = LazyLock::new(|| {
        let mut specification = BASE64URL.specification();
        specification.check_trailing_bits = false;
        // The specification is that of BASE64URL without one check, so it is valid.
        specification.encoding().unwrap_or(BASE64URL)
    });
    let text = without_line_breaks(text);
    let padding = text
        .iter()
        .position(|byte| *byte == b'=')
        .unwrap_or(text.len());
    if text[padding..].len() > 2 {
        return None;
    }
    LENIENT.decode(&text).ok()
}

fn without_line_breaks(text: &[u8]) -> Cow<'_, [u8]> {
    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
    if text.iter().any(is_break) {
        text.iter()
            .copied()
            .filter(|byte| !is_break(byte))
            .collect()
    } else {
        text.into()
    }
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
        assert_eq!(decode(b"QQ"), None);
    }
}
