//! What tower-sessions hands over.

use std::collections::HashMap;

use serde_json::Value;

/// The values of a record.
pub(crate) type Values = HashMap<String, Value>;
