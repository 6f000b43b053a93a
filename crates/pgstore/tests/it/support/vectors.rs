//! What real Go wrote and answered.

use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::Value;

/// The vectors of one kind, those given to the project and those of `interop/go generate`.
pub(crate) fn of_kind(kind: &str) -> Vec<Value> {
    let files = [
        include_str!("../../vectors/go-vectors.json"),
        include_str!("../../vectors/more-vectors.json"),
    ];
    let vectors = files.iter().flat_map(|file| parse(file));
    let vectors: Vec<_> = vectors.filter(|vector| vector["kind"] == kind).collect();
    assert!(!vectors.is_empty(), "there are vectors of kind {kind}");
    vectors
}

/// Some values are nested deeper than serde_json allows by itself.
fn parse(file: &str) -> Vec<Value> {
    let mut json = serde_json::Deserializer::from_str(file);
    json.disable_recursion_limit();
    Vec::deserialize(&mut json).unwrap()
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

pub(crate) fn hex(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(text(value).as_bytes()).unwrap()
}
