//! Rust values laid over Go's types. Go reads what was meant. `interop/go/over.go` has the types.

mod definitions;
mod elements;
mod others;
mod refusals;
mod times;

use serde::Serialize;
use serde_json::{Value, json};

use super::go_named::{ask, of_go};

fn int(value: i64) -> Value {
    json!({"t": "int", "v": value.to_string()})
}

/// What Go reads after the value was written over its own.
async fn over<T: Serialize + ?Sized>(go: &Value, value: &T) -> Value {
    let mut values = of_go(go).await;
    values.insert("k", value).unwrap();
    ask(&values).await
}
