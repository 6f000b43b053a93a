//! Gobs built byte by byte. `fuzz/cost` takes in this file, too.

pub(crate) fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .unwrap()
}

/// Writes gob's primitive values.
pub(crate) trait Gob: Sized {
    fn uint(self, value: u64) -> Self;
    fn int(self, value: i64) -> Self;
    fn raw(self, bytes: &[u8]) -> Self;
    fn text(self, text: &str) -> Self;
    /// Appends a message with these bytes.
    fn message(self, content: &[u8]) -> Self;
}

impl Gob for Vec<u8> {
    fn uint(mut self, value: u64) -> Self {
        if value < 128 {
            self.push(u8::try_from(value).unwrap());
            return self;
        }
        let bytes = value.to_be_bytes();
        let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
        self.push(u8::try_from(256 - bytes.len()).unwrap());
        self.raw(bytes)
    }

    fn int(self, value: i64) -> Self {
        let doubled = (value << 1).cast_unsigned();
        self.uint(if value < 0 { !doubled } else { doubled })
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        self.extend_from_slice(bytes);
        self
    }

    fn text(self, text: &str) -> Self {
        self.uint(text.len() as u64).raw(text.as_bytes())
    }

    fn message(self, content: &[u8]) -> Self {
        self.uint(content.len() as u64).raw(content)
    }
}

/// `map[interface {}]interface {}` as type 65.
pub(crate) fn session_type() -> Vec<u8> {
    hex("0eff81040102ff82000110011000").raw(&[0])
}

/// A session with one value under `"k"`: `body` follows its registered name.
pub(crate) fn one_value(definitions: &[u8], name: &str, ty: i64, body: &[u8]) -> Vec<u8> {
    let value = Vec::new().text(name).int(ty).message(body);
    let entry = Vec::new()
        .int(65)
        .raw(&[0, 1])
        .raw(&hex("06737472696e670c0300016b"))
        .raw(&value);
    session_type().raw(definitions).message(&entry)
}

/// The definition of a struct with these fields.
pub(crate) fn struct_type(id: i64, fields: &[(&str, i64)]) -> Vec<u8> {
    let mut body = Vec::new().int(-id).raw(&[3, 1, 2]).int(id).raw(&[0]);
    if !fields.is_empty() {
        body = body.raw(&[1]).uint(fields.len() as u64);
    }
    for (name, ty) in fields {
        body = body.raw(&[1]).text(name).raw(&[1]).int(*ty).raw(&[0]);
    }
    Vec::new().message(&body.raw(&[0, 0]))
}

/// The definition of a slice.
pub(crate) fn slice_type(id: i64, elem: i64) -> Vec<u8> {
    let body = Vec::new()
        .int(-id)
        .raw(&[2, 1, 2])
        .int(id)
        .raw(&[0, 1])
        .int(elem)
        .raw(&[0, 0]);
    Vec::new().message(&body)
}
