//! Keys as they are at hand: in hexadecimal, in base64, as text, or as they stand in Go code.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};

/// Reads a key; `None` if it is in none of these forms:
///
/// - `6b6579`, `hex:6b6579`
/// - `base64:a2V5`, with or without padding, also in the alphabet for URLs
/// - `text:key`: these bytes
/// - `[]byte("key")`, `"key"`, and the same in backquotes, with Go's escapes
/// - `[]byte{0x6b, 101, 'y'}`
pub(crate) fn parse(key: &str) -> Option<Vec<u8>> {
    let trimmed = key.trim();
    if let Some(text) = key.trim_start().strip_prefix("text:") {
        return Some(text.as_bytes().to_vec());
    }
    if let Some(base64) = trimmed.strip_prefix("base64:") {
        return from_base64(base64);
    }
    if let Some(literal) = between(trimmed, "[]byte(", ")") {
        return string(literal.trim());
    }
    if let Some(list) = between(trimmed, "[]byte{", "}") {
        return bytes(list);
    }
    if trimmed.starts_with(['"', '`']) {
        return string(trimmed);
    }
    let hex = trimmed.strip_prefix("hex:").unwrap_or(trimmed);
    HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok()
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim().trim_end_matches('=').as_bytes();
    let decoded = BASE64_NOPAD.decode(text);
    decoded.or_else(|_| BASE64URL_NOPAD.decode(text)).ok()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    text.strip_prefix(start)?.strip_suffix(end)
}

/// A string literal.
fn string(literal: &str) -> Option<Vec<u8>> {
    if let Some(raw) = between(literal, "`", "`") {
        return (!raw.contains('`')).then(|| raw.replace('\r', "").into_bytes());
    }
    let mut rest = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut bytes = Vec::new();
    while let Some(c) = rest.chars().next() {
        if matches!(c, '"' | '\n') {
            return None;
        }
        let length = match c {
            '\\' => escape(rest, '"', &mut bytes)?,
            _ => push(c, &mut bytes),
        };
        rest = rest.get(length..)?;
    }
    Some(bytes)
}

fn push(c: char, bytes: &mut Vec<u8>) -> usize {
    bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
    c.len_utf8()
}

/// Reads an escape at the beginning of the text, and returns its length. A quotation mark is escaped
/// within its own kind only.
// Go: strconv/quote.go UnquoteChar.
fn escape(text: &str, quote: char, bytes: &mut Vec<u8>) -> Option<usize> {
    let digits = |from: usize, length: usize, radix: u32| {
        let digits = text.get(from..from + length)?;
        let is_digits = digits.chars().all(|c| c.is_digit(radix));
        is_digits.then(|| u32::from_str_radix(digits, radix).ok())?
    };
    let kind = text[1..].chars().next()?;
    match kind {
        'x' => bytes.push(u8::try_from(digits(2, 2, 16)?).ok()?),
        '0'..='7' => bytes.push(u8::try_from(digits(1, 3, 8)?).ok()?),
        'u' => return char::from_u32(digits(2, 4, 16)?).map(|c| (push(c, bytes), 6).1),
        'U' => return char::from_u32(digits(2, 8, 16)?).map(|c| (push(c, bytes), 10).1),
        kind => {
            let byte = match kind {
                'a' => 7,
                'b' => 8,
                't' => b'\t',
                'n' => b'\n',
                'v' => 11,
                'f' => 12,
                'r' => b'\r',
                '\\' => b'\\',
                kind if kind == quote => u8::try_from(quote).ok()?,
                _ => return None,
            };
            bytes.push(byte);
            return Some(2);
        }
    }
    Some(4)
}

/// The elements of a slice.
fn bytes(list: &str) -> Option<Vec<u8>> {
    let list = list.trim();
    let list = list.strip_suffix(',').unwrap_or(list);
    match list.is_empty() {
        true => Some(Vec::new()),
        false => list
            .split(',')
            .map(|element| byte(element.trim()))
            .collect(),
    }
}

fn byte(element: &str) -> Option<u8> {
    if let Some(quoted) = between(element, "'", "'") {
        let mut bytes = Vec::new();
        let length = match quoted.starts_with('\\') {
            true => escape(quoted, '\'', &mut bytes)?,
            false => push(quoted.chars().next()?, &mut bytes),
        };
        let is_one = length == quoted.len() && bytes.len() == 1;
        return is_one.then(|| bytes[0]);
    }
    let number = element.replace('_', "").to_ascii_lowercase();
    let (digits, radix) = match number.get(..2) {
        Some("0x") => (&number[2..], 16),
        Some("0b") => (&number[2..], 2),
        Some("0o") => (&number[2..], 8),
        Some(_) if number.starts_with('0') => (&number[1..], 8),
        _ => (&*number, 10),
    };
    u8::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_go_reads_them() {
        for (text, key) in [
            ("6b6579", b"key".as_slice()),
            ("hex:6B6579", b"key"),
            ("base64:a2V5", b"key"),
            ("base64:-_8=", b"\xfb\xff"),
            ("base64:+/8", b"\xfb\xff"),
            ("text:a, b\\", b"a, b\\"),
            (r#"[]byte("key")"#, b"key"),
            (r#"  "a\x00\377\"\\\t\u00e9\U0001F511" "#, "a\0".as_bytes()),
            ("[]byte(`a\\x`)", b"a\\x"),
            (
                "[]byte{0x6b, 101, 'y', 0b1, 017, 0o7, '\\n',}",
                b"key\x01\x0f\x07\n",
            ),
            ("[]byte{}", b""),
        ] {
            let found = parse(text).unwrap();
            // The bytes of the long one are below.
            assert!(found.starts_with(key), "{text}: {found:?}");
            assert!(found.len() == key.len() || text.contains("u00e9"), "{text}");
        }
        let escaped = parse(r#""a\x00\377\"\\\t\u00e9\U0001F511""#);
        let expected = [b"a\0\xff\"\\\t", "\u{e9}\u{1f511}".as_bytes()].concat();
        assert_eq!(escaped, Some(expected));
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for text in [
            "c0ffee5",
            "key",
            "base64:a",
            r#"[]byte("a"#,
            r#"[]byte("a\q")"#,
            r#"[]byte("a"b")"#,
            r#""a\'""#,
            r#""\x4""#,
            r#""\400""#,
            r#""\ud800""#,
            r#""\"#,
            "[]byte{256}",
            "[]byte{'ab'}",
            "[]byte{1,,2}",
            "[]byte{'é'}",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
