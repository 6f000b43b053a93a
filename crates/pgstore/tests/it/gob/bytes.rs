//! Go's vectors, as bytes and as sessions.

use pgstore::Values;
use serde_json::Value;

pub(crate) use super::build::{Gob, hex, one_value, session_type, slice_type, struct_type};
use crate::support::vectors::{of_kind, text};

/// The vectors of a kind, as name and vector.
pub(crate) fn vectors(kind: &str) -> Vec<(String, Value)> {
    let named = |vector: Value| (text(&vector["name"]).to_owned(), vector);
    of_kind(kind).into_iter().map(named).collect()
}

/// The bytes of a vector.
pub(crate) fn encoded(vector: &Value) -> Vec<u8> {
    hex(vector["encoded"].as_str().unwrap())
}

/// The session that Go wrote for the `gob` vector of this name.
pub(crate) fn session(name: &str) -> Values {
    let found = vectors("gob").into_iter().find(|(found, _)| found == name);
    Values::decode(&encoded(&found.expect(name).1)).unwrap()
}

/// The session after a save and a load.
pub(crate) fn saved(values: &Values) -> Values {
    Values::decode(&values.encode()).unwrap()
}

/// The Go type of the value at a key.
pub(crate) fn go_type(values: &Values, key: &str) -> String {
    values.value(key).unwrap().go_type_name().to_owned()
}
