//! The forms in which bytes end up in a log: as they are, or printed by somebody's `Debug`.

use std::ops::Range;

/// Bytes that a place of a text shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct View {
    /// The form, for people.
    pub(super) form: &'static str,
    pub(super) bytes: Vec<u8>,
    pub(super) place: Range<usize>,
}

/// How many bytes must be in a row to be looked at: fewer are no secret.
pub(super) const LEAST: usize = 8;

/// All that a text shows besides itself.
pub(super) fn views(text: &[u8]) -> Vec<View> {
    let mut views = Vec::new();
    for place in escapes(text) {
        views.push(escaped(text, place));
    }
    for place in runs(text, u8::is_ascii_hexdigit, 2 * LEAST) {
        views.extend(hexadecimal(text, &place));
    }
    for place in runs(text, is_of_a_list, 2 * LEAST) {
        views.extend(numbers(text, &place, "decimal numbers", 10));
        views.extend(numbers(text, &place, "hexadecimal numbers", 16));
    }
    views
}

/// Where so many bytes of a class, or more, are in a row.
pub(super) fn runs(text: &[u8], class: impl Fn(&u8) -> bool, least: usize) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut start = 0;
    // A run that begins at `start` or soon after covers the byte that is looked at first.
    while let Some(probe) = text.get(start + least - 1) {
        if !class(probe) {
            start += least;
            continue;
        }
        let before = text[start..start + least].iter().rev();
        let begin = start + least - before.take_while(|byte| class(byte)).count();
        let end = begin + text[begin..].iter().take_while(|byte| class(byte)).count();
        if end - begin >= least {
            runs.push(begin..end);
        }
        start = end;
    }
    runs
}

/// From the first backslash of a line to the line's end. What stands before it is plain.
fn escapes(text: &[u8]) -> Vec<Range<usize>> {
    let (mut places, mut from) = (Vec::new(), 0);
    while let Some(backslash) = text[from..].iter().position(|byte| *byte == b'\\') {
        let start = from + backslash;
        let line = text[start..].iter().position(|byte| *byte == b'\n');
        from = line.map_or(text.len(), |line| start + line);
        places.push(start..from);
    }
    places
}

/// `\xff`, `\u{ff}`, `\377` and the like, as strings, bytes and PostgreSQL print them; with what
/// stands in front of them in one word.
fn escaped(text: &[u8], place: Range<usize>) -> View {
    let word = text[..place.start].iter().rev();
    let word = word.take_while(|byte| byte.is_ascii_graphic()).count();
    let mut bytes = text[place.start - word..place.start].to_vec();
    let mut rest = &text[place.clone()];
    while let [first, after @ ..] = rest {
        let (byte, after) = match first {
            b'\\' => unescape(after),
            _ => (*first, after),
        };
        bytes.push(byte);
        rest = after;
    }
    View {
        form: "escapes",
        bytes,
        place,
    }
}

/// What a backslash and the text behind it stand for, and what is left of the text.
fn unescape(text: &[u8]) -> (u8, &[u8]) {
    let number = |digits: &[u8], radix| {
        let digits = str::from_utf8(digits).ok()?;
        u8::from_str_radix(digits, radix).ok()
    };
    let (byte, length) = match text {
        [b'x', a, b, ..] => (number(&[*a, *b], 16), 3),
        [b'u', b'{', digits @ ..] => {
            let length = digits.iter().position(|byte| *byte == b'}').unwrap_or(0);
            (number(&digits[..length], 16), length + 3)
        }
        [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => (number(&[*a, *b, *c], 8), 3),
        [b'0', ..] => (Some(0), 1),
        [b't', ..] => (Some(b'\t'), 1),
        [b'n', ..] => (Some(b'\n'), 1),
        [b'r', ..] => (Some(b'\r'), 1),
        [other, ..] => (Some(*other), 1),
        [] => (None, 0),
    };
    match byte {
        Some(byte) => (byte, &text[length..]),
        None => (b'\\', text),
    }
}

/// `4142…`, beginning with the first digit and with the second.
fn hexadecimal(text: &[u8], place: &Range<usize>) -> [View; 2] {
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("it is one");
    [0, 1].map(|skipped| {
        let pairs = text[place.start + skipped..place.end].chunks_exact(2);
        let bytes = pairs.map(|pair| u8::try_from(digit(pair[0]) * 16 + digit(pair[1])));
        View {
            form: "hexadecimal",
            bytes: bytes
                .collect::<Result<_, _>>()
                .expect("two digits are a byte"),
            place: place.clone(),
        }
    })
}

fn is_of_a_list(byte: &u8) -> bool {
    byte.is_ascii_hexdigit() || byte.is_ascii_whitespace() || b",x".contains(byte)
}

/// `65, 66, …`, in one line or in many.
fn numbers(text: &[u8], place: &Range<usize>, form: &'static str, radix: u32) -> Vec<View> {
    let read = |(index, between): (usize, &[u8])| {
        let mut words = str::from_utf8(between).ok()?.split_ascii_whitespace();
        // Words may stand around the list.
        let number = if index == 0 {
            words.next_back()
        } else {
            words.next()
        };
        let number = number?.trim_start_matches("0x");
        u8::from_str_radix(number, radix).ok()
    };
    let between = text[place.clone()].split(|byte| *byte == b',').enumerate();
    let numbers: Vec<_> = between.map(read).collect();
    let lists = numbers.split(Option::is_none);
    let lists = lists.filter(|list| list.len() >= LEAST);
    let view = |list: &[Option<u8>]| View {
        form,
        bytes: list.iter().copied().flatten().collect(),
        place: place.clone(),
    };
    lists.map(view).collect()
}
