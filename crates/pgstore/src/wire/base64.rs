//! Base64url as Go's `base64.URLEncoding` has it: it writes canonical text and reads leniently.

use std::borrow::Cow;
use std::sync::LazyLock;

use data_encoding::{BASE64URL, Encoding};

pub(super) fn encode(bytes: &[u8]) -> String {
    BASE64URL.encode(bytes)
}

/// Base64url with padding, read as Go reads it: trailing bits may be set, CR and LF are skipped.
// Go: encoding/base64 URLEncoding, not Strict. It takes no text after padding, as data-encoding
// would, so padding is looked at here first.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    static LENIENT: LazyLock<Encoding> = LazyLock::new(|| {
        let mut specification = BASE64URL.specification();
        specification.check_trailing_bits = false;
        // The specification is BASE64URL's own, less one check: it is a valid one.
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
